"""What a master under test says of its job. Spec masters.md, 3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from spreadjobs_conform.findings import Finding, NotTestable
from spreadjobs_conform.masters.cures import crash_cure, printed_cure
from spreadjobs_conform.masters.marks import MarkError, unmarked
from spreadjobs_conform.values import show

MOST_QUOTED: Final = 200
KINDS: Final = ("answered", "failed", "quarantined", "cancelled")


@attrs.frozen
class Answered:
    """The task is done."""

    value: object = attrs.field(repr=show)


@attrs.frozen(kw_only=True)
class Failed:
    """It raised. Spec ERR-5."""

    type_name: str
    message: str
    traceback: str
    task: int
    worker: str


@attrs.frozen
class Quarantined:
    """It was set aside."""

    why: str


@attrs.frozen
class Cancelled:
    """It was not done."""

    why: str


Fate: TypeAlias = Answered | Failed | Quarantined | Cancelled


def told(fate: Fate) -> str:
    """What became of a task, as the end of a sentence."""
    match fate:
        case Answered():
            return f"is answered with {show(fate.value)}"
        case Failed():
            return f"failed: {fate.type_name}: {fate.message}"
        case Quarantined():
            return f"was set aside: {_in_line(fate.why)}"
        case Cancelled():
            return f"was cancelled: {_in_line(fate.why)}"


def _in_line(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines() if line.strip())


@attrs.frozen(kw_only=True)
class Account:
    """All of it."""

    fates: tuple[Fate, ...] = ()
    outputs: tuple[tuple[str, ...], ...] = ()
    error: str | None = None


class NoAccount(Finding):
    """
    The adapter gave no account of a job. Where it gives none of any job, nothing can be said about its master.

    Args:
        requirement: That of the case.
        came: What the adapter did.
        cure: What its author probably has to change.
    """

    def __init__(self, requirement: str, came: str, cure: str) -> None:
        due = "an account of the job on standard output, and status 0"
        super().__init__(requirement, came, due, cure, also=("JOB-1",))


class AccountError(ValueError):
    """What the adapter printed is no account; the text says where and why."""


def crashed(requirement: str, status: int, screen: str, none_came: str) -> NoAccount:
    """
    Of an adapter that exited with another status than 0.

    Args:
        requirement: That of the case.
        status: Of its exit.
        screen: Its standard error.
        none_came: What is to be said if it started no worker.
    """
    last = next((line for line in reversed(screen.splitlines()) if line.strip()), "its standard error is empty")
    return NoAccount(
        requirement, f"the adapter has exited with status {status}{none_came}: {last[:MOST_QUOTED]}", crash_cure(screen)
    )


def unreadable(requirement: str, fault: AccountError, printed: bytes, none_came: str) -> NoAccount:
    """
    Of an adapter that printed nothing, or what is no account.

    Args:
        requirement: That of the case.
        fault: What is wrong with it.
        printed: What it printed.
        none_came: What is to be said if it started no worker.
    """
    what = f"what is no account: {fault}; it begins {printed[:80]!r}" if printed.strip() else "nothing"
    return NoAccount(requirement, f"the adapter printed {what}; its status is 0{none_came}", printed_cure(printed))


def read_account(printed: bytes) -> Account:
    """
    Reads what an adapter printed.

    Raises:
        AccountError: It is no account.
        NotTestable: The master cannot do such a job, it says.
    """
    try:
        return _account(json.loads(printed.decode("utf-8")))
    except AccountError:
        raise
    except ValueError as error:
        raise AccountError(f"it is no JSON in UTF-8: {error}") from error
    except RecursionError as error:
        raise AccountError("it is nested too deep to be read") from error


def _account(account: object) -> Account:
    if not isinstance(account, dict):
        raise AccountError("it is no object")
    if "cannot" in account:
        raise NotTestable(f"the master says that it cannot do this: {str(account['cannot'])[:200]}")
    strange = [str(key) for key in account if key not in ("outcomes", "outputs", "error")]
    if strange:
        raise AccountError(f"it has the key {strange[0][:40]!r}")
    error_text = account.get("error")
    if error_text is not None and not isinstance(error_text, str):
        raise AccountError("error is neither null nor a string")
    return Account(
        fates=tuple(_fate(index, entry) for index, entry in enumerate(_array(account, "outcomes"))),
        outputs=tuple(_lines(index, entry) for index, entry in enumerate(_array(account, "outputs"))),
        error=error_text,
    )


def _array(account: Mapping[str, object], key: str) -> list[object]:
    found = account.get(key, [])
    if not isinstance(found, list):
        raise AccountError(f"{key} is no array")
    return found


def _lines(index: int, entry: object) -> tuple[str, ...]:
    try:
        lines = unmarked(entry)
    except MarkError as error:
        raise AccountError(f"outputs[{index}]: {error}") from error
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise AccountError(f"outputs[{index}] is no array of strings")
    return tuple(str(line) for line in lines)


def _fate(index: int, entry: object) -> Fate:
    where = f"outcomes[{index}]"
    if not isinstance(entry, dict) or len(entry) != 1 or next(iter(entry)) not in KINDS:
        raise AccountError(f"{where} is {entry!r:.80}; an object with one of the keys {', '.join(KINDS)} is due")
    ((kind, inner),) = entry.items()
    if kind == "failed":
        return _failed(where, inner)
    if kind == "answered":
        try:
            return Answered(unmarked(inner))
        except MarkError as error:
            raise AccountError(f"{where}: {error}") from error
    text = str(inner)
    return Quarantined(text) if kind == "quarantined" else Cancelled(text)


def _failed(where: str, inner: object) -> Failed:
    due: dict[str, type] = {"type": str, "message": str, "traceback": str, "task": int, "worker": str}
    if not isinstance(inner, dict) or {*inner} != {*due}:
        raise AccountError(f"{where}: failed is {inner!r:.80}; an object with the keys {', '.join(due)} is due")
    said: dict[str, object] = {}
    for key, kind in due.items():
        try:
            said[key] = unmarked(inner[key])
        except MarkError as error:
            raise AccountError(f"{where}: failed.{key}: {error}") from error
        if type(said[key]) is not kind:
            raise AccountError(f"{where}: failed.{key} is {inner[key]!r:.80}, of the wrong type")
    return Failed(
        type_name=str(said["type"]),
        message=str(said["message"]),
        traceback=str(said["traceback"]),
        task=int(str(said["task"])),
        worker=str(said["worker"]),
    )
