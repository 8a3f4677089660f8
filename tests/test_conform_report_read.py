"""Tests of ``spreadjobs_conform.report_read``: a report as typed values."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit_reports import Line, case, footer, header, report, whole, written
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.report_read import read_reports, worst_exit
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Status


def test_the_values_are_those_of_the_lines() -> None:
    """What a report says of header, case, event and footer is there with its type."""
    read = report(whole(case("run/task-id-0", Status.FAIL), strict=True))

    (found,) = read.cases
    assert (read.header.command, read.header.strict) == (("/usr/bin/python3", "/home/me/worker.py"), True)
    assert (found.status, found.violated, found.took_s) == (Status.FAIL, ("RUN-5",), 0.25)
    assert [said.size_bytes for said in found.transcript] == [0, 9]
    assert (read.exit, read.incomplete, read.took_s, read.name) == (Exit.FAILED, "", 1.5, "python3 worker.py")


def test_a_failure_is_told_with_its_rule_and_how_to_see_it_again() -> None:
    """Summary, what came, what was due, the sentence of the specification, the cure and the command."""
    read = report(whole(case("run/task-id-0", Status.FAIL)))

    account = read.cases[0].account(load_requirements(), read.again(read.cases[0]))

    assert [label for label, _ in account] == ["shows", "came", "due", "hang", "rule", "cure", "again"]
    assert dict(account)["rule"].startswith("RUN-5 (MUST): ")
    assert dict(account)["again"] == "spread-jobs-conform --case run/task-id-0 -- python3 worker.py"


def test_a_report_of_an_earlier_kit_may_say_less() -> None:
    """Fields that were added later may be missing; what is there is shown."""
    line = case("run/a", Status.FAIL)
    for key in ("summary", "hang", "evidence"):
        del line[key]

    (found,) = report(whole(line)).cases

    assert [label for label, _ in found.account(load_requirements(), "")] == ["came", "due", "rule", "cure"]
    assert [title for title, _ in found.blocks()] == ["conversation", "last lines of its standard error"]


def test_a_requirement_of_another_kit_is_no_fault() -> None:
    """A report of a later version may break rules that this kit does not know."""
    read = report(whole(case("run/new", Status.FAIL, violated=["NEW-1"])))

    assert "rule" not in dict(read.cases[0].account(load_requirements(), ""))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([header(2), case("run/a")], "it has no footer, and 1 of 2 cases are there"),
        ([header(2), case("run/a"), footer([])], "1 of 2 cases are there"),
        ([header(1), case("run/a"), footer([], complete=False)], "did not come to its end: 1 of 1"),
        (whole(), "no case was run"),
        (whole(case("run/a", Status.NOT_APPLICABLE)), "no case was run"),
    ],
)
def test_a_report_that_is_not_whole_counts_as_failed(lines: list[Line], why: str) -> None:
    """Cut short, interrupted, or of nothing at all: it says why, and is never green."""
    read = report(lines)

    assert why in read.incomplete
    assert (read.exit, read.verdict()) == (Exit.FAILED, "INCOMPLETE")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([header(1, selected="1")], "r.jsonl:1: header: selected: '1' came, a whole number is due"),
        ([header(1, selected=True)], "r.jsonl:1: header: selected: True came, a whole number is due"),
        ([header(1, selected=-1)], "a number that is not negative is due"),
        ([header(1, command="ls")], "r.jsonl:1: header: command: 'ls' came, an array is due"),
        ([header(1, command=[1])], "1 came, an array of strings is due"),
        ([header(1, started="today")], "started: 'today' came, a time as ISO 8601 has it is due"),
        (
            [header(1), {**case("a/b"), "status": "fine"}],
            "r.jsonl:2: case: status: 'fine' came, one of pass, fail, known",
        ),
        ([header(1), case("a/b", level="MAY")], "level: 'MAY' came, MUST or SHOULD is due"),
        ([header(1), case("a/b", took_s=float("nan"))], "took_s: nan came, a number of seconds is due"),
        ([header(1), case("a/b", transcript=[1])], "transcript: 1 came, an array of objects is due"),
        ([header(1), case("a/b", transcript=[{"at_s": 0}])], "r.jsonl:2: case: actor: it is missing, a string is due"),
        ([header(2), case("a/b"), case("a/b")], "r.jsonl:3: case: case 'a/b' is there a second time"),
        ([header(0), {"kind": "footer"}], "r.jsonl:2: footer: complete: it is missing, true or false is due"),
    ],
)
def test_a_line_that_is_no_such_record_is_told_with_its_place(lines: list[Line], told: str) -> None:
    """File, line, kind, field, what came and what is due."""
    with pytest.raises(UsageFault) as caught:
        report(lines)

    assert told in str(caught.value)


def test_a_green_footer_over_red_cases_is_refused() -> None:
    """A report that was edited is not shown as if nothing had failed."""
    lines = whole(case("run/a", Status.FAIL))
    lines[-1]["exit_status"] = 0

    with pytest.raises(UsageFault, match=r"r\.jsonl:3: footer: exit_status is 0, the cases give 1"):
        report(lines)


def test_workers_are_told_apart(tmp_path: Path) -> None:
    """Names are given, made of commands, or told apart by codec or number; no two are the same."""
    long = ["/opt/w", "--some-option-of-many-words", "--another-option"]
    changes: list[dict[str, object]] = [{}, {"codec": "json"}, {}, {"command": long}, {"command": [" "]}]
    paths = [
        Path(written(tmp_path / f"{number}.jsonl", [header(1, **change), case("run/a"), footer([case("run/a")])]))
        for number, change in enumerate(changes)
    ]

    assert [read.name for read in read_reports(paths, ["rust"])] == [
        "rust",
        "python3 worker.py",
        "python3 worker.py (pickle, tagged)",
        "w --some-option-of-many-words --anoth...",
        "' '",
    ]
    assert [read.name for read in read_reports([paths[0]] * 3)] == [
        "python3 worker.py",
        "python3 worker.py #2",
        "python3 worker.py #3",
    ]


def test_the_worst_report_gives_the_exit_status() -> None:
    """A fault of the kit is worse than a failure, and that is worse than what was not tested."""
    reports = [
        report(whole(case("run/a", status)))
        for status in (Status.PASS, Status.NOT_TESTABLE, Status.FAIL, Status.HARNESS_ERROR)
    ]

    assert [int(worst_exit(reports[:count])) for count in (1, 2, 3, 4)] == [0, 3, 1, 5]
