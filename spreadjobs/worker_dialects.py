"""Requests taken apart and responses put together, in two dialects. Standard library only, as all of the worker."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from spreadjobs.worker_wire import PLAIN, Malformed

if TYPE_CHECKING:
    from spreadjobs.worker_capture import Lines
    from spreadjobs.worker_wire import Encoded, Wire

Dialect: TypeAlias = Literal["tagged", "untagged"]
TaskId: TypeAlias = int | None

_GREATEST_TASK_ID: Final = 2**53 - 1
_REQUEST_LENGTH: Final = 2
# Or to be copied in any case: a text is written as UTF-8.
_NEVER_LARGE: Final = PLAIN - {bytes}
_CURE: Final = (
    "if it is a preparation item, tell the worker how many come: preparation_items=, or --items, --until-none"
)


class Speech(Protocol):
    """What a worker says, as bytes for the wire. The task id is None where the dialect has none."""

    def request(self, message: object, /) -> tuple[TaskId, object]:
        """Take a request apart; raise Malformed if it is none."""
        ...

    def answer(self, task_id: TaskId, value: object, out: Lines, err: Lines, /) -> Encoded:
        """Give an answer; raise anything if the value cannot travel. Spec RUN-5."""
        ...

    def refusal(self, task_id: TaskId, delay_s: float, out: Lines, err: Lines, /) -> bytes:
        """Give a refusal. Spec BUSY-1."""
        ...

    def failure(self, task_id: TaskId, texts: tuple[str, str, str], out: Lines, err: Lines, /) -> bytes:
        """Give a failure: type name, message, traceback. Spec ERR-1."""
        ...

    def alive(self, task_id: TaskId, /) -> bytes:
        """Give a sign of life, b"" where the dialect has none. Spec RUN-11."""
        ...


class Tagged:
    """The dialect of this specification."""

    def __init__(self, wire: Wire) -> None:
        self._encode = wire.encode
        self._encode_large = wire.encode_large

    def request(self, message: object, /) -> tuple[TaskId, object]:
        """As ``Speech.request``."""
        if (type(message) is tuple or isinstance(message, (tuple, list))) and len(message) == _REQUEST_LENGTH:
            task_id: object
            task_id, payload = message
            if type(task_id) is float and task_id.is_integer():
                task_id = int(task_id)  # JSON-3: a number that is equal will do
            if type(task_id) is int and 0 <= task_id <= _GREATEST_TASK_ID:
                return task_id, payload
        raise Malformed(f"{message!r:.200} came where a request (task_id, payload) was due (spec RUN-1); {_CURE}")

    def answer(self, task_id: TaskId, value: object, out: Lines, err: Lines, /) -> Encoded:
        """As ``Speech.answer``."""
        if type(value) in _NEVER_LARGE:
            return self._encode(((task_id, value), out, err))
        return self._encode_large(((task_id, value), out, err))

    def refusal(self, task_id: TaskId, delay_s: float, out: Lines, err: Lines, /) -> bytes:
        """As ``Speech.refusal``."""
        return self._encode((("TooBusy", task_id, delay_s), out, err))

    def failure(self, task_id: TaskId, texts: tuple[str, str, str], out: Lines, err: Lines, /) -> bytes:
        """As ``Speech.failure``."""
        return self._encode((("RemoteException", task_id, *texts), out, err))

    def alive(self, task_id: TaskId, /) -> bytes:
        """As ``Speech.alive``."""
        return self._encode((("Alive", task_id), None, None))


class Untagged:
    """
    The dialect of gmisclib 0.73.0: bare payloads, bare values, instances of gmisclib's classes. Spec UNT-2 to UNT-5.

    Those classes are not here, so their instances are spelled out in opcodes of pickle protocol 2, as gmisclib's own
    workers would write them. ``out`` and ``err`` are lists always: None hangs the ancestor. No newline follows a
    message: the ancestor would take it for the beginning of the next one. Spec PKL-5.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def request(self, message: object, /) -> tuple[TaskId, object]:
        """As ``Speech.request``."""
        return None, message

    def answer(self, _task_id: TaskId, value: object, out: Lines, err: Lines, /) -> bytes:
        """As ``Speech.answer``."""
        return self._wire.encode((value, out or [], err or [])).removesuffix(b"\n")

    def refusal(self, _task_id: TaskId, delay_s: float, out: Lines, err: Lines, /) -> bytes:
        """As ``Speech.refusal``."""
        # GLOBAL, EMPTY_TUPLE NEWOBJ, then BUILD with a dict of attributes.
        instance = b"cgmisclib.spread_jobs\nTooBusy\n)\x81" + _inner({"delay": delay_s}) + b"b"
        return _triple(instance, out, err)

    def failure(self, _task_id: TaskId, texts: tuple[str, str, str], out: Lines, err: Lines, /) -> bytes:
        """As ``Speech.failure``."""
        return _triple(b"cgmisclib.spread_jobs\nRemoteException\n" + _inner(texts) + b"R", out, err)

    def alive(self, _task_id: TaskId, /) -> bytes:
        """As ``Speech.alive``."""
        return b""


def _inner(value: object) -> bytes:
    """Give a pickle of protocol 2 without its PROTO and STOP, to stand inside of another one."""
    return pickle.dumps(value, 2)[2:-1]


def _triple(instance: bytes, out: Lines, err: Lines) -> bytes:
    # PROTO 2, the three items, TUPLE3, STOP.
    return b"\x80\x02" + instance + _inner(out or []) + _inner(err or []) + b"\x87."
