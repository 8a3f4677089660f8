"""The shape of what a worker writes: a message becomes a response, or the requirement that it breaks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from spreadjobs_conform.cures import ID_UNCHANGED, THREE_ITEMS
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.pickle_objects import Instance
from spreadjobs_conform.values import show


@attrs.frozen
class Answer:
    """The task is done. Spec RUN-5; no id in the untagged dialect."""

    task_id: int | None
    value: object = attrs.field(repr=show)


@attrs.frozen
class Refusal:
    """Not now. Spec BUSY-1; no id in an instance."""

    task_id: int | None
    delay_s: float
    is_instance: bool = False


@attrs.frozen
class Failure:
    """The task raised. Spec ERR-1; no id in an instance."""

    task_id: int | None
    type_name: str
    message: str = attrs.field(repr=show)
    traceback: str = attrs.field(repr=show)
    is_instance: bool = False


@attrs.frozen
class Alive:
    """Still at work; no response. Spec RUN-11."""

    task_id: int


First: TypeAlias = Answer | Refusal | Failure | Alive


def told(first: First) -> str:
    """An outcome, for people."""
    match first:
        case Answer():
            return f"an answer, {show(first.value)},"
        case Refusal():
            return f"a refusal for task {first.task_id}"
        case Failure():
            return f"a failure ({first.type_name}: {show(first.message)})"
        case Alive():
            return f"an Alive for task {first.task_id}"


@attrs.frozen
class Response:
    """One message of the worker, with its shape checked."""

    first: First
    out: tuple[str, ...] | str
    err: tuple[str, ...] | str


def interpret(value: object, *, tagged: bool, by_number: bool = False) -> Response:
    """
    The response in a message. Spec RUN-4, RUN-5, RUN-9, RUN-11, OUT-1, BUSY-1, ERR-1, UNT-4, UNT-5.

    Args:
        value: The message.
        tagged: False for the untagged dialect.
        by_number: True for JSON, where a task id may come as any number equal to it.

    Raises:
        Finding: It has another shape.
    """
    if not isinstance(value, list | tuple) or len(value) != 3:  # noqa: PLR2004 - first, out, err
        count = f" of {len(value)} items" if isinstance(value, list | tuple) else ""
        came = f"a {type(value).__name__}{count} came: {show(value)}"
        raise Finding("RUN-4" if tagged else "UNT-4", came, "a tuple or list of first, out and err", THREE_ITEMS)
    first = _tagged(value[0], by_number=by_number) if tagged else _untagged(value[0])
    if isinstance(first, Alive) and (value[1], value[2]) != (None, None):
        raise Finding("RUN-11", f"an Alive with out or err came: {show(value)}", "(('Alive', task_id), None, None)")
    return Response(first, _lines("out", value[1]), _lines("err", value[2]))


def resembles(value: object, is_task: Callable[[float], bool]) -> bool:
    """
    Whether a value is meant for a response to a task, although its form may be wrong.

    Args:
        value: The message; in the dialect tagged.
        is_task: Whether a number is the id of a task.
    """
    match value:
        case [["TooBusy" | "RemoteException" | "Alive", int() | float() as task_id, *_], _, _]:
            return is_task(task_id)
        case [[int() | float() as task_id, *_], _, _]:
            return not isinstance(task_id, bool) and is_task(task_id)
        case _:
            return False


def _lines(name: str, value: object) -> tuple[str, ...] | str:
    if value is None:
        return ()
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(line, str) for line in value):
        return tuple(line for line in value if isinstance(line, str))
    raise Finding("OUT-1", f"{name} is {show(value)}", "None, a str, or a list or tuple of str")


def _untagged(first: object) -> First:
    return _instance(first) if isinstance(first, Instance) else Answer(None, first)


def _tagged(first: object, *, by_number: bool) -> First:
    if isinstance(first, Instance):
        return _instance(first)
    if not isinstance(first, list | tuple) or not first:
        raise Finding("RUN-5", f"first is {show(first)}", "a tuple or list such as (task_id, value)")
    match first[0]:
        case "TooBusy":
            return _refusal(first, by_number=by_number)
        case "RemoteException":
            return _failure(first, by_number=by_number)
        case "Alive":
            if len(first) != 2:  # noqa: PLR2004 - the word and the id
                raise Finding("RUN-11", f"first is {show(first)}", "('Alive', task_id)")
            return Alive(_task_id(first[1], first, by_number=by_number))
        case str() as word:
            due = "a task id, 'TooBusy', 'RemoteException' or 'Alive'"
            if word.isascii() and word.isdigit():
                came = f"the task id came back as text, {word!r}, in {show(first)}"
                raise Finding("RUN-9", came, "the task id of the request, an int", ID_UNCHANGED, also=("RUN-5",))
            raise Finding("RUN-9", f"first begins with the reserved word {word!r}: {show(first)}", due)
        case _:
            if len(first) != 2:  # noqa: PLR2004 - the id and the value
                raise Finding("RUN-5", f"first has {len(first)} items: {show(first)}", "(task_id, value)")
            return Answer(_task_id(first[0], first, by_number=by_number), first[1])


def _task_id(item: object, first: Sequence[object], *, by_number: bool) -> int:
    if by_number and isinstance(item, float) and item.is_integer():
        return int(item)  # Spec JSON-3: any JSON number that is equal to it.
    if isinstance(item, int) and not isinstance(item, bool):
        return item
    wrong_type = isinstance(item, bool | float) and not by_number
    came = f"{show(item)} ({type(item).__name__}) stands for the task id in {show(first)}"
    raise Finding(
        "RUN-15" if wrong_type else "RUN-5", came, "the task id of the request, an int", ID_UNCHANGED, also=("RUN-5",)
    )


def _refusal(first: Sequence[object], *, by_number: bool) -> Refusal:
    if len(first) != 3:  # noqa: PLR2004 - the word, the id and the delay
        raise Finding("BUSY-1", f"a refusal of {len(first)} items came: {show(first)}", "('TooBusy', task_id, delay_s)")
    return Refusal(_task_id(first[1], first, by_number=by_number), _delay(first[2], "BUSY-1"))


def _delay(value: object, requirement: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return value
    raise Finding(requirement, f"the delay is {show(value)}", "a finite number of seconds, 0 or more")


def _failure(first: Sequence[object], *, by_number: bool) -> Failure:
    due = "('RemoteException', task_id, type_name, message, traceback_text)"
    if len(first) != 5:  # noqa: PLR2004 - the word, the id and three texts
        raise Finding("ERR-1", f"a failure of {len(first)} items came: {show(first)}", due)
    task_id = _task_id(first[1], first, by_number=by_number)
    type_name, message, traceback = (_text(item, "ERR-1") for item in first[2:5])
    return Failure(task_id, type_name, message, traceback)


def _text(item: object, requirement: str) -> str:
    if isinstance(item, str):
        return item
    raise Finding(requirement, f"{show(item)} ({type(item).__name__}) stands in a failure", "text (str)")


def _instance(instance: Instance) -> First:
    # Spec INST-1: it belongs to the oldest unanswered request, and so bears no id.
    if instance.class_name == "TooBusy":
        given = instance.attributes.get("delay", instance.args[0] if instance.args else None)
        return Refusal(None, _delay(given, "UNT-5"), is_instance=True)
    texts = [_text(item, "UNT-5") for item in instance.args[:3]]
    if not texts:
        raise Finding("UNT-5", "a RemoteException without args came", "args with the type's name and the message")
    type_name, message, traceback = [*texts, "", ""][:3]
    return Failure(None, type_name, message, traceback, is_instance=True)
