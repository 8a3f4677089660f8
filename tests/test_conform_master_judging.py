"""``spreadjobs_conform.masters.judging``: what becomes of cases for masters; a pass means that something was seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType

import attrs
import pytest
from master_runs import echoes, made, performer
from spreadjobs_conform.diagnosis import CUT_SHORT
from spreadjobs_conform.findings import CannotStart, HarnessFault, Interrupted
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.catalogue import gathered
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.judging import MasterRunner, judged
from spreadjobs_conform.masters.play import Performer, Play, echo
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Status, judge

REQUIREMENTS = load_requirements()


def runner(name: str, *words: str, scale: float = 1.0, required: frozenset[str] | None = None) -> MasterRunner:
    """A run of one of the masters of the tests."""
    return MasterRunner(performer(name, *words, scale=scale), REQUIREMENTS, required)


def test_pass_needs_the_checks_that_were_declared() -> None:
    """A case that made fewer checks than it declares is a fault of the kit, and the run has status 5."""
    enough = judged(made("a/enough", echoes, checks=2), performer("ours"), "MUST")
    fewer = judged(made("a/fewer", echoes, checks=3), performer("ours"), "MUST")

    assert (enough.status, enough.checks) == (Status.PASS, 2)
    assert fewer.status is Status.HARNESS_ERROR
    assert fewer.reason == "2 checks were made, 3 are declared: this pass proves nothing"
    assert judge([enough, fewer], (), strict=False).exit is Exit.KIT_FAULT


def test_exception_in_a_case_is_a_fault_of_the_kit() -> None:
    """Where a case or one of its roles goes wrong itself, the verdict says so, with the place."""

    def broken_role(_: Actor) -> None:
        raise LookupError("in the role")

    def in_role(play: Play) -> None:
        play.run(Job(tasks=["a"]), broken_role)

    def in_body(play: Play) -> None:
        echoes(play)
        raise LookupError("in the body")

    for body, words in ((in_role, "in the role"), (in_body, "in the body")):
        verdict = judged(made("a/broken", body), performer("ours"), "MUST")

        assert verdict.status is Status.HARNESS_ERROR
        assert verdict.reason.rstrip().endswith(f"LookupError: {words}")


def test_case_without_workers_blames_the_master() -> None:
    """A case that finds no worker to look at is failed by the master that started none, and is no fault of the kit."""

    def looks(play: Play) -> None:
        play.run(Job(tasks=["a"]), echo)
        play.check("JOB-1", play.actors[0].name == "1.1", "another name", "1.1")

    verdict = judged(made("a/looks", looks), performer("starts_nobody"), "MUST")

    assert (verdict.status, verdict.violated) == (Status.FAIL, ("JOB-1",))
    assert verdict.came.startswith("the master started no worker for a job: codec pickle, 1 task")


def test_case_of_a_should_in_which_no_account_comes_counts() -> None:
    """A master that crashes breaks a MUST, whatever the case is about. [JOB-1]"""
    should = made("a/should", echoes, "RUN-16")

    crashed = runner("crashes").run_case(should)
    wrong = runner("answers_text").run_case(made("a/wrong", _wants_an_int, "RUN-16"))

    assert (crashed.status, crashed.level, crashed.violated) == (Status.FAIL, "MUST", ("RUN-16", "JOB-1"))
    assert (wrong.status, wrong.level) == (Status.FAIL, "SHOULD")


def _wants_an_int(play: Play) -> None:
    play.run(Job(tasks=[1]), echo)
    play.check_answers([1])


def test_verdicts_keep_their_order_and_idle_cases_begin_first() -> None:
    """Cases that wait for seconds run beside the others and are told last, and those that do not score behind all."""
    others_ran = threading.Event()
    seen: list[bool] = []

    def wait(play: Play) -> None:
        seen.append(others_ran.wait(20))
        play.checks = 1

    def work(play: Play) -> None:
        others_ran.set()
        play.checks = 1

    cases = [made("a/idle", wait, idle=True), made("a/later", work), made("a/work", work)]
    verdicts = list(runner("ours", required=frozenset({"a/idle", "a/work"})).run(cases, 2))

    assert [(each.case.id, each.status, each.scored) for each in verdicts] == [
        ("a/work", Status.PASS, True),
        ("a/idle", Status.PASS, True),
        ("a/later", Status.PASS, False),
    ]
    assert seen == [True]


def test_rehearsal_that_fails_stops_nothing_where_a_case_passes() -> None:
    """Where the simplest job is not told but a case passes, the cases are run, all of them."""

    def two(play: Play) -> None:
        play.run(Job(tasks=["a", "b"]), echo)
        play.check_answers(["a", "b"])

    verdicts = list(runner("shy").run([made("a/two", two), made("a/one", echoes), made("a/again", two)], 2))

    assert [each.status for each in verdicts] == [Status.PASS, Status.FAIL, Status.PASS]


def test_waits_are_cut_short_after_three_hangs() -> None:
    """A master that hangs in every case is waited for in three of them; the others say that they waited less."""
    # Below four times what the simplest job takes, no wait would be cut.
    tried = runner("ours", scale=0.05)
    tried.patience.rehearsed(0.0)
    over = threading.Event()

    def role(actor: Actor) -> None:
        actor.until(over.is_set)

    def body(play: Play) -> None:
        play.run(Job(tasks=["a"]), role)

    verdicts = [tried.run_case(made(f"a/{number}", body)) for number in range(4)]

    assert [each.status for each in verdicts] == [Status.FAIL] * 4
    assert [CUT_SHORT in each.hang for each in verdicts] == [False] * 3 + [True]
    assert tried.patience.cut().startswith(
        "3 cases met a master that did not go on; the waits of 1 more were cut to 20%"
    )
    assert runner("ours").patience.cut() == ""


@pytest.mark.parametrize("first", [True, False])
def test_command_that_cannot_be_started(first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The first start that fails ends the run; a later one is a fault of the case alone, and no pass."""
    missing = MasterRunner(Performer(command=("/no/such/master",), codec="pickle"), REQUIREMENTS)
    case = made("a/case", echoes)

    if first:
        with pytest.raises(CannotStart, match="/no/such/master"):
            missing.run_case(case, first=True)
    else:
        verdict = missing.run_case(case)
        assert verdict.status is Status.HARNESS_ERROR
        assert verdict.reason.startswith("it had started before, but now: ")


def test_stopped_run_has_no_verdicts() -> None:
    """Once the run is stopped, a case ends with its master, and not with a verdict."""
    master = performer("ours")
    stopped = attrs.evolve(master, stop=threading.Event())
    stopped.stop.set()

    with pytest.raises(Interrupted):
        judged(made("a/case", echoes), stopped, "MUST")


def test_two_cases_of_one_id_are_a_fault_of_the_kit() -> None:
    """An id stands for one case for ever, or a report could not be read."""
    modules: list[ModuleType] = []
    bodies: tuple[Callable[[Play], None], ...] = (echoes, _wants_an_int)
    for number, body in enumerate(bodies):
        module = ModuleType(f"cases_{number}")
        vars(module)["made"] = (made("a/same", body),)
        modules.append(module)

    assert [case.id for case in gathered(tuple(modules[:1]))] == ["a/same"]
    with pytest.raises(HarnessFault, match="two cases for masters have the id a/same"):
        gathered(tuple(modules))
