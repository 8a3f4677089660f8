"""Tests of ``spreadjobs_conform.required``: the frozen set of cases that score."""

from __future__ import annotations

import threading
import time

import attrs
import pytest
from kit_scripts import SERVING
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.findings import HarnessFault
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.registry import Case
from spreadjobs_conform.required import load_required, parse_required
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.runner import Runner
from spreadjobs_conform.verdicts import Status


def test_required_cases_exist() -> None:
    """Ids are stable for ever: each case of the required set of 1.0 is there, under its name."""
    required = load_required("1.0")

    assert len(required) == 174
    assert required - {case.id for case in all_cases()} == set()


def test_required_set_of_another_version_is_missing() -> None:
    """A version of the specification without a set is a fault of the kit, not an empty set."""
    with pytest.raises(HarnessFault, match=r"required/0\.9\.txt"):
        load_required("0.9")


@pytest.mark.parametrize("text", ["", "b/b\na/a\n", "a/a\na/a\n", "a/a\n\n", "a/a \n", "nothing\n"])
def test_damaged_required_set_is_refused(text: str) -> None:
    """A set that is empty, unsorted, doubled or has lines that are no ids is not taken for one."""
    with pytest.raises(HarnessFault, match="a line each, sorted"):
        parse_required(text)


def test_cases_that_do_not_score_run_after_all_others() -> None:
    """A later case begins when the last required one has ended, so that its hangs and its load change nothing."""
    log: list[str] = []
    lock = threading.Lock()

    def logged(case: Case) -> Case:
        def body(_: object) -> None:
            with lock:
                log.append(f"begin {case.id}")
            threading.Event().wait(0.02 if case.id == "run/task-id-0" else 0)
            with lock:
                log.append(f"end {case.id}")

        return attrs.evolve(case, body=body, checks=0)

    chosen = [logged(case) for case in all_cases() if case.id in ("exec/needs-no-hints", "run/task-id-0")]
    heavy = logged(next(case for case in all_cases() if case.heavy and case.codecs == ("pickle", "json")))
    required = frozenset({"run/task-id-0", heavy.id})
    runner = Runner(SERVING, Patience(1.0, time.monotonic), load_requirements(), required=required)

    verdicts = list(runner.run([*chosen, heavy], 3))

    assert [(each.case.id, each.status, each.scored) for each in verdicts] == [
        ("run/task-id-0", Status.PASS, True),
        (heavy.id, Status.PASS, True),
        ("exec/needs-no-hints", Status.PASS, False),
    ]
    assert log[-2:] == ["begin exec/needs-no-hints", "end exec/needs-no-hints"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_cases_that_wait_run_beside_the_others(jobs: int) -> None:
    """A case that waits for seconds keeps no other one waiting, unless one is to run at a time; it is told last."""
    others_ran = threading.Event()
    seen: list[bool] = []

    def wait(_: object) -> None:
        seen.append(others_ran.wait(10 if jobs > 1 else 0))

    def work(_: object) -> None:
        others_ran.set()

    cases = [case for case in all_cases() if case.id in ("exec/needs-no-hints", "run/task-id-0")]
    idle = [attrs.evolve(case, body=wait, checks=0, idle=True) for case in all_cases() if case.idle][:3]
    chosen = [*idle, *(attrs.evolve(case, body=work, checks=0) for case in cases)]
    runner = Runner(SERVING, Patience(1.0, time.monotonic), load_requirements(), required=None)

    verdicts = list(runner.run(chosen, jobs))

    assert [each.case.id for each in verdicts] == [case.id for case in (*chosen[3:], *idle)]
    assert seen == [jobs > 1] * 3
