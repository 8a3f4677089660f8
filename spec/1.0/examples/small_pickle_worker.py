"""
A small complete worker of the protocol 1.0, codec pickle: a task is a text, its answer a dict of its words' counts.

Preparation: one item, the collection of words that do not count. The worker refuses one text, once, as if too busy.
"""

import os
import pickle
import sys
import traceback

# Messages get descriptors of their own before anything else runs, so that no print and no child process can write into
# the answers or eat requests. Spec WIRE-4.
requests = os.fdopen(os.dup(0), "rb")
responses = os.fdopen(os.dup(1), "wb")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)


def count_words(text, stop_words):
    """The task."""
    counts = {}
    for word in text.split():
        if word not in stop_words:
            counts[word] = counts.get(word, 0) + 1
    return counts


was_busy = False
try:
    # The one preparation item. Spec PREP-4
    stop_words = pickle.load(requests)  # noqa: S301 - a worker trusts its master
    while True:
        task_id, payload = pickle.load(requests)  # noqa: S301 - as above
        try:
            if payload == "busy once" and not was_busy:
                was_busy = True
                first = ("TooBusy", task_id, 0.25)
            else:
                first = (task_id, count_words(payload, stop_words))
            message = pickle.dumps((first, None, None), protocol=4)
        except Exception as error:  # noqa: BLE001 - whatever the task raises is a failure. Spec ERR-4
            first = ("RemoteException", task_id, type(error).__name__, str(error), traceback.format_exc())
            message = pickle.dumps((first, None, None), protocol=4)
        responses.write(message + b"\n")  # Spec PKL-5
        responses.flush()  # Spec WIRE-3
except EOFError:
    pass  # the end of the input. Spec SHUT-2, PREP-5
except pickle.UnpicklingError:
    sys.exit(1)  # ... inside a message: "pickle data was truncated". Spec SHUT-6
