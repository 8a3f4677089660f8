"""
A small complete worker of the protocol 1.0, codec json, that serves the conformance payloads of section 14.

Preparation: all items up to the first None.
"""

import json
import os
import sys
import time

# Messages get descriptors of their own before anything else runs, so that no print and no child process can write into
# the answers or eat requests. Spec WIRE-4.
requests = os.fdopen(os.dup(0), "rb")
responses = os.fdopen(os.dup(1), "wb")
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)

prepared = []
refused = {}


def read():
    """The next message; the end of the input ends the worker. Spec SHUT-2, SHUT-6, PREP-5."""
    line = requests.readline()
    if not line.endswith(b"\n"):
        sys.exit(1 if line else 0)
    return json.loads(line)


def respond(task_id, payload):
    """Do one task and give its response: first, out, err."""
    first, out, err = [task_id, None], None, None
    op = payload["op"]
    if op == "echo":
        first = [task_id, payload["value"]]
    elif op == "raise":
        first = ["RemoteException", task_id, payload["type"], payload["message"], ""]
    elif op == "busy":
        count = refused[payload["key"]] = refused.get(payload["key"], 0) + 1
        first = ["TooBusy", task_id, payload["delay_s"]] if count <= payload["times"] else [task_id, "done"]
    elif op == "print":
        out, err = payload["out"], payload["err"]
    elif op == "sleep":
        time.sleep(payload["seconds"])
    elif op == "exit":
        sys.exit(payload["status"])
    elif op == "prepared":
        first = [task_id, prepared]
    else:
        raise ValueError("no such op")
    return first, out, err


while (item := read()) is not None:  # Spec OPS-8
    prepared.append(item)
while True:
    task_id, payload = read()
    try:
        message = json.dumps(respond(task_id, payload), allow_nan=False)
    except Exception as error:  # noqa: BLE001 - whatever the task raises is a failure. Spec ERR-4
        message = json.dumps([["RemoteException", task_id, type(error).__name__, str(error), ""], None, None])
    responses.write(message.encode("ascii") + b"\n")
    responses.flush()  # Spec WIRE-3
