"""What scenarios do: one run of a Master, unless they need something else."""

from __future__ import annotations

import itertools
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from faults.scenario import Report, Scenario
from spreadjobs import Answered, Master, RunError, engine
from spreadjobs.connection import ConnectionFactory
from spreadjobs.spread_jobs import Replace

_FIRST_STALL: Final = "FIRST_STALL_S"
SHORT_STALL_S: Final = 0.5
"""In place of the ten seconds, or the minute, after which a run says what it waits for."""


def run_once(
    scenario: Scenario,
    factory: ConnectionFactory,
    *,
    timing: Callable[[float, float], object] | None = None,
) -> Report:
    """One Master, one run."""
    answers: Sequence[object] = ()
    error: BaseException | None = None
    master: Master[object] | None = None
    try:
        master = Master(scenario.workers, factory, scenario.stdin(), timing_callback=timing, settings=scenario.settings)
        with master:
            answers = master.run(scenario.todo())
    except BaseException as raised:  # noqa: BLE001 - it is what is looked at
        error = raised
        answers = raised.partial if isinstance(raised, RunError) else ()
    if master is None:
        return Report(error=error)
    ends = [f"{report.name}: {report.reason}" for report in master.workers]
    return Report(answers=answers, outputs=master.outputs, ends=ends, error=error)


def run_with_a_callback_that_raises(scenario: Scenario, factory: ConnectionFactory) -> Report:
    """The timing callback has a bug."""
    return run_once(scenario, factory, timing=lambda sent_s, _: sent_s / 0)


def run_until_the_stall_is_said(scenario: Scenario, factory: ConnectionFactory) -> Report:
    """The user presses Ctrl-C when told what the run waits for."""
    said = _Interrupter()
    logger = logging.getLogger("spreadjobs")
    setattr(engine, _FIRST_STALL, SHORT_STALL_S)  # This process does nothing else.
    logger.addHandler(said)
    report = run_once(scenario, factory)
    return Report(answers=report.answers, ends=said.texts, error=report.error)


class _Interrupter(logging.Handler):
    """Answers the first warning with Ctrl-C."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, and interrupt."""
        self.texts.append(record.getMessage())
        if len(self.texts) == 1:
            signal.raise_signal(signal.SIGINT)


def count_attempts(scenario: Scenario, factory: ConnectionFactory) -> Report:
    """Each answer with the number of failed attempts that its task was charged."""
    with Master(scenario.workers, factory, settings=scenario.settings) as master:
        outcomes = list(master.outcomes(scenario.todo()))
    answers = [(done.value, len(done.attempts)) for done in outcomes if isinstance(done, Answered)]
    ends = [f"{report.name}: {report.reason}" for report in master.workers]
    return Report(answers=answers, ends=ends)


def take_five_of_a_stream(scenario: Scenario, factory: ConnectionFactory) -> Report:
    """The first answers to a todo without end."""
    with Master(scenario.workers, factory, settings=scenario.settings) as master:
        stream: Iterator[object] = master.stream(scenario.todo())
        answers = list(itertools.islice(stream, 5))
    return Report(answers=answers)


def replace_by(*replacement: str) -> Callable[[Scenario, ConnectionFactory], Report]:
    """``Replace`` with a replacement that matches the pattern."""

    def call(_scenario: Scenario, _factory: ConnectionFactory) -> Report:
        return Report(answers=Replace([["x", "a"]], "a", 1, list(replacement)))

    return call
