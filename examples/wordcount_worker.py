#!/usr/bin/env python3
"""
A worker in one file, for Python 3.8 and later: worker.py [--codec pickle|json] [--dialect tagged|untagged]

It needs nothing else. Copy it and replace the part at its end. Comments cite the requirements of spec/1.0.
Prove a copy with: spread-jobs-conform -- python3 worker.py
"""

import io
import json
import os
import pickle
import sys
import time
import traceback

# ---- the wire: leave this part as it is ------------------------------------------------------------------------------

if __name__ == "__main__":
    # WIRE-4: first of all, move the two pipes out of reach. From now on standard input is empty and standard output is
    # the error stream, so no print, no library and no child process can harm the conversation.
    REQUESTS, ANSWERS = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)

WORDS = " ".join(sys.argv[1:]).replace("=", " ").split()
OPTIONS = {"--codec": "pickle", "--dialect": "tagged", **dict(zip(WORDS[::2], WORDS[1::2]))}
CODEC, DIALECT = OPTIONS["--codec"], OPTIONS["--dialect"]
RemoteException = type("RemoteException", (Exception,), {})  # what the untagged dialect sends of an exception (UNT-5)


class TooBusy(Exception):
    """Raise it in task() to refuse the task for now; this worker is left alone for that many seconds (BUSY-1)."""

    def __init__(self, delay):
        super().__init__(delay)
        if not 0 <= delay < float("inf"):
            raise ValueError(f"TooBusy({delay!r}): a finite number of seconds, 0 or more, is due")
        self.delay = delay


def messages():
    """Yield one message after another until standard input ends, be it inside a message (SHUT-2, SHUT-6)."""
    for line in REQUESTS if CODEC == "json" else ():
        if line.endswith(b"\n"):
            yield json.loads(line.decode("utf-8"))
    while CODEC == "pickle":
        try:  # PKL-8: each load() begins with an empty memo. WIRE-7: it takes no byte that follows the pickle.
            yield pickle.load(REQUESTS)  # noqa: S301 - a worker trusts its master
        except EOFError:  # What is no pickle, or not all of one, ends the worker with a traceback.
            return


def check_json(value):
    """Refuse what the encoder would let pass, for readers to get it changed (JSON-4)."""
    if isinstance(value, int) and abs(value) >= 2**53:
        raise ValueError("an integer beyond 2**53-1: JSON cannot carry it")
    if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
        raise TypeError("a key that is no str: JSON has no such keys")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        check_json(item)


def encode(first, printed):
    """Make the bytes of a whole response (RUN-4), or raise: what cannot travel does not get onto the wire (ERR-4)."""
    response = (first, *(io.StringIO(plain(stream.getvalue)).readlines() for stream in printed))  # OUT-2
    if CODEC == "json":
        check_json(response)
        return json.dumps(response, allow_nan=False, ensure_ascii=False).encode("utf-8")
    return pickle.dumps(response, protocol=5 if DIALECT == "tagged" else 2)  # 5 copies an array once, others twice


def plain(make_text, *arguments):
    """Give the text, without lone surrogates; an exception's own code may fail to make one."""
    try:
        return make_text(*arguments).encode("utf-8", "replace").decode("utf-8")
    except Exception as error:  # noqa: BLE001 - it may raise anything
        return f"<no text: {type(error).__name__}>"


def respond(task_id, payload):
    """Run one task and give the bytes of its response."""
    streams, printed = (sys.stdout, sys.stderr), (io.StringIO(), io.StringIO())
    sys.stdout, sys.stderr = printed
    try:
        value = task(payload)
        return encode((task_id, value) if DIALECT == "tagged" else value, printed)  # RUN-5, UNT-4
    except TooBusy as busy:
        first = ("TooBusy", task_id, busy.delay) if DIALECT == "tagged" else busy  # BUSY-1, UNT-5
    except Exception as error:  # noqa: BLE001 - ERR-4: whatever task() or encode() raised. ERR-3: as text, no object
        texts = plain(str, type(error).__name__), plain(str, error), plain(traceback.format_exc)
        first = ("RemoteException", task_id, *texts) if DIALECT == "tagged" else RemoteException(*texts)
    finally:
        sys.stdout, sys.stderr = streams
    return encode(first, printed)


def main():
    """Answer every request, in order, until there are no more; then exit with status 0 (RUN-3, RUN-6, SHUT-5)."""
    ways = ("pickle", "tagged"), ("json", "tagged"), ("pickle", "untagged")  # UNT-1
    if len(WORDS) % 2 or {*OPTIONS} - {"--codec", "--dialect"} or (CODEC, DIALECT) not in ways:
        sys.exit(f"worker.py {' '.join(WORDS)}: --codec and --dialect may be {ways}")
    stream = messages()
    prepare(stream)
    for message in stream:
        task_id, payload = message if DIALECT == "tagged" else (0, message)
        # JSON-3: 1e5 is 100000. JSON-1, PKL-5: relays that forward whole lines need the newline. WIRE-3: at once.
        ANSWERS.writelines((respond(int(task_id), payload), b"\n" if DIALECT == "tagged" else b""))
        ANSWERS.flush()
        del message, payload  # before the next ones come: they may be large


# ---- the payloads by which spread-jobs-conform tests a worker (spec/1.0, section 14) ---------------------------------
PREPARED, REFUSED = [], {}


def conformance(op, payload):
    """Do what the kit asks for."""
    if op == "raise":
        raise type("", (type,), {"__name__": payload["type"]})("", (Exception,), {})(payload["message"])  # any name
    if op == "busy":
        REFUSED[payload["key"]] = REFUSED.get(payload["key"], 0) + 1
        if REFUSED[payload["key"]] <= payload["times"]:
            raise TooBusy(payload["delay_s"])
    if op == "print":
        sys.stdout.writelines(payload["out"])
        sys.stderr.writelines(payload["err"])
    if op == "sleep":
        time.sleep(payload["seconds"])
    if op == "exit":
        sys.exit(payload["status"])
    return {"echo": payload.get("value"), "busy": "done", "prepared": PREPARED, "print": None, "sleep": None}[op]


# ---- your part: import what you need, and replace everything between this line and the last two ----------------------

import re  # noqa: E402 - whatever an import prints, the pipes are out of its reach by now
from collections import Counter  # noqa: E402


def prepare(items):
    """Nothing to prepare: main() is called without stdin=."""


def count_words(text: bytes) -> "dict[str, int]":
    """Count the words in the bytes of one file."""
    return {word.decode("ascii"): number for word, number in Counter(re.findall(rb"[A-Za-z_]+", text)).items()}


def task(payload):
    """Do one task: the payload is one file's bytes."""
    return count_words(payload)


if __name__ == "__main__":
    main()
