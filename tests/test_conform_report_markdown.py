"""Tests of ``spreadjobs_conform.report_markdown``: the summary of a CI, and that of a terminal."""

from __future__ import annotations

import re

from hypothesis import given, settings
from kit_reports import HOSTILE, any_report, case, header, hostile, report, whole
from markdown_it import MarkdownIt
from page_reading import Page
from spreadjobs_conform.report_markdown import MAX_FOLDED, as_markdown, as_text
from spreadjobs_conform.report_read import Report
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Status


def page(*reports: Report) -> Page:
    """The summary as a CI service shows it."""
    text = as_markdown(reports, load_requirements())
    return Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


@given(any_report())
@settings(deadline=None)
def test_the_verdict_is_that_of_the_run(read: Report) -> None:
    """CONFORMANT stands there exactly if the exit status is 0."""
    verdict = page(read).texts["td"][1]

    assert verdict.startswith("CONFORMANT") == (read.exit is Exit.CONFORMANT)


def test_failures_have_a_table_and_a_folded_account() -> None:
    """What came, what was due and the cure are seen at once; rule, conversation and command are folded."""
    seen = page(report(whole(case("run/a"), case("run/b", Status.FAIL))))

    row = [cell.strip() for cell in seen.texts["tr"][-1].strip().split("\n")]
    assert row == ["run/b", "✗ fail", "MUST RUN-5", "5", "0", "send the id of the request"]
    assert seen.tags().count("details") == 1
    account = seen.texts["pre"][0]
    for part in (
        "rule:   RUN-5 (MUST)",
        "((5, 0), None, None)",
        "  | a complaint",
        "again:  spread-jobs-conform --case run/b",
    ):
        assert part in account


def test_a_workers_bytes_break_nothing() -> None:
    """Pipes, backticks, line ends and HTML of a worker are text, in tables, in blocks and in lists."""
    reads = [
        report(whole(hostile("run/a"), hostile("run/b", Status.NOT_TESTABLE), command=[HOSTILE], problems=[HOSTILE]))
        for _ in range(2)
    ]

    seen = page(*reads)

    assert not seen.mismatched
    assert set(seen.tags()) == {
        *("h1", "h2", "table", "thead", "tbody", "tr", "th", "td", "strong"),
        *("ul", "li", "details", "summary", "pre", "code"),
    }
    assert "<script>alert(1)</script>" in seen.texts["td"][0] + seen.texts["pre"][0]
    assert len({row.count("\n") for row in seen.texts["tr"][:3]}) == 1


def test_several_reports_have_a_matrix() -> None:
    """A row a case, a column a worker; a case that one of them was not asked is not shown as passed."""
    seen = page(report(whole(case("run/a"), case("run/b", Status.KNOWN))), report(whole(case("run/a", Status.FAIL))))

    rows = [[cell.strip() for cell in row.strip().split("\n")] for row in seen.texts["tr"]]
    assert ["run/a", "✓ pass", "✗ fail"] in rows
    assert ["run/b", "✗ known", "not run"] in rows


def test_a_run_that_fails_everywhere_stays_small() -> None:
    """CI services cut summaries of more than a megabyte: the conversations of the first failures are enough."""
    many = [case(f"run/{number}", Status.FAIL) for number in range(MAX_FOLDED + 2)]

    text = as_markdown([report(whole(*many))], load_requirements())

    assert text.count("<details>") == MAX_FOLDED
    assert "The conversations of 2 more are left out here." in text


def test_an_incomplete_report_says_so() -> None:
    """In both summaries, with how many cases there are."""
    read = report([header(3), case("run/a")])

    for text in (as_text([read], load_requirements()), as_markdown([read], load_requirements())):
        assert "INCOMPLETE" in text
        assert "1 of 3 cases are there" in text


def test_the_text_summary_tells_failures_and_differences() -> None:
    """What a person wants first: the verdict, the failures with their cure, and where workers differ."""
    cases = [case("run/a"), case("run/b", Status.FAIL)]
    one, other = report(whole(*cases)), report(whole(case("run/a"), case("run/b")))

    text = as_text([one, other], load_requirements())

    for part in (
        "NOT CONFORMANT",
        "- fail  run/b  (MUST)",
        "    cure:   send the id of the request",
        "1 pass, 1 fail in 1.5 s",
    ):
        assert part in text
    assert re.search(r"\nrun/b +fail +pass\n", text)
    assert not re.search(r"\nrun/a ", text)
    assert "differ in no case" in as_text([one, one], load_requirements())
