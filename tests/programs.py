"""Small worker programs for the tests: a few lines each, standard library only."""

from __future__ import annotations

import itertools
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

TEMPLATE = [sys.executable, str(Path(__file__).parents[1] / "workers" / "python" / "worker.py")]
"""The reference worker: serves the conformance payloads; its preparation ends with None."""

_HEAD = """
import pickle, sys, os, time
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
def read():
    return pickle.load(stdin)
def write(first, out=None, err=None):
    pickle.dump((first, out, err), stdout)
    stdout.flush()
"""

ECHO = """
while True:
    try:
        task_id, payload = read()
    except EOFError:
        break
    write((task_id, payload))
"""
"""Answers every payload with itself until the end of standard input."""


def program(*texts: str) -> list[str]:
    """A worker of a few lines: ``read()`` gives a request, ``write(first, out, err)`` sends a response."""
    return [sys.executable, "-c", "\n".join(textwrap.dedent(text) for text in (_HEAD, *texts))]


def echo(value: object) -> dict[str, object]:
    """A payload that the template answers with the value."""
    return {"op": "echo", "value": value}


def until_said(caplog: pytest.LogCaptureFixture, text: str) -> Iterator[int]:
    """Tasks, as many as it takes until the master has said so: until it knows of the end of a worker, for example."""
    until_s = time.monotonic() + 60
    for number in itertools.count():
        yield number
        if any(text in record.getMessage() for record in caplog.records):
            return
        assert time.monotonic() < until_s, f"it never said {text!r}"
