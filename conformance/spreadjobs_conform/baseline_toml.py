"""The file of a baseline: reading it, adding entries, and removing some with the rest left as it is."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from spreadjobs_conform.baseline import SHORTEST_PART, Baseline, Entry
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.verdicts import Verdict

TODO: Final = "TODO: say why this is tolerated"
HEADING: Final = """\
# Cases that this worker is known to fail. Each needs a reason; a pass, or another failure, makes the run fail.
"""
TABLES: Final = ("known", "flaky")
LEAST_PART: Final = 12
"""A shorter part of what came would match too much."""
MOST_PART: Final = 100
_CHANCE: Final = re.compile(
    r"(?:[A-Z]+-\d+|\b0x[0-9a-fA-F]{1,4}\b)"
    r"|(b'[^']*\\x[^']*'|b\"[^\"]*\\x[^\"]*\"|0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e-?\d+)?|[\ud800-\udfff])"
)
"""
What may be another the next time, as its group: numbers, such as task ids, sizes and times, and bytes that are no text;
not the numbers of requirements. Lone surrogates, which no file can hold, are treated alike.
"""
_KEY: Final = r"""(?:"(?P<basic>[^"\\]*)"|'(?P<literal>[^']*)')"""
_HEADER: Final = re.compile(rf"\s*\[\s*(?P<table>known|flaky)\s*(?:\.\s*{_KEY}\s*)?\]\s*(?:#.*)?$")
_PAIR: Final = re.compile(rf"\s*{_KEY}\s*=")

_Table = Mapping[str, object]


def load_baseline(path: Path, *, unfinished: bool = False) -> Baseline:
    """
    Reads a baseline file.

    Args:
        path: Where it lies.
        unfinished: Whether reasons may still be those that ``--write-baseline`` put there.

    Raises:
        UsageFault: It cannot be read, or is no baseline; the text names the key.
    """
    try:
        return _baseline(_parsed(path.read_bytes().decode("utf-8")), unfinished=unfinished)
    except (OSError, ValueError, UsageFault) as error:
        raise UsageFault(f"baseline {path}: {error}") from error


def file_text(path: Path) -> str:
    """The text of a file with its line ends as they are; empty if there is no such file."""
    return path.read_bytes().decode("utf-8") if path.exists() else ""


def _parsed(text: str) -> _Table:
    data: _Table = tomllib.loads(text)
    return data


def _baseline(data: _Table, *, unfinished: bool) -> Baseline:
    unknown = data.keys() - set(TABLES)
    if unknown:
        raise UsageFault(f"unknown key {min(unknown)!r}; it may have [known] and [flaky]")
    entries: dict[str, Entry] = {}
    for key in TABLES:
        table = data.get(key, {})
        if not isinstance(table, dict):
            raise UsageFault(f'{key!r} must be a table: [{key}."case id"], with reason and fails_with')
        for case_id, value in table.items():
            if case_id in entries:
                raise UsageFault(f"{case_id!r} stands in [known] and in [flaky]; keep one of them")
            entries[str(case_id)] = _entry(str(case_id), value, flaky=key == "flaky")
    todo = [entry.name for entry in entries.values() if entry.reason.upper().startswith("TODO")]
    if todo and not unfinished:
        raise UsageFault(f"say why it is tolerated, in place of {TODO[:4]!r}, in the reason of {', '.join(todo)}")
    return Baseline(MappingProxyType(entries))


def _entry(case_id: str, value: object, *, flaky: bool) -> Entry:
    bare = Entry(case=case_id, flaky=flaky)
    if not isinstance(value, dict):
        raise UsageFault(f"{bare.name} is {value!r:.60}; a table with reason and fails_with is due: [{bare.name}]")
    unknown = value.keys() - {"reason", "fails_with", "review"}
    if unknown:
        raise UsageFault(f"{bare.name} has the unknown key {min(unknown)!r}; known are reason, fails_with, review")
    return Entry(
        case=case_id,
        flaky=flaky,
        fails_with=_text(value, "fails_with", bare.name, optional=flaky),
        reason=_text(value, "reason", bare.name),
        review=_day(value.get("review"), bare.name),
    )


def _text(table: _Table, key: str, name: str, *, optional: bool = False) -> str:
    value = table.get(key)
    if value is None and optional:
        return ""
    if not isinstance(value, str) or not value.strip():
        what = {
            "reason": "why the failure is tolerated",
            "fails_with": "a part of the reason that the kit gives for the failure",
        }
        raise UsageFault(f"{name} needs {key}, {what[key]}: a string that is not empty")
    if key == "fails_with" and len(value.strip()) < SHORTEST_PART:
        raise UsageFault(
            f"{name}: fails_with is {value!r}, which is found nearly everywhere; {SHORTEST_PART} characters are due"
        )
    return value


def _day(value: object, name: str) -> date | None:
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        raise UsageFault(f"{name}: review is {value!r}; a date such as 2027-01-31, without quotes, is due")
    return value


def fails_with(verdict: Verdict) -> str:
    """
    The part of a failure's reason by which it is known again: the longest without anything that chance decides.

    Args:
        verdict: A failure.
    """
    # Of a hang, what follows is how the process was met: asleep or at work, with so much read.
    came = verdict.came.partition(";")[0] if verdict.hang else verdict.came
    part = max(_parts(came), key=len)
    if len(part) < LEAST_PART:
        part = max(_parts(verdict.reason), key=len)
    return part[:MOST_PART].strip()


def _parts(text: str) -> Iterator[str]:
    begin = 0
    for found in _CHANCE.finditer(text):
        if found.group(1) is not None:
            yield text[begin : found.start()].strip()
            begin = found.end()
    yield text[begin:].strip()


def with_failures(text: str, failures: Sequence[Verdict]) -> str:
    """
    The text of a baseline with an entry more for each failure; what stands there stays as it is.

    Args:
        text: Of the file; empty if there is none.
        failures: Of cases that have no entry.

    Raises:
        UsageFault: The file is written in a form to which nothing can be added.
    """
    lines = [text.rstrip("\n") or HEADING.rstrip("\n")]
    for verdict in failures:
        name, part = Entry(case=verdict.case.id).name, _quoted(fails_with(verdict))
        lines += ["", f"[{name}]", f"reason = {_quoted(TODO)}", f"fails_with = {part}"]
    added = "\n".join(lines) + "\n"
    try:
        _parsed(added)
    except ValueError as error:
        raise UsageFault(f"entries are added as tables, which its form does not allow: {error}") from error
    return added


def _quoted(text: str) -> str:
    """The text as a basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'


def without(text: str, stale: AbstractSet[str]) -> str | None:
    """
    The text of a baseline without some entries, and all else as it is, comments too.

    Args:
        text: Of the file.
        stale: Case ids.

    Returns:
        None if the entries are written in a form that this does not know, so that people have to remove them.
    """
    kept = "\n".join(_kept(text.split("\n"), stale))
    due = {
        key: left
        for key, table in _parsed(text).items()
        if isinstance(table, dict) and (left := {name: entry for name, entry in table.items() if name not in stale})
    }
    try:
        left = {key: table for key, table in _parsed(kept).items() if table}
    except ValueError:
        return None
    return kept if left == due else None


def _kept(lines: Sequence[str], stale: AbstractSet[str]) -> list[str]:
    kept: list[str] = []
    in_stale = in_table = False
    for number, line in enumerate(lines):
        header, pair = _HEADER.match(line), _PAIR.match(line)
        ends_here = _ends(lines, number + 1)
        if header or line.lstrip().startswith("["):
            case_id = _id(header) if header else None
            in_stale, in_table = case_id in stale, header is not None and case_id is None
            if in_stale:
                _drop_comments(kept)
        elif in_stale and line.lstrip().startswith("#") and _leads_to_header(lines, number):
            # It is about the next one.
            in_stale = False
        if in_table and pair and _id(pair) in stale:
            if ends_here:
                _drop_comments(kept)
        elif not in_stale:
            kept.append(line)
    return kept


def _id(found: re.Match[str]) -> str | None:
    basic, literal = found.group("basic", "literal")
    return basic if basic is not None else literal


def _ends(lines: Sequence[str], number: int) -> bool:
    """Whether no further entry follows directly, so that a comment above was about this one alone."""
    return number >= len(lines) or not _PAIR.match(lines[number])


def _leads_to_header(lines: Sequence[str], number: int) -> bool:
    for line in lines[number:]:
        if not line.lstrip().startswith("#"):
            return line.lstrip().startswith("[")
    return False


def _drop_comments(kept: list[str]) -> None:
    while kept and kept[-1].lstrip().startswith("#"):
        kept.pop()


def replace(path: Path, text: str) -> None:
    """
    Writes a file whole or not at all: beside it, and then in its place.

    Raises:
        UsageFault: It cannot be written; the old one is as it was.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise UsageFault(f"baseline {path} cannot be written: {error}") from error
