"""Every way in which the ancestor hung, and others: each ends in its bound, as docs/faults.md says."""

from __future__ import annotations

import time

import attrs
import pytest
from faults.processes import is_alive
from faults.registry import ANCESTOR, FURTHER, HANGS, SCENARIOS, SENT_AHEAD
from faults.scenario import SLACK_S, Scenario, Seen, wrongs
from faults.table import PAGE, page, row
from faults.watch import EXIT_S, Hung, watch

from spreadjobs import Settings

ROWS = PAGE.read_text(encoding="utf-8").splitlines(keepends=True)
PATIENCE_S = 115.0
"""Of a test, which is itself ended after 120 s: a scenario that hangs must be ended before, with what it started."""


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_a_fault_ends_in_its_bound_as_the_table_says(scenario: Scenario) -> None:
    """Right results or the right error, nothing lost, nothing left, and the very row of docs/faults.md. [JOB-1]"""
    seen = watch(scenario)

    assert wrongs(scenario, seen) == []
    assert row(scenario, seen) in ROWS


@pytest.mark.parametrize("scenario", SENT_AHEAD.values(), ids=SENT_AHEAD.keys())
def test_a_fault_ends_in_its_bound_with_requests_sent_ahead_too(scenario: Scenario) -> None:
    """The same results or the same error, nothing lost, nothing left. [RUN-8, JOB-2]"""
    assert wrongs(scenario, watch(scenario)) == []


def test_the_table_has_a_row_for_each_scenario_and_no_other() -> None:
    """With the rows that the tests above compare, the whole page is as it is generated, byte for byte."""
    found = [text for text in ROWS if text.startswith("| ") and not text.startswith("| situation |")]
    assert len(found) == len(SCENARIOS)

    assert "".join(ROWS) == page(dict(zip(SCENARIOS, found, strict=True)))
    for scenario, text in zip(SCENARIOS.values(), found, strict=True):
        assert text.startswith(f"| {scenario.situation} | {scenario.ancestor} | ")


def test_the_registry_is_whole() -> None:
    """46 hangs were measured; no id stands for two scenarios; each has its time before the test itself is ended."""
    assert len(ANCESTOR) == 46
    assert len(SCENARIOS) == len(ANCESTOR) + len(FURTHER)
    assert max(scenario.bound_s for scenario in SCENARIOS.values()) + SLACK_S + EXIT_S < PATIENCE_S


# --- the harness finds what it is for


SEEN = Seen(raised="NoResponse", text="no worker is left", answers=["notComputed"])


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"raised": "PoisonTask"}, "exception: 'PoisonTask' came"),
        ({"answers": ["1"]}, "answers: "),
        ({"text": "something else"}, "nothing says 'no worker'"),
        ({"ends": ["1.1: exit status 3"]}, "ends of workers: 1 came, 0 was due"),
        ({"outputs": [["text"]]}, "outputs: "),
        ({"unreaped": 1}, "processes not reaped"),
        ({"living": 1}, "processes that live on"),
        ({"threads": 1}, "threads left"),
        ({"descriptors": 1}, "descriptors left"),
        ({"took_s": SLACK_S + 2.5}, "it took 62.5 s"),
    ],
)
def test_whatever_is_not_as_it_is_due_is_found(changes: dict[str, object], found: str) -> None:
    """A wrong result, a wrong error, a wrong text, something left, too long: each makes a row fail."""
    due = Scenario(
        id="it",
        situation="",
        ancestor="",
        settings=Settings(task_timeout_s=2.0),
        raises="NoResponse",
        answers=[pytest],
        outputs=[],
        says=["no worker"],
        ends=0,
        within="task_timeout_s",
    )
    right = attrs.evolve(SEEN, answers=[repr(pytest)])
    assert wrongs(due, right) == []

    assert wrongs(due, Seen(**{**attrs.asdict(right), **changes}))[0].startswith(found)


def test_a_scenario_that_hangs_is_ended_with_all_that_it_started() -> None:
    """The suite goes on, and no process of it is left. [SHUT-10]"""
    with pytest.raises(Hung, match="hangs was not over within 5 s") as caught:
        watch(HANGS, slack_s=5.0)

    assert caught.value.killed
    until_s = time.monotonic() + 60
    while any(is_alive(pid) for pid in caught.value.killed):
        assert time.monotonic() < until_s
        time.sleep(0.01)


def test_a_scenario_that_cannot_be_run_is_an_error() -> None:
    """It has not passed because nothing came of it."""
    unknown = attrs.evolve(HANGS, id="of no registry")

    with pytest.raises(ChildProcessError, match="KeyError: 'of no registry'"):
        watch(unknown)
