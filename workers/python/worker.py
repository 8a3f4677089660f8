#!/usr/bin/env python3
"""
A worker in one file, for Python 3.8 and later, with nothing to install. Copy it and replace the part at the end.

    worker.py [--codec pickle|json] [--dialect tagged|untagged]

Comments cite the requirements of spec/1.0. Prove a copy with: spread-jobs-conform -- python3 worker.py
"""

import argparse
import io
import json
import math
import os
import pickle
import sys
import traceback

# ---- the wire: leave this part as it is ------------------------------------------------------------------------------

if __name__ == "__main__":
    # WIRE-4: first of all, move the two pipes out of reach. From now on standard input is empty and standard output is
    # the error stream, so no print, no library and no child process can harm the conversation.
    REQUESTS, ANSWERS = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)

TO_JSON = json.JSONEncoder(allow_nan=False, ensure_ascii=False)


class TooBusy(Exception):
    """Raise it in task() to refuse the task for now; this worker is left alone for that many seconds (BUSY-1)."""

    def __init__(self, delay):
        super().__init__(delay)
        if not 0 <= delay < math.inf:
            raise ValueError(f"TooBusy({delay!r}): a finite number of seconds, 0 or more, is due")
        self.delay = delay


class RemoteException(Exception):
    """What the untagged dialect sends about an exception (UNT-5): type name, message, traceback."""


def messages(codec):
    """Yield one message after another until standard input ends, be it inside a message (SHUT-2, SHUT-6)."""
    while True:
        if codec == "json":
            line = REQUESTS.readline()
            if not line.endswith(b"\n"):
                return
            message = json.loads(line.decode("utf-8"))
        else:
            try:  # PKL-8: each load() begins with an empty memo. WIRE-7: it takes no byte that follows the pickle.
                message = pickle.load(REQUESTS)  # noqa: S301 - a worker trusts its master
            except (EOFError, pickle.UnpicklingError):
                return
        yield message


def encode(message, codec):
    """Make the bytes of a message, or raise: nothing that cannot travel gets onto the wire (ERR-4)."""
    if codec == "json":
        check_json(message)
        return TO_JSON.encode(message).encode("utf-8") + b"\n"
    return pickle.dumps(message, protocol=4) + b"\n"  # PKL-5: a relay that forwards whole lines needs the newline


def check_json(value):
    """Refuse what json.dumps() would let pass, for readers to get it changed (JSON-4)."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r}: JSON has keys of type str only")
            check_json(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_json(item)
    elif isinstance(value, int) and abs(value) >= 2**53:
        raise ValueError("an integer beyond 2**53-1: JSON cannot carry it")


def plain(make_text, *arguments):
    """Give the text, without lone surrogates; an exception's own code may fail to make one."""
    try:
        return make_text(*arguments).encode("utf-8", "replace").decode("utf-8")
    except Exception as error:  # noqa: BLE001 - it may raise anything
        return f"<no text: {type(error).__name__}>"


def captured(payload, out, err):
    """Do the task; what it prints goes to these streams. contextlib.redirect_stdout takes longer than many a task."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        return task(payload)
    finally:
        sys.stdout, sys.stderr = streams


def lines_of(stream):
    """Give what was printed, each line with its end (OUT-2)."""
    text = plain(stream.getvalue)
    return io.StringIO(text).readlines() if text else []


def respond(task_id, payload, options):
    """Run one task and give its whole response (RUN-4): first, out, err."""
    tagged = options.dialect == "tagged"
    out, err = io.StringIO(), io.StringIO()

    def response(first):
        return encode((first, lines_of(out), lines_of(err)), options.codec)

    try:
        try:
            value = captured(payload, out, err)
            return response((task_id, value) if tagged else value)  # RUN-5, UNT-4
        except TooBusy as busy:
            return response(("TooBusy", task_id, busy.delay) if tagged else TooBusy(busy.delay))  # BUSY-1, UNT-5
    except Exception as error:  # noqa: BLE001 - ERR-4: whatever task() or encode() raised; ERR-3: as text, not as object
        trace = plain("".join, traceback.format_exception(type(error), error, error.__traceback__))
        texts = (plain(str, type(error).__name__), plain(str, error), trace)
        return response(("RemoteException", task_id, *texts) if tagged else RemoteException(*texts))


def main():
    """Answer every request, in order, until there are no more; then exit with status 0 (RUN-3, RUN-6, SHUT-5)."""
    parser = argparse.ArgumentParser(description="A worker; see spec/1.0.")
    parser.add_argument("--codec", choices=["pickle", "json"], default="pickle")
    parser.add_argument("--dialect", choices=["tagged", "untagged"], default="tagged")
    options = parser.parse_args()
    if options.codec == "json" and options.dialect == "untagged":
        parser.error("the untagged dialect goes with pickle only (UNT-1)")
    stream = messages(options.codec)
    prepare(stream)
    for message in stream:
        task_id, payload = message if options.dialect == "tagged" else (0, message)
        data = memoryview(respond(int(task_id), payload, options))  # JSON-3: 1e5 is 100000
        while data:
            data = data[os.write(ANSWERS, data) :]  # WIRE-3: at once


# ---- your part: replace everything between this line and the last two ------------------------------------------------
# Import here what you need, and change two functions: prepare() and task(). What is here now serves the conformance
# payloads, the tasks by which spread-jobs-conform tests a worker.

import time  # noqa: E402 - whatever an import prints, the pipes are out of its reach by now

PREPARED = []
REFUSED = {}


def prepare(items):
    """Take the preparation items, those of main(stdin=...), up to a None (PREP-4). Without any, write just: pass"""
    PREPARED.extend(iter(lambda: next(items, None), None))


def task(payload):
    """
    Do one task and return its answer.

    What it prints goes with the answer. Raise anything, and the caller of main() gets it as RemoteException; raise
    TooBusy(seconds) to refuse the task for now.
    """
    op = payload["op"]
    if op == "echo":
        return payload["value"]
    if op == "raise":
        raise type(payload["type"], (Exception,), {})(payload["message"])
    if op == "busy":
        REFUSED[payload["key"]] = REFUSED.get(payload["key"], 0) + 1
        if REFUSED[payload["key"]] <= payload["times"]:
            raise TooBusy(payload["delay_s"])
        return "done"
    if op == "print":
        sys.stdout.writelines(payload["out"])
        sys.stderr.writelines(payload["err"])
        return None
    if op == "sleep":
        return time.sleep(payload["seconds"])
    if op == "exit":
        sys.exit(payload["status"])
    if op == "prepared":
        return PREPARED
    raise ValueError(f"unknown op: {op!r}")


if __name__ == "__main__":
    main()
