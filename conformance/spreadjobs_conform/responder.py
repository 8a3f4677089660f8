"""What a right worker makes of each conformance payload, in this process. Spec OPS-1 to OPS-7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from spreadjobs_conform.responses import Answer, Failure, Refusal


@attrs.frozen
class Reply:
    """One response."""

    first: Answer | Refusal | Failure
    out: tuple[str, ...] | None = None
    """None: the payload says nothing about it."""
    err: tuple[str, ...] | None = None
    took_s: float = 0.0
    sure: bool = True
    """Whether every right worker's outcome is this one; otherwise it is free to answer, to fail or to refuse."""


@attrs.frozen
class Leaving:
    """The worker exits without a response. Spec OPS-6."""

    status: int


Doing: TypeAlias = Reply | Leaving


class Responder:
    """
    The task function of a right worker.

    Args:
        prepared: The preparation items, without the None.
    """

    def __init__(self, prepared: Sequence[object]) -> None:
        self._prepared = list(prepared)
        self._refusals: dict[str, int] = {}

    def respond(self, task_id: int | None, payload: object) -> Doing:  # noqa: PLR0911 - one row a payload
        """
        What it does with one request.

        Args:
            task_id: None in the untagged dialect.
            payload: Whatever came.
        """
        match payload:
            case {"op": "echo", "value": value}:
                return Reply(Answer(task_id, value))
            case {"op": "raise", "type": str(type_name), "message": str(message)}:
                return Reply(Failure(task_id, type_name, message, ""))
            case {"op": "busy", "key": str(key), "delay_s": int() | float() as delay_s, "times": int(times)}:
                return self._busy(task_id, key, delay_s, times)
            case {"op": "print", "out": list(out), "err": list(err)}:
                return Reply(Answer(task_id, None), tuple(map(str, out)), tuple(map(str, err)))
            case {"op": "sleep", "seconds": int() | float() as seconds}:
                return Reply(Answer(task_id, None), took_s=seconds)
            case {"op": "exit", "status": int(status)}:
                return Leaving(status)
            case {"op": "prepared"}:
                return Reply(Answer(task_id, self._prepared))
            case _:
                pass
        return Reply(Failure(task_id, "ValueError", "this is no conformance payload", ""), sure=False)

    def _busy(self, task_id: int | None, key: str, delay_s: float, times: int) -> Reply:
        refused = self._refusals.get(key, 0)
        if refused >= times:
            return Reply(Answer(task_id, "done"))
        self._refusals[key] = refused + 1
        return Reply(Refusal(task_id, delay_s))
