"""Tests of ``spreadjobs_conform.report_html``: one page that needs nothing else and runs nothing of a worker."""

from __future__ import annotations

import base64
import hashlib
import re

import attrs
from hypothesis import given, settings
from kit_reports import HOSTILE, any_report, case, header, hostile, report, whole
from page_reading import Page
from spreadjobs_conform.report_html import page
from spreadjobs_conform.report_read import Report
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Status


def made(*reports: Report) -> Page:
    """The page as a browser reads it."""
    return Page(page(reports, load_requirements()))


def all_hostile() -> Page:
    """A page in which every text is a worker's."""
    cases = [hostile("run/a"), hostile("run/b", Status.NOT_TESTABLE), hostile(f"run/{HOSTILE}", Status.HARNESS_ERROR)]
    reads = [report(whole(*cases, command=[HOSTILE], again=HOSTILE, problems=[HOSTILE])) for _ in range(2)]
    return made(*reads)


def test_a_workers_bytes_run_nothing_and_break_nothing() -> None:
    """Whatever a worker wrote is text: no element, no attribute and no script is made of it."""
    plain = made(report(whole(case("run/a", Status.FAIL))))
    seen = all_hostile()

    assert not plain.mismatched + seen.mismatched
    assert seen.tags().count("script") == 1
    assert seen.texts["script"] == plain.texts["script"]
    assert set(seen.tags()) - set(plain.tags()) <= {"ul", "li", "p"}
    names = {name for _, attributes in seen.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("src", "srcdoc", "style")]
    assert "<script>alert(1)</script>" in seen.texts["article"][0]
    assert "\\x1b[2J\\x00\\r" in seen.texts["article"][0]
    assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\u202e]", "".join(seen.texts["html"]))


def test_the_policy_allows_this_one_script() -> None:
    """Even if an escape were wrong, a browser would run nothing but the script whose digest the page names."""
    seen = all_hostile()

    policy = next(
        meta["content"] or "" for meta in seen.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    )
    digest = base64.b64encode(hashlib.sha256(seen.texts["script"][0].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy


def test_nothing_comes_from_elsewhere() -> None:
    """No link leaves the page, and every link in it leads somewhere."""
    seen = made(report(whole(case("run/a", Status.FAIL), case("run/b", Status.NOT_TESTABLE))))

    places = {attributes.get("id") for _, attributes in seen.elements}
    targets = [link["href"] or "" for link in seen.of("a")]
    assert targets
    assert all(target.startswith("#") and target[1:] in places for target in targets)
    assert not {"link", "img", "iframe", "object", "base"} & set(seen.tags())
    assert "url(" not in seen.texts["style"][0]
    assert "@import" not in seen.texts["style"][0]


def test_the_matrix_has_a_row_a_case_and_a_column_a_worker() -> None:
    """Cells say the status in words, by header cells of row, column and family; failures lead to their account."""
    cases = [case("run/a"), case("err/x"), case("run/b", Status.FAIL)]
    reads = [report(whole(*cases)), attrs.evolve(report(whole(case("run/a", Status.FLAKY))), name="go")]
    seen = made(*reads)

    rows = [" ".join(row.split()) for row in seen.texts["tr"]]
    assert rows[0].startswith("Case python3 worker.py go Level ")
    assert [row.partition(" MUST")[0] for row in rows[1:6]] == [
        "run",
        "run/a ✓ pass ✗ flaky",
        "run/b ✗ fail not-run",
        "err",
        "err/x ✓ pass not-run",
    ]
    scopes = [cell.get("scope") for cell in seen.of("th")]
    assert [scopes.count(scope) for scope in ("rowgroup", "row")] == [2, 3]
    assert None not in scopes
    assert [article["id"] for article in seen.of("article")] == ["account-0-2", "account-1-0"]


def test_an_account_has_all_that_is_known_of_a_failure() -> None:
    """What came and was due, the rule, the cure, the command, the conversation with its bytes, standard error."""
    (account,) = made(report(whole(case("run/b", Status.FAIL)))).texts["article"]

    for part in (
        "send the id of the request",
        "RUN-5 (MUST): ",
        "--case run/b",
        "\\x80\\x04",
        "a complaint",
        "0.100",
        "PROTO 4",
    ):
        assert part in account


def test_it_can_be_read_without_the_script() -> None:
    """Only the filters are hidden where no script runs; the viewport is that of a phone; there is a dark scheme."""
    seen = made(report(whole(case("run/b", Status.FAIL))))

    hidden = [(tag, attributes.get("id")) for tag, attributes in seen.elements if "hidden" in attributes]
    assert hidden == [("form", "filters"), ("p", "none")]
    assert {meta.get("name"): meta.get("content") for meta in seen.of("meta")}[
        "viewport"
    ] == "width=device-width, initial-scale=1"
    assert "prefers-color-scheme: dark" in seen.texts["style"][0]


def test_an_incomplete_report_says_so() -> None:
    """In the title, at the worker, and with how many cases there are."""
    seen = made(report([header(3), case("run/a")]))

    assert seen.texts["title"] == ["spread-jobs 1.0: incomplete"]
    assert "1 of 3 cases are there" in seen.texts["header"][0]


@given(any_report())
@settings(deadline=None, max_examples=20)
def test_the_page_of_any_run_is_well_formed(read: Report) -> None:
    """Whatever became of a run, there is a page with its verdict, good exactly if the exit status is 0."""
    seen = made(read)

    assert not seen.mismatched
    verdicts = [each["class"] for each in seen.of("p") if (each.get("class") or "").startswith("verdict")]
    assert verdicts == [
        {Exit.CONFORMANT: "verdict good", Exit.NOT_TESTED: "verdict open"}.get(read.exit, "verdict bad")
    ]
