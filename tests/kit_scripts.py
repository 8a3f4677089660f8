"""Small worker programs for the tests of the kit, and what a conversation with them needs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from spreadjobs_conform.candidate import Candidate, Ops
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.stage import LiveStage

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "workers" / "python" / "worker.py"

SERVING = Candidate(command=(), ops=Ops.SERVED)

ECHO = """
import pickle, sys, time, os, signal, subprocess
load, dump = pickle.load, pickle.dump
read, write = sys.stdin.buffer, sys.stdout.buffer
def send(value):
    dump(value, write, 4)
    write.flush()
def requests():
    while True:
        try:
            yield load(read)
        except EOFError:
            return
while load(read) is not None:
    pass
"""
"""The start of a worker that reads its preparation; what follows decides how it answers."""

RIGHT = ECHO + "for i, p in requests(): send(((i, p.get('value')), None, None))"
ANSWERS = ECHO + "for i, p in requests(): send(((i, p.get('value', 'done')), None, None))"
"""Answers even the payloads that bear no value."""

WORKER = (sys.executable, "-S", str(TEMPLATE))
"""The command of the reference worker."""


def python(code: str) -> tuple[str, ...]:
    """The command of a program in Python; without site-packages it starts in half the time."""
    return (sys.executable, "-S", "-c", code)


DIES = python("")
"""The command of a program that ends at once."""


@contextmanager
def talking_to(code: str, blame: str = "RUN-3", candidate: Candidate = SERVING) -> Iterator[Conversation]:
    """A conversation with a program that is ended afterwards, with short limits."""
    patience = Patience(0.2, time.monotonic)
    patience.start_s = 0.05
    conv = Conversation(attrs.evolve(candidate, command=python(code)), LiveStage(patience, threading.Event()), blame)
    try:
        yield conv
    finally:
        conv.end()
