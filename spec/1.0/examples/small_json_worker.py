"""
A small complete worker of the protocol 1.0, codec json: a task is a text, its answer the number of words in it.

No preparation. At the end it writes a line of text.
"""

import json
import os
import sys
import traceback

# Messages get descriptors of their own before anything else runs, so that no print and no child process can write into
# the answers or eat requests. Spec WIRE-4.
requests = os.fdopen(os.dup(0), "rb")
responses = os.fdopen(os.dup(1), "wb")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)


def count_words(text):
    """The task."""
    return len(text.split())


def plain(text):
    """The text without lone surrogates, which cannot travel. Spec JSON-4."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


done = 0
for line in requests:
    if not line.endswith(b"\n"):
        sys.exit(1)  # the input ended inside a message. Spec SHUT-6
    task_id, payload = json.loads(line)
    try:
        message = json.dumps([[task_id, count_words(payload)], None, None], allow_nan=False)
    except Exception as error:  # noqa: BLE001 - whatever the task raises is a failure. Spec ERR-4
        failure = ["RemoteException", task_id, type(error).__name__, plain(str(error)), plain(traceback.format_exc())]
        message = json.dumps([failure, None, None])
    responses.write(message.encode("ascii") + b"\n")
    responses.flush()  # Spec WIRE-3
    done += 1
responses.write(b"%d tasks done\n" % done)  # Spec SHUT-7
responses.close()
