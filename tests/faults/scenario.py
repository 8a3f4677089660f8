"""What a fault scenario is: a situation, what the ancestor did in it, and what is due here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import attrs

from spreadjobs import Settings
from spreadjobs.arglists import ArgumentList
from spreadjobs.connection import ConnectionFactory
from spreadjobs.slots import GRACE_S, LINGER_S

SLACK_S: Final = 60.0
"""On top of each bound, for starting processes on a loaded machine; the workers' faults last ten times as long."""
FOREVER: Final = "time.sleep(900)"
"""What a worker does that hangs: longer than any bound with its slack."""
QUICK: Final = Settings(first_task_id=10_000, window=1, restarts=1, shutdown_timeout_s=0.5)
"""One try a worker, lock-step, so that what happens is the same every time."""
TIMED: Final = attrs.evolve(QUICK, start_timeout_s=60.0, task_timeout_s=1.0)
"""A limit for a task; start-up does not count for it."""
AHEAD: Final = 3
"""So many requests are sent at once where they are sent ahead."""
PATIENT: Final = attrs.evolve(QUICK, restarts=3)
_CONSTANTS: Final = {"GRACE_S": GRACE_S, "LINGER_S": LINGER_S}


@attrs.frozen(kw_only=True)
class Seen:
    """What a scenario really did; plain values, so that it travels as JSON."""

    raised: str | None
    """Name of the exception's type, None if there was none."""
    text: str = ""
    """Its text."""
    answers: Sequence[str] = ()
    """The results, or the partial ones: their repr."""
    outputs: Sequence[Sequence[str]] = ()
    ends: Sequence[str] = ()
    """How each worker ended: its name and why."""
    unreaped: int = 0
    """Workers that were not waited for."""
    living: int = 0
    """Processes below the master that live on."""
    threads: int = 0
    """Threads that were not there before."""
    descriptors: int = 0
    """Descriptors that were not there before."""
    took_s: float = 0.0


@attrs.frozen(kw_only=True)
class Report:
    """What a scenario's call hands back when nothing was raised, or together with what was."""

    answers: Sequence[object] = ()
    outputs: Sequence[Sequence[str]] = ()
    ends: Sequence[str] = ()
    error: BaseException | None = None


@attrs.frozen(kw_only=True)
class Scenario:
    """One situation. Workers sleep for ever where it says so: whoever waits for them hangs."""

    id: str
    situation: str
    ancestor: str
    """What gmisclib 0.73.0 did."""
    workers: Sequence[ArgumentList] = ()
    todo: Callable[[], Iterable[object]] = tuple
    stdin: Callable[[], Iterable[object]] = tuple
    settings: Settings = QUICK
    call: Callable[[Scenario, ConnectionFactory], Report] | None = None
    """What is done, if that is not a run of the todo."""
    raises: str | None = None
    """Name of the type of the exception that is due."""
    answers: Sequence[object] = ()
    """The results, or the partial ones, that are due."""
    answers_ahead: Sequence[object] | None = None
    """The same where further requests were sent ahead, if that makes a difference."""
    outputs: Sequence[Sequence[str]] | None = None
    """The lines after the last answers that are due, if anything is said of them."""
    says: Sequence[str] = ()
    """Patterns that the exception's text must match; where there is none, those of how the workers ended."""
    checks: Sequence[str] = ()
    """The same, of what depends on chance in its wording, and is not quoted in the table."""
    ends: int | None = None
    """How many workers must have ended, where that is the same every time."""
    within: str = ""
    """The bound: time limits by name, such as ``2 * task_timeout_s + GRACE_S``; "" for at once."""
    lives_on: int = 0
    """Processes that live on by design: those that left the worker's group."""

    @property
    def bound_s(self) -> float:
        """The bound in seconds, without slack."""
        return sum(limit_s for _, limit_s in self._terms())

    @property
    def bound(self) -> str:
        """The bound in words: settings by name, constants in seconds."""
        named = [f"`{name}`" for name, _ in self._terms() if name not in _CONSTANTS]
        constant_s = sum(limit_s for name, limit_s in self._terms() if name in _CONSTANTS)
        return " + ".join([*named, *([f"{constant_s:g} s"] if constant_s else [])]) or "at once"

    def _terms(self) -> list[tuple[str, float]]:
        terms: list[tuple[str, float]] = []
        for term in filter(None, self.within.split(" + ")):
            factor, _, name = term.rpartition(" * ")
            limit_s: float = _CONSTANTS[name] if name in _CONSTANTS else getattr(self.settings, name)
            terms.append((name if name in _CONSTANTS else term, float(factor or 1) * limit_s))
        return terms


def ahead(scenario: Scenario) -> Scenario:
    """The same situation, with further requests sent ahead: the words for it may be others, what comes of it not."""
    return attrs.evolve(
        scenario,
        id=f"{scenario.id}, ahead",
        settings=attrs.evolve(scenario.settings, window=AHEAD),
        answers=scenario.answers if scenario.answers_ahead is None else scenario.answers_ahead,
        says=(),
        checks=(),
    )


def wrongs(scenario: Scenario, seen: Seen) -> list[str]:
    """What is not as it is due; nothing if all is right."""
    found: list[str] = []

    def same(what: str, came: object, due: object) -> None:
        if came != due:
            found.append(f"{what}: {came!r} came, {due!r} was due")

    same("exception", seen.raised, scenario.raises)
    same("answers", list(seen.answers), [repr(answer) for answer in scenario.answers])
    if scenario.outputs is not None:
        same("outputs", [list(lines) for lines in seen.outputs], [list(lines) for lines in scenario.outputs])
    if scenario.ends is not None:
        same("ends of workers", len(seen.ends), scenario.ends)
    found += [
        f"nothing says {pattern!r}"
        for pattern in (*scenario.says, *scenario.checks)
        if not re.search(pattern, _told(seen))
    ]
    same("processes not reaped", seen.unreaped, 0)
    same("processes that live on", seen.living, scenario.lives_on)
    same("threads left", seen.threads, 0)
    same("descriptors left", seen.descriptors, 0)
    if seen.took_s > scenario.bound_s + SLACK_S:
        found.append(f"it took {seen.took_s:.1f} s; within {scenario.within or 'no time'}, and slack, was due")
    if found:
        found.append(os.linesep.join(["it said:", seen.text, *seen.ends]))
    return found


def _told(seen: Seen) -> str:
    return seen.text or "\n".join(seen.ends)


def cell(scenario: Scenario, seen: Seen) -> str:
    """What this project did, as the table says it: made of what was seen alone."""
    given = [answer for answer in seen.answers if answer != "notComputed"]
    if seen.raised:
        parts = [f"`{seen.raised}`"]
        if len(seen.answers) > 1:
            parts.append(f"{len(given)} of {len(seen.answers)} answers in `.partial`")
    elif seen.answers:
        parts = [f"right results, {len(given)} of {len(seen.answers)}"]
    else:
        parts = ["returns"]
    lines = sum(map(len, seen.outputs))
    if lines:
        parts.append(f"{lines} line{'s' * (lines > 1)} of output")
    if scenario.ends is not None:
        parts.append(f"{len(seen.ends)} worker{'s' * (len(seen.ends) != 1)} ended")
    if seen.living:
        parts.append(f"{seen.living} process outside of the group lives on")
    quotes = [match[0] for pattern in scenario.says if (match := re.search(pattern, _told(seen)))]
    said = "".join(f"; “{_plain(quote)}”" for quote in quotes)
    return ", ".join(parts) + said


def _plain(quote: str) -> str:
    """Without what differs from run to run, and what a table cannot have."""
    text = re.sub(r"pid \d+", "pid …", quote)
    text = re.sub(r"\d+(\.\d+)?(?= (s|bytes|of the)\b)", "…", text)
    return text.replace("|", "\\|").replace("\n", " ")
