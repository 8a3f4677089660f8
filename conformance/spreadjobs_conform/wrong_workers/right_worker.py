"""
Breaks nothing: the control, and the base of every wrong worker in this folder.

It serves the conformance payloads in pickle and JSON, tagged and untagged, and is written from the specification
alone: it shares no line with the library, the kit or the template. Each step is a method, so that a wrong worker
is a subclass that gets one step wrong. It is started some twenty thousand times for a kill matrix: what few of them
need is imported where it is needed.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import time
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_INT = 2**53 - 1


class EndOfInputError(Exception):
    """Standard input ended between two messages."""


class HalfMessageError(Exception):
    """Standard input ended inside a message. Spec SHUT-6."""


class TooBusy(Exception):  # the name that the ancestor looks for, spec INST-1
    """Raised by the payload ``busy``; in the untagged dialect an instance travels."""

    def __init__(self, delay: float) -> None:
        super().__init__(delay)
        self.delay = delay


class RemoteException(Exception):  # the name that the ancestor looks for, spec INST-1
    """What travels about a failure in the untagged dialect; ``args`` is ``(type_name, message)``."""


class FailureError(Exception):
    """Raised by the payload ``raise``: a failure with a type's name and a message of its own."""

    def __init__(self, type_name: str, message: str) -> None:
        super().__init__(type_name, message)
        self.type_name = type_name
        self.message = message


def as_ancestor(*classes: type) -> None:
    """Let classes be pickled under the module name of the ancestor, wherever this file was loaded from."""
    module = sys.modules.setdefault("spread_jobs", types.ModuleType("spread_jobs"))
    for each in classes:
        each.__module__ = "spread_jobs"
        setattr(module, each.__name__, each)


def check_for_json(value: object) -> None:
    """Refuse what JSON would change in silence. Spec JSON-4."""
    if isinstance(value, int) and abs(value) > MAX_INT:
        raise ValueError(f"{value} is beyond 2**53-1: JSON cannot carry it")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no str: JSON cannot carry it")
            check_for_json(item)
    elif isinstance(value, list | tuple):
        for item in value:
            check_for_json(item)


def changed(value: object, change: Callable[[object], object]) -> object:
    """Make a copy of a value in which every item that is no list, tuple or dict was changed."""
    if isinstance(value, dict):
        return {change(key): changed(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(changed(item, change) for item in value)
    return change(value)


class Worker:
    """A worker that keeps to the specification, one step a method."""

    protocol = 4

    def __init__(self, codec: str, dialect: str) -> None:
        self.codec = codec
        self.dialect = dialect
        self.stdin = io.BufferedReader(io.FileIO(0, closefd=False))
        self.stdout = io.BufferedWriter(io.FileIO(1, "wb", closefd=False))
        self.items: list[object] = []
        self.refusals: dict[object, int] = {}
        self.requests = 0
        self.task_id = 0
        self.out: object = None
        self.err: object = None

    # --- the conversation

    def run(self) -> None:
        """From the first byte to the exit."""
        try:
            self.begin()
            self.prepare()
            while True:
                request = self.read()
                self.requests += 1
                self.handle(request)
        except EndOfInputError:
            self.at_end()
        except HalfMessageError:
            raise SystemExit(1) from None

    def begin(self) -> None:
        """Do what comes before the first item is read: nothing."""

    def prepare(self) -> None:
        """Take preparation items up to the terminating None. Spec PREP-4."""
        while (item := self.read()) is not None:
            self.items.append(item)

    def handle(self, request: object) -> None:
        """Answer one request."""
        self.send(self.respond(request))

    def at_end(self) -> None:
        """Do what is left to do after the end of standard input: nothing; status 0 follows."""

    # --- reading and writing

    def waiting(self) -> bytes:
        """Give the bytes of further messages that are there already; waits for none and takes none."""
        os.set_blocking(0, False)
        try:
            return self.stdin.peek()
        finally:
            os.set_blocking(0, True)

    def read(self) -> object:
        """Take one message; nothing of a message that follows is waited for. Spec WIRE-7."""
        if not self.stdin.peek(1):
            raise EndOfInputError
        if self.codec == "json":
            line = self.stdin.readline()
            if not line.endswith(b"\n"):
                raise HalfMessageError
            return self.decode_json(line)
        return self.load()

    def load(self) -> object:
        """Take one pickle, with an empty memo (spec PKL-8); one that cannot be read was cut off by the end of input."""
        try:
            message: object = pickle.load(self.stdin)
        except Exception as error:
            raise HalfMessageError from error
        return message

    def decode_json(self, line: bytes) -> object:
        """Turn one line into a value."""
        import json

        message: object = json.loads(line.decode("utf-8"))
        return message

    def encode(self, response: object) -> bytes:
        """Turn a response into the bytes of a message."""
        if self.codec == "json":
            import json

            check_for_json(response)
            return json.dumps(response, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"
        return pickle.dumps(response, self.protocol)

    def send(self, response: object) -> None:
        """Write a response; one that cannot be encoded becomes a failure. Spec ERR-4."""
        try:
            message = self.encode(response)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a failure of this task
            message = self.encode(self.response(self.fail(self.task_id, error), None, None))
        self.write(message)

    def write(self, message: bytes) -> None:
        """Write bytes, flushed. Spec WIRE-3."""
        self.stdout.write(message)
        self.stdout.flush()

    # --- tasks

    def respond(self, request: object) -> object:
        """Make the response to a request."""
        self.out = self.err = None
        payload = self.payload_of(request)
        try:
            first = self.answer(self.task_id, self.perform(payload))
        except TooBusy as busy:
            first = self.refusal(self.task_id, busy.delay)
        except Exception as error:  # noqa: BLE001 - spec ERR-4: any exception of a task is a failure
            first = self.fail(self.task_id, error)
        return self.response(first, self.out, self.err)

    def payload_of(self, request: object) -> object:
        """Take a request apart; in the untagged dialect it is the bare payload. Spec UNT-4."""
        if self.dialect == "untagged":
            return request
        assert isinstance(request, list | tuple)
        self.task_id, payload = request
        return payload

    def perform(self, payload: object) -> object:
        """Do what a payload asks for."""
        if not isinstance(payload, dict):
            raise TypeError(f"a dict is due as payload, not {type(payload).__name__}")
        parameters = dict(payload)
        value: object = getattr(self, f"op_{parameters.pop('op')}")(**parameters)
        return value

    def fail(self, task_id: int, error: Exception) -> object:
        """Turn an exception into the first of a failure. Spec ERR-3."""
        import traceback

        text = traceback.format_exc()
        if isinstance(error, FailureError):
            return self.failure(task_id, error.type_name, error.message, text)
        return self.failure(task_id, type(error).__name__, str(error), text)

    # --- shapes

    def answer(self, task_id: int, value: object) -> object:
        """Make the first of an answer. Spec RUN-5, UNT-4."""
        return value if self.dialect == "untagged" else (task_id, value)

    def refusal(self, task_id: int, delay_s: float) -> object:
        """Make the first of a refusal. Spec BUSY-1, UNT-5."""
        return TooBusy(delay_s) if self.dialect == "untagged" else ("TooBusy", task_id, delay_s)

    def failure(self, task_id: int, type_name: str, message: str, traceback_text: str) -> object:
        """Make the first of a failure. Spec ERR-1, UNT-5."""
        if self.dialect == "untagged":
            return RemoteException(type_name, message)
        return ("RemoteException", task_id, type_name, message, traceback_text)

    def response(self, first: object, out: object, err: object) -> object:
        """Make a response. Spec RUN-4."""
        return (first, out, err)

    # --- the conformance payloads

    def op_echo(self, value: object) -> object:
        """Hand a value back. Spec OPS-1."""
        return value

    def op_raise(self, **failure: str) -> object:
        """Raise. Spec OPS-2."""
        raise FailureError(failure["type"], failure["message"])

    def op_busy(self, key: object, delay_s: float, times: int) -> object:
        """Refuse a number of times for a key. Spec OPS-3."""
        self.refusals[key] = self.refusals.get(key, 0) + 1
        if self.refusals[key] <= times:
            raise TooBusy(delay_s)
        return "done"

    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        """Hand lines back as out and err. Spec OPS-4."""
        self.out, self.err = list(out), list(err)

    def op_sleep(self, seconds: float) -> None:
        """Sleep. Spec OPS-5."""
        time.sleep(seconds)

    def op_exit(self, status: int) -> object:
        """Exit at once without an answer. Spec OPS-6."""
        raise SystemExit(status)

    def op_prepared(self) -> object:
        """Hand the preparation items back. Spec OPS-7."""
        return self.items


as_ancestor(TooBusy, RemoteException)


def run(worker: type[Worker]) -> None:
    """Run a worker with the options that every reference worker takes."""
    options = {"--codec": "pickle", "--dialect": "tagged", **dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))}
    # Some machines export this; what a child of a wrong worker does must not depend on it.
    os.environ.pop("PYTHONUNBUFFERED", None)
    worker(options["--codec"], options["--dialect"]).run()


if __name__ == "__main__":
    run(Worker)
