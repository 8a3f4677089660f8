"""The report of ``fuzz`` for people: each kind of failure in full, what was explored, and the verdict."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

import attrs

from spreadjobs_conform.fuzz_explore import CONFIRMED, Conversed, Shrunk, Tally
from spreadjobs_conform.fuzz_files import moves_told
from spreadjobs_conform.fuzz_script import Form, Script
from spreadjobs_conform.fuzz_trial import level_of
from spreadjobs_conform.report_layout import PIPED_COLUMNS
from spreadjobs_conform.report_text import Look, TextReport
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.verdicts import Exit, Verdict

MINUTE_S: Final = 60.0
MOST_MOVES: Final = 30


class FuzzReport(TextReport):
    """
    Writes what a person at a terminal wants to know.

    Args:
        stream: Where to.
        requirements: All there are, by id.
        again: The command line, with ``{}`` where the choice goes.
        columns: How wide lines are.
    """

    def __init__(
        self, stream: TextIO, requirements: Mapping[str, Requirement], again: str, columns: int = PIPED_COLUMNS
    ) -> None:
        super().__init__(stream, requirements, again, look=Look(columns=columns))
        self._places: dict[str, Path] = {}

    def _choice(self, verdict: Verdict) -> str:
        place = self._places.get(verdict.case.id)
        return f"--again {shlex.quote(str(place))}" if place is not None else ""

    def found(self, shrunk: Shrunk, place: Path) -> None:
        """One kind of failure, in the smallest conversation that has it."""
        verdict = self._prepared(shrunk.had.verdict, _told(shrunk))
        self._places[verdict.case.id] = place
        self.failure(verdict)
        self._notes(shrunk, place)

    def _prepared(self, verdict: Verdict, summary: str) -> Verdict:
        case = attrs.evolve(
            verdict.case, requirements=(verdict.violated or verdict.case.requirements)[:1], summary=summary
        )
        return attrs.evolve(verdict, case=case, level=level_of(verdict, self._requirements))

    def _notes(self, shrunk: Shrunk, place: Path) -> None:
        if shrunk.is_flaky:
            self._pair("note", f"it was not seen again in {CONFIRMED} tries: it comes and goes")
        else:
            for note in _takes(shrunk.script, shrunk.play.cuts):
                self._pair("note", note)
        moves = shrunk.play.moves
        more = f" and {len(moves) - MOST_MOVES} more" if len(moves) > MOST_MOVES else ""
        self._pair("moves", f"{moves_told(moves[:MOST_MOVES])}{more}")
        self._pair("files", f"{place}, and beside it .in and .expected")

    def played(self, verdict: Verdict, summary: str, place: Path) -> None:
        """What came of a vector that was played once more, if the worker failed."""
        verdict = self._prepared(verdict, summary)
        self._places[verdict.case.id] = place
        self.failure(verdict, blank=False)

    def kit_faults(self, faults: list[Conversed]) -> None:
        """Conversations in which the kit itself went wrong."""
        for conversed in faults:
            self.failure(conversed.had.verdict)

    def explored(self, tally: Tally, seed: int) -> None:
        """How much there was of what."""
        a_minute = tally.conversations / tally.took_s * MINUTE_S if tally.took_s else 0.0
        self._line()
        self._line(
            f"seed {seed}: {_counted(tally.conversations, 'conversation')} in {tally.took_s:.1f} s "
            f"({a_minute:.0f} a minute), {_counted(tally.requests, 'request')} answered as is due"
        )
        self._wrapped(_listed(tally.transitions), "  transitions: ", 15)
        self._wrapped(_listed(tally.ops), "  payloads: ", 12)
        if tally.lacking:
            self._line(f"  {_counted(tally.lacking, 'failure')} in place of values that a language may lack")
        if tally.left:
            self._line(f"  {_counted(tally.left, 'conversation')} in which the worker left by itself, as RUN-13 allows")

    def verdict(self, text: str) -> None:
        """The last line."""
        self._line(text)


def verdict_of(tally: Tally, kinds: list[tuple[str, bool]]) -> tuple[Exit, str]:
    """
    The exit status and the last line.

    Args:
        tally: What was explored.
        kinds: Of each kind of failure the level, and whether it counts.
    """
    if tally.faults:
        return Exit.KIT_FAULT, "THE KIT FAILED: this says nothing about the worker"
    if any(counts for _, counts in kinds):
        return Exit.FAILED, f"NOT CONFORMANT: {_counted(len(kinds), 'kind')} of failures"
    if tally.left == tally.conversations:
        return Exit.NOT_TESTED, "NOTHING FAILED, but the worker left by itself in every conversation"
    broken = [level for level, _ in kinds]
    should = f", but for {len(broken)} SHOULD" if broken else ""
    return Exit.CONFORMANT, f"NO FAULT FOUND in {_counted(tally.conversations, 'conversation')}{should}"


def _told(shrunk: Shrunk) -> str:
    origin, count = shrunk.origin, len(shrunk.play.reads)
    before = len(origin.play.reads)
    text = f"{origin.had.verdict.case.summary}"
    if not shrunk.is_flaky:
        text += f"; {count} of them {'is' if count == 1 else 'are'} enough" if count < before else ""
        text += f" ({_counted(shrunk.tried, 'smaller one')} tried)"
    others = shrunk.count - 1
    return f"{text}. {_counted(others, 'further conversation')} failed in the same way" if others else text


def _takes(script: Script, cuts: int) -> Iterator[str]:
    """What could not be taken away: without it, the worker does not fail so."""
    if cuts:
        yield "it takes the cuts: in whole messages, the same is read right (WIRE-2)"
    forms = {message.form for message in script.messages()} - {Form.PLAIN}
    if forms:
        yield "it takes the form of the message: the same value, written in the ordinary way, is read right"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"
