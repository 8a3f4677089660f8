"""Tests of ``spreadjobs_conform.report_tap``: TAP 14, red exactly if the run failed."""

from __future__ import annotations

import json
import re

from hypothesis import given, settings
from kit_reports import any_report, case, header, hostile, report, whole
from spreadjobs_conform.report_read import NOT_SCORED, Report
from spreadjobs_conform.report_tap import tap14
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Status

POINT = re.compile(r"(not )?ok (\d+) - ((?:[^#\\]|\\[#\\])*?)(?: # (SKIP|TODO) ((?:[^#\\]|\\[#\\])+))?")
BLOCK = re.compile(r'  (---|\.\.\.|\w+:|\w+: "(\\.|[^"\\])*"|  - "(\\.|[^"\\])*")')


def lines(*reports: Report) -> list[str]:
    """The lines of a stream."""
    text = tap14(reports, load_requirements())
    assert text.endswith("\n")
    return text[:-1].split("\n")


@given(any_report())
@settings(deadline=None)
def test_it_is_tap_and_red_exactly_if_the_run_failed(read: Report) -> None:
    """Version, plan, points that count up to the plan, YAML, and a bail-out where points are missing."""
    version, plan, *body = lines(read)

    points = [found for line in body if (found := POINT.fullmatch(line))]
    rest = [line for line in body if not POINT.fullmatch(line)]
    assert version == "TAP version 14"
    assert [found[2] for found in points] == [str(number) for number in range(1, len(points) + 1)]
    assert all(BLOCK.fullmatch(line) or line.startswith("Bail out! ") for line in rest)
    bails = [line for line in body if line.startswith("Bail out! ")]
    assert bails == body[len(body) - len(bails) :]
    assert bails or plan == f"1..{len(points)}"
    red = bool(bails) or any(found[1] and found[4] != "TODO" for found in points)
    assert red == (read.exit not in (Exit.CONFORMANT, Exit.NOT_TESTED))


def test_every_status_has_its_form() -> None:
    """Known and flaky failures are TODO, what was not run is SKIP, each with the reason."""
    cases = [case(f"run/{status.value}", status) for status in Status]

    later = case("run/later", Status.FAIL, scored=False)

    points = [line for line in lines(report(whole(*cases, later))) if POINT.fullmatch(line)]

    reason = "5 came; 0 was due (RUN-5)"
    assert points == [
        "ok 1 - run/pass",
        "not ok 2 - run/fail",
        f"not ok 3 - run/known # TODO known: {reason}",
        f"not ok 4 - run/flaky # TODO flaky: {reason}",
        f"ok 5 - run/not-applicable # SKIP not-applicable: {reason}",
        f"ok 6 - run/not-testable # SKIP not-testable: {reason}",
        "not ok 7 - run/harness-error",
        f"not ok 8 - run/later # TODO {NOT_SCORED}",
    ]


def test_a_failure_has_its_diagnosis() -> None:
    """The YAML block has what came, what was due, the rules, the cure and how to see it again."""
    body = lines(report(whole(case("run/a", Status.FAIL, violated=["RUN-5", "WIRE-4"]))))[3:]

    assert body[0] == "  ---"
    assert body[-1] == "  ..."
    assert '  came: "5"' in body
    assert '  cure: "send the id of the request"' in body
    assert [line[:14] for line in body[body.index("  rule:") + 1 :][:2]] == ['    - "RUN-5 (', '    - "WIRE-4 ']
    assert any(line.startswith('  again: "spread-jobs-conform --case run/a --') for line in body)


def test_a_workers_bytes_break_nothing() -> None:
    """Line ends, hashes, backslashes, quotes and control characters stay in their string or their reason."""
    body = lines(report(whole(hostile("run/a"), hostile("run/b", Status.KNOWN))))

    assert all(POINT.fullmatch(line) or BLOCK.fullmatch(line) for line in body[2:]), body
    came = next(line for line in body if line.startswith("  came: "))
    assert "\\x1b[2J\\x00\\r\n# \\ \\ud800" in json.loads(came.removeprefix("  came: "))
    assert "\\\\r\\\\n\\# \\\\ \\\\ud800" in body[-1]


def test_several_reports_are_one_stream() -> None:
    """Points bear the worker's name, the plan has those that are missing, and the bail-out comes last."""
    reads = (report(whole(case("run/a"), problems=["baseline: stale"])), report([header(2), case("run/b")]))

    assert lines(*reads) == [
        "TAP version 14",
        "1..4",
        "ok 1 - python3 worker.py: run/a",
        "not ok 2 - python3 worker.py: the baseline",
        "  ---",
        '  came: "baseline: stale"',
        "  ...",
        "ok 3 - python3 worker.py: run/b",
        "Bail out! python3 worker.py: the report was cut short: it has no footer, and 1 of 2 cases are there",
    ]
