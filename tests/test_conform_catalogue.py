"""Tests of ``spreadjobs_conform.catalogue``, ``registry``, ``explain`` and the case files' form."""

from __future__ import annotations

import json
import re

import pytest
from spreadjobs_conform.catalogue import all_cases, choose
from spreadjobs_conform.explain import explain, list_json, list_text
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.masters.catalogue import master_cases
from spreadjobs_conform.registry import Case
from spreadjobs_conform.required import load_required
from spreadjobs_conform.requirements import load_requirements

CASES = all_cases()
REQUIREMENTS = load_requirements()
FAMILIES = {"exec", "prep", "wire", "data", "run", "out", "busy", "err", "eof", "cmd"}


def chosen(*, case: tuple[str, ...] = (), skip: tuple[str, ...] = (), req: tuple[str, ...] = ()) -> list[str]:
    """The ids of the cases that these options leave."""
    return [found.id for found in choose(CASES, REQUIREMENTS, patterns=case, skipped=skip, ids=req)]


def test_ids_are_unique_and_families_complete() -> None:
    """Every family of the design has cases, and no id occurs twice."""
    assert len({case.id for case in CASES}) == len(CASES) >= 45
    assert {case.family for case in CASES} == FAMILIES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case_is_well_formed(case: Case) -> None:
    """A case has an id of its form, a sentence, known requirements of workers, a level and checks of its own."""
    assert re.fullmatch(r"[a-z]+/[a-z0-9]+(-[a-z0-9]+)*", case.id)
    assert case.summary.endswith(".")
    assert case.checks > 0
    assert case.level(REQUIREMENTS) in ("MUST", "SHOULD")
    assert REQUIREMENTS[case.requirements[0]].party == "worker"
    assert set(case.requirements) <= set(REQUIREMENTS)
    assert (case.worker_class == "command") == (case.family == "cmd")


def test_every_duty_of_a_worker_has_a_case() -> None:
    """Each MUST and SHOULD of workers that can be tested is cited by a case."""
    duties = {r.id for r in REQUIREMENTS.values() if r.party == "worker" and r.level != "MAY" and not r.untestable}

    assert duties - {name for case in CASES for name in case.requirements} == set()


def test_choice_follows_the_options() -> None:
    """Cases are chosen by globs and requirements, and left out by globs."""
    assert chosen() == [case.id for case in CASES]
    assert chosen(case=("eof/status-*",), skip=("*-idle",)) == ["eof/status-after-failures", "eof/status-when-prepared"]
    assert chosen(req=("CMD-4",)) == ["cmd/exit-status-0"]


@pytest.mark.parametrize(
    ("case", "skip", "req", "named"),
    [
        (("data/nothing*",), (), (), "--case data/nothing"),
        ((), ("zzz",), (), "--skip zzz"),
        ((), (), ("RUN-999",), "no such requirement"),
        ((), (), ("RUN-1",), "of the master"),
        ((), (), ("EXEC-6",), "a MAY that no case tests"),
        (("data/*",), (), ("CMD-4",), "nothing is selected"),
    ],
)
def test_choice_of_nothing_is_refused(
    case: tuple[str, ...], skip: tuple[str, ...], req: tuple[str, ...], named: str
) -> None:
    """A pattern or an id that matches nothing is no reason to be green."""
    with pytest.raises(UsageFault, match=re.escape(named)):
        chosen(case=case, skip=skip, req=req)


def test_list_is_complete() -> None:
    """The list has every case, for machines and for people."""
    records = json.loads(list_json(CASES, REQUIREMENTS, load_required()))

    assert [record["case"] for record in records] == [case.id for case in CASES]
    assert set(records[0]) == {"case", "requirements", "level", "family", "scored", "applies", "summary"}
    assert list_text(CASES, REQUIREMENTS, load_required()).splitlines()[-1] == f"{len(CASES)} cases"
    assert all(record["scored"] for record in records)


def test_case_that_does_not_score_is_marked_in_the_list() -> None:
    """A case that came after the required set was frozen says so."""
    first, *_ = list_text(CASES, REQUIREMENTS, frozenset()).splitlines()

    assert first.endswith("  (not scored)")
    assert not any(record["scored"] for record in json.loads(list_json(CASES, REQUIREMENTS, frozenset())))


@pytest.mark.parametrize(
    ("subject", "parts"),
    [
        ("RUN-5", ["RUN-5 (MUST, worker)", "run/task-id-0: "]),
        ("json-1", ["applies to: json"]),
        ("PREP-1", ["PREP-1 (MUST, master)", "master-prep/items-in-order: "]),
        ("master-prep/items-in-order", ["class master; codecs pickle, json\n", "PREP-1 (MUST, master)"]),
        ("EXEC-5", ["EXEC-5 (MAY, master)", "no case of its own: it is checked wherever it matters"]),
        ("EXEC-6", ["checked wherever it matters"]),
        ("data/sets", ["comes back as a set", "needs: op:echo, type:set", "codecs pickle", "DATA-1 (MUST"]),
        ("cmd/exit-status-0", ["class command\n"]),
    ],
)
def test_explanation_tells(subject: str, parts: list[str]) -> None:
    """A requirement is shown with its cases, a case with its requirements."""
    text = explain(subject, (*CASES, *master_cases()), REQUIREMENTS)

    assert all(part in text for part in parts), text


def test_requirement_of_a_master_without_a_case_says_so() -> None:
    """What binds a master and no case tests is not called checked."""
    assert explain("RUN-1", CASES, REQUIREMENTS).endswith("\n  no case of its own: none tests it yet")


@pytest.mark.parametrize(("subject", "hint"), [("run/task-id0", "near it are run/task-id-0"), ("qqqq", "`list`")])
def test_unknown_subject_is_refused(subject: str, hint: str) -> None:
    """What is neither is refused, with what is near it."""
    with pytest.raises(UsageFault, match=re.escape(hint)):
        explain(subject, CASES, REQUIREMENTS)
