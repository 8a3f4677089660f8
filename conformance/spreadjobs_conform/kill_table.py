"""
The wrong workers that the kit carries, and what it must say about each.

Each worker in ``wrong_workers/`` breaks one requirement; ``wrong_workers/expected.toml`` says which cases must find
that. A kit that passes a wrong worker is a kit that proves nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

import attrs

from spreadjobs_conform.findings import HarnessFault


@attrs.frozen
class Way:
    """A way to run a worker: options of the kit, and options of the worker."""

    kit: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()


WAYS: Final[Mapping[str, Way]] = MappingProxyType(
    {
        "pickle": Way(),
        "json": Way(("--codec", "json"), ("--codec", "json")),
        "untagged": Way(("--dialect", "untagged"), ("--dialect", "untagged")),
        "command": Way(("--class", "command")),
    }
)
CONTROLS: Final = (
    *(("right_worker", way) for way in ("pickle", "json", "untagged")),
    *(("odd_worker", way) for way in ("pickle", "json", "untagged")),
    ("right_command", "command"),
)
"""Workers of the folder that break nothing, and the ways to run them."""


@attrs.frozen(kw_only=True)
class WrongWorker:
    """A row of the table; ``expected.toml`` says what the columns mean."""

    file: str
    breaks: str
    runs: tuple[str, ...]
    fails: tuple[str, ...]
    seen_as: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    may_fail: Mapping[str, str] = MappingProxyType({})
    """Patterns of case ids, those of ``touches`` among them, with reasons."""

    def may(self, case_id: str) -> bool:
        """Whether a case may fail as a consequence."""
        listed = any(fnmatchcase(case_id, pattern) for pattern in self.may_fail)
        return listed and case_id not in self.fails and case_id not in self.passes


@attrs.frozen
class KillTable:
    """All rows, and the cases that every other worker is to pass by way of a sample."""

    workers: tuple[WrongWorker, ...]
    sample: Mapping[str, tuple[str, ...]]

    def cases(self, worker: WrongWorker, way: str) -> tuple[str, ...]:
        """Its own cases and a smoke set: those that it must pass, and the part of the sample that it must."""
        sample = [case_id for case_id in self.sample[way] if not worker.may(case_id)]
        return tuple(dict.fromkeys((*worker.fails, *worker.passes, *sample)))


def folder() -> Path:
    """
    Where the wrong workers lie.

    Raises:
        HarnessFault: The package was installed without them, or into an archive.
    """
    found = Path(str(resources.files(__package__).joinpath("wrong_workers")))
    if not (found / "expected.toml").is_file():
        raise HarnessFault(f"{found} does not exist: this installation lacks the wrong workers; install the kit anew")
    return found


def load_table() -> KillTable:
    """
    The table that lies beside the wrong workers.

    Raises:
        HarnessFault: It is damaged; the text names the row.
    """
    return parse_table((folder() / "expected.toml").read_text("utf-8"))


def parse_table(text: str) -> KillTable:
    """
    The table in the text of ``expected.toml``.

    Raises:
        HarnessFault: It is not what such a file looks like; the text names the row.
    """
    data: Mapping[str, object] = tomllib.loads(text)
    touches = {name: _reasons(row, f"touches.{name}") for name, row in _table(data, "touches").items()}
    sample = {way: _strings(names, f"sample.{way}") for way, names in _table(data, "sample").items()}
    if sample.keys() != WAYS.keys():
        raise HarnessFault(f"expected.toml: [sample] must have the ways {', '.join(WAYS)}")
    rows = data.get("worker")
    if not isinstance(rows, list) or not rows:
        raise HarnessFault("expected.toml has no [[worker]]")
    return KillTable(tuple(_worker(row, touches) for row in rows), MappingProxyType(sample))


def _worker(row: object, touches: Mapping[str, Mapping[str, str]]) -> WrongWorker:
    if not isinstance(row, dict):
        raise HarnessFault("expected.toml: a [[worker]] is no table")
    file, breaks = row.get("file"), row.get("breaks")
    if not isinstance(file, str) or not isinstance(breaks, str):
        raise HarnessFault(f"expected.toml: {file!r} needs a file and what it breaks")
    unknown = row.keys() - {field.name for field in attrs.fields(WrongWorker)} - {"touches"}
    lists = {name: _strings(row.get(name, []), f"{file}.{name}") for name in ("runs", "fails", "seen_as", "passes")}
    sets = _strings(row.get("touches", []), f"{file}.touches")
    if unknown or not lists["runs"] or not lists["fails"] or {*lists["runs"]} - WAYS.keys() or {*sets} - touches.keys():
        raise HarnessFault(f"expected.toml: {file} lacks runs or fails, or has what nobody knows: {sorted(unknown)}")
    may_fail = dict(_reasons(row.get("may_fail", {}), f"{file}.may_fail"))
    for name in sets:
        may_fail.update(touches[name])
    return WrongWorker(file=file, breaks=breaks, may_fail=MappingProxyType(may_fail), **lists)


def _table(data: Mapping[str, object], key: str) -> Mapping[str, object]:
    table = data.get(key)
    if not isinstance(table, dict):
        raise HarnessFault(f"expected.toml has no table [{key}]")
    return table


def _strings(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise HarnessFault(f"expected.toml: {where} must be a list of strings")
    return tuple(str(item) for item in value)


def _reasons(value: object, where: str) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(reason, str) and reason for reason in value.values()):
        raise HarnessFault(f"expected.toml: {where} must be a table of patterns with reasons")
    return {str(pattern): str(reason) for pattern, reason in value.items()}


def unknown_cases(table: KillTable, case_ids: Sequence[str]) -> list[str]:
    """What the table says of cases that do not exist, so that no row waits for nothing."""
    known = set(case_ids)
    found = [f"sample: {case_id}" for names in table.sample.values() for case_id in names if case_id not in known]
    for worker in table.workers:
        named = (*worker.fails, *worker.passes)
        found += [f"{worker.file}: {case_id}" for case_id in named if case_id not in known]
        stale = (
            pattern for pattern in worker.may_fail if not any(fnmatchcase(case_id, pattern) for case_id in case_ids)
        )
        found += [f"{worker.file}: {pattern}" for pattern in stale]
    return found
