"""What is due for a conformance payload, and whether a response is that. Spec section 14."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from spreadjobs_conform.asking import Request
from spreadjobs_conform.cures import COUNT_REFUSALS, NO_OTHER_OUTCOME, PREPARED, REFUSE, failure_cure, value_cure
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.fuzz_script import op_of
from spreadjobs_conform.fuzz_values import is_rare
from spreadjobs_conform.responder import Reply
from spreadjobs_conform.responses import Answer, Failure, First, Refusal, Response, told
from spreadjobs_conform.values import difference, show

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "echo": "OPS-1",
        "raise": "OPS-2",
        "busy": "OPS-3",
        "print": "OPS-4",
        "sleep": "OPS-5",
        "exit": "OPS-6",
        "prepared": "OPS-7",
        "other": "ERR-4",
    }
)
"""What is broken by another outcome than is due for each op; of payloads that are none, by a worker that ends."""


class Deviation(Finding):
    """
    Another outcome than was due.

    Args:
        shape: What the outcomes of one fault have in common, such as ``echo: another type``.
        args: As for ``Finding``: requirement, came, due, cure.
        also: As for ``Finding``.
    """

    def __init__(self, shape: str, *args: str, also: tuple[str, ...] = ()) -> None:
        super().__init__(*args, also=also)
        self.shape = shape


def judge_response(request: Request, response: Response, due: Reply, *, by_number: bool) -> bool:
    """
    Make sure that a response is what is due.

    Args:
        request: What it is a response to.
        response: What came, in the right form and with the right id.
        due: What a right worker answers.
        by_number: True for JSON: numbers are compared as numbers.

    Returns:
        False if the worker's language lacks the value, so that its failure is right.

    Raises:
        Deviation: It is not.
    """
    if not due.sure:
        return True
    op, first = op_of(request.payload), response.first
    match due.first:
        case Answer(value=value):
            if isinstance(first, Failure) and is_rare(value, by_number=by_number):
                return False
            _judge_answer(request, first, value, op, by_number=by_number)
        case Refusal(delay_s=delay_s):
            if not isinstance(first, Refusal) or first.delay_s != delay_s:
                raise _other(request, first, f"a refusal for {delay_s!r} s", op, REFUSE)
        case Failure():
            _judge_failure(request, first, due.first, op)
    _judge_lines(request, response, due, op)
    return True


def _other(request: Request, first: First, due: str, op: str, cure: str = "") -> Deviation:
    shape = f"{op}: {type(first).__name__} where {due.split()[1]} was due"
    came = f"a refusal for {first.delay_s!r} s" if isinstance(first, Refusal) else told(first)
    return Deviation(shape, RULES[op], f"{came} came for {request}, {show(request.payload)}", due, cure)


def _judge_answer(request: Request, first: First, value: object, op: str, *, by_number: bool) -> None:
    if not isinstance(first, Answer):
        cure = failure_cure(first.type_name, first.message) if isinstance(first, Failure) else ""
        refused = COUNT_REFUSALS if op == "busy" else NO_OTHER_OUTCOME
        raise _other(request, first, f"the answer {show(value)}", op, refused if isinstance(first, Refusal) else cure)
    found = difference(value, first.value, by_number=by_number)
    if found is None:
        return
    also = () if op not in ("echo", "prepared") else ("DATA-3" if unlike(value, first.value) == "str" else "DATA-1",)
    cure = PREPARED if op == "prepared" else value_cure(value, first.value)
    shape = f"{op}: {unlike(value, first.value)}"
    raise Deviation(shape, RULES[op], f"in the answer to {request}: {found}", "the value unchanged", cure, also=also)


def _judge_failure(request: Request, first: First, due: Failure, op: str) -> None:
    told_due = f"a failure of type {show(due.type_name)} with the message {show(due.message)}"
    if not isinstance(first, Failure):
        raise _other(request, first, told_due, op, NO_OTHER_OUTCOME)
    if (first.type_name, first.message) != (due.type_name, due.message):
        which = "type" if first.type_name != due.type_name else "message"
        came = f"a failure of type {show(first.type_name)} with the message {show(first.message)} came for {request}"
        raise Deviation(f"{op}: another {which}", RULES[op], came, told_due)


def _judge_lines(request: Request, response: Response, due: Reply, op: str) -> None:
    for name, came, lines in (("out", response.out, due.out), ("err", response.err, due.err)):
        text = came if isinstance(came, str) else "".join(came)
        if lines is not None:
            same = text == "".join(lines) and (isinstance(came, str) or list(came) == list(lines))
            if not same:
                what = f"{name} of {request} was {show(came)}"
                raise Deviation(f"{op}: {name}", RULES[op], what, f"{show(list(lines))}, as the payload has it")
        elif text and isinstance(due.first, Answer):
            # It printed nothing, so that these are the lines of something else.
            what = f"{name} of {request}, {show(request.payload)}, was {show(came)}"
            raise Deviation(f"{op}: {name} of a task that printed nothing", "OUT-2", what, "no lines")


def unlike(due: object, came: object) -> str:
    """In what two values differ first, without the values themselves: ``int``, ``another type``, ``keys of a dict``."""
    if isinstance(due, list | tuple) and isinstance(came, list | tuple) and type(due) is type(came):
        return _unlike_items(due, came)
    if isinstance(due, dict) and isinstance(came, dict):
        if due.keys() != came.keys():
            return "keys of a dict"
        return next((unlike(due[key], came[key]) for key in due if _differ(due[key], came[key])), "dict")
    return type(came).__name__ if type(came) is type(due) else "another type"


def _unlike_items(due: Sequence[object], came: Sequence[object]) -> str:
    if len(due) != len(came):
        return f"length of a {type(due).__name__}"
    pairs = zip(due, came, strict=True)
    return next((unlike(one, other) for one, other in pairs if _differ(one, other)), type(due).__name__)


def _differ(due: object, came: object) -> bool:
    return difference(due, came, by_number=False) is not None
