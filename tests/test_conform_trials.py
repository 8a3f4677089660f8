"""Tests of ``spreadjobs_conform.trials``: what a run of the kit must have said, and runs as such."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType

import attrs
import pytest
from spreadjobs_conform.findings import Interrupted
from spreadjobs_conform.kill_table import WrongWorker
from spreadjobs_conform.trials import MARK, Seen, Trial, Trials, _left

WRONG = WrongWorker(
    file="run_3_odd",
    breaks="RUN-3",
    runs=("pickle",),
    fails=("run/own", "run/other-codec"),
    may_fail=MappingProxyType({"err/*": "a consequence"}),
)


def line(status: str, *violated: str) -> Mapping[str, object]:
    """What a report says of a case."""
    return {"status": status, "violated": list(violated), "reason": "as it was"}


AS_DUE = Seen(
    trial=Trial(file="run_3_odd", way="pickle", wrong=WRONG, cases=("run/own",)),
    status=1,
    text="what it printed",
    cases={
        "run/own": line("fail", "RUN-3"),
        "run/good": line("pass"),
        "err/some": line("fail", "ERR-1"),
        "run/other-codec": line("not-applicable"),
    },
    left=(),
    anew="",
    took_s=0.1,
)
RIGHT = attrs.evolve(
    AS_DUE,
    trial=Trial(file="right_worker", way="pickle", wrong=None),
    status=0,
    cases={"run/good": line("pass"), "run/other-codec": line("not-applicable")},
)


def test_run_as_the_table_has_it_has_no_problems() -> None:
    """A wrong worker that fails its own case by name and passes the others is killed; a right one passes."""
    assert AS_DUE.problems() == []
    assert AS_DUE.own() == {"run/own"}
    assert RIGHT.problems() == []
    assert RIGHT.own() == set()


@pytest.mark.parametrize(
    ("case_id", "line_of_it", "problem"),
    [
        ("run/own", line("pass"), "run/own should fail: pass"),
        ("run/own", line("not-testable"), "run/own should fail: not-testable"),
        ("run/own", line("harness-error"), "run/own should fail: harness-error"),
        ("run/own", line("fail", "RUN-4"), "run/own should name RUN-3: fail"),
        ("run/good", line("fail", "RUN-3"), "run/good should pass: fail"),
        ("run/good", line("not-testable"), "run/good should pass: not-testable"),
        ("run/good", line("harness-error"), "run/good should pass: harness-error"),
    ],
)
def test_verdict_that_is_not_due_is_a_problem(case_id: str, line_of_it: Mapping[str, object], problem: str) -> None:
    """Each way in which the kit may be wrong about a wrong worker is told."""
    seen = attrs.evolve(AS_DUE, cases={**AS_DUE.cases, case_id: line_of_it})

    assert seen.problems()[0].startswith(problem)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (attrs.evolve(AS_DUE, status=0), "exit status 0, 1 is due"),
        (attrs.evolve(AS_DUE, left=("4711 (sleep)",)), "it left a process: 4711 (sleep)"),
        (attrs.evolve(AS_DUE, anew="DIFFERS"), "verify does not find the same verdicts: DIFFERS"),
        (attrs.evolve(AS_DUE, cases={}), "no case that finds RUN-3 applies"),
        (attrs.evolve(RIGHT, status=3), "exit status 3, 0 is due"),
        (attrs.evolve(RIGHT, cases={"run/good": line("fail", "RUN-3")}), "run/good: fail: as it was"),
        (attrs.evolve(RIGHT, cases={"run/good": line("not-testable")}), "run/good: not-testable: as it was"),
        (attrs.evolve(RIGHT, cases={}), "no case passed"),
    ],
)
def test_run_that_went_wrong_is_a_problem(changed: Seen, problem: str) -> None:
    """Exit status, processes left behind and the recomputed verdicts count too, and nothing at all is no pass."""
    assert any(problem in told for told in changed.problems()), changed.problems()


def test_run_without_a_report_is_a_problem() -> None:
    """A kit that dies before it writes a report is told with what it printed, and the other runs go on."""
    trials = [
        Trial(file="no_such_worker", way="pickle", wrong=WRONG, cases=("no/such-case",)),
        Trial(file="right_command", way="command", wrong=None, cases=("cmd/exit-status-0",)),
    ]
    missing, right = Trials(2).run(trials)

    assert "no case has such an id" in " ".join(missing.problems())
    assert "No such file" in missing.anew
    assert right.problems() == []


def test_trials_that_were_left_start_no_more() -> None:
    """Whoever stops reading the runs ends them all."""
    trials = Trials(1)
    runs = trials.run([Trial(file="right_command", way="command", wrong=None, cases=("cmd/exit-status-0",))] * 3)
    next(runs)
    del runs

    with pytest.raises(Interrupted):
        next(trials.run([Trial(file="right_command", way="command", wrong=None)]))


def test_process_that_a_run_left_is_found_and_ended() -> None:
    """The search for what a run left behind does find a process that lives, and ends it."""
    mark = "a mark of this test"
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE, env={MARK: mark}) as living:
        found = _left(f"{MARK}={mark}")
        assert living.wait(20) == -9

    assert [text.partition(" ")[0] for text in found] == [str(living.pid)]
    assert _left(f"{MARK}={mark}") == ()
