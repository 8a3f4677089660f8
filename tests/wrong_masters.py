"""The wrong masters beside ``masters/ours.py``, and what the kit's cases say of them."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypedDict

import attrs
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.masters.catalogue import master_cases
from spreadjobs_conform.masters.play import Performer, Play
from spreadjobs_conform.masters.registry import MasterCase

FOLDER = Path(__file__).parent / "masters"
CASES = {case.id: case for case in master_cases()}


class _Row(TypedDict, total=False):
    breaks: str
    fails: list[str]
    may: dict[str, str]
    codec: str


@attrs.frozen(kw_only=True)
class WrongMaster:
    """Ours with a few lines put in place of others."""

    name: str
    breaks: str
    fails: Sequence[str]
    """Cases that fail on it: they are about what it breaks."""
    may: Sequence[str]
    """Cases that may fail, too, since they rest on the same."""
    codec: str

    @property
    def command(self) -> list[str]:
        """How it is started."""
        return [sys.executable, str(FOLDER / f"wrong_{self.name}.py")]

    def cases(self) -> Iterator[MasterCase]:
        """All that apply to a run of it."""
        return (case for case in CASES.values() if self.codec in case.codecs)


def load_table() -> list[WrongMaster]:
    """All of them, as the table has them."""
    rows: dict[str, _Row] = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))
    return [
        WrongMaster(
            name=name,
            breaks=row["breaks"],
            fails=row["fails"],
            may=list(row.get("may", {})),
            codec=row.get("codec", "pickle"),
        )
        for name, row in rows.items()
    ]


def said_to_break(path: Path) -> str:
    """What the first line of a wrong master says that it breaks."""
    found = re.match(r'"""Breaks ([A-Z]+-\d+): ', path.read_text("utf-8"))
    return found[1] if found else ""


def finding(case: MasterCase, command: Sequence[str], codec: str) -> Finding | None:
    """What a case finds wrong with a master; None if nothing, with all the checks that it declares."""
    play = Play(Performer(command=command, codec=codec), case.requirements[0])
    try:
        case.body(play)
    except Finding as found:
        return found
    assert play.checks >= case.checks, f"{case.id} made {play.checks} checks"
    return None


def is_killed(master: WrongMaster, case: MasterCase, found: Finding | None) -> bool:
    """Whether a case fails on a wrong master for what it breaks: it names that, or is about it."""
    return found is not None and master.breaks in (found.requirement, *found.also, *case.requirements)


def all_findings(masters: Sequence[WrongMaster], side_by_side: int) -> Iterator[tuple[WrongMaster, MasterCase, bool]]:
    """Each case on each of them, and whether it fails."""
    pairs = [(master, case) for master in masters for case in master.cases()]
    with ThreadPoolExecutor(side_by_side) as pool:
        for (master, case), fails in zip(pairs, pool.map(lambda pair: _fails(*pair), pairs), strict=True):
            yield master, case, fails


def _fails(master: WrongMaster, case: MasterCase) -> bool:
    """Whether a case fails, twice where it is not due to: a busy machine may make it fail once."""
    tries = 1 if case.id in master.fails else 2
    return all(finding(case, master.command, master.codec) is not None for _ in range(tries))
