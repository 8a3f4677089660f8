"""Tests of ``spreadjobs_conform.report_junit``: a file that CI readers take, red exactly if the run failed."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from kit_reports import any_report, case, header, hostile, report, whole
from spreadjobs_conform.report_junit import junit
from spreadjobs_conform.report_read import NOT_SCORED, Report
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Status
from xmlschema import XMLSchema

SCHEMA: Final = XMLSchema(str(Path(__file__).parent / "data" / "junit.xsd"))
REQUIREMENTS: Final = load_requirements()


def made(*reports: Report) -> ET.Element:
    """The tree of a valid file."""
    text = junit(reports, REQUIREMENTS)
    SCHEMA.validate(text)
    return ET.fromstring(text)  # noqa: S314 - this test wrote it


@given(any_report())
@settings(deadline=None)
def test_it_is_valid_and_red_exactly_if_the_run_failed(read: Report) -> None:
    """Whatever became of a run, the schema allows its file, and a reader of it comes to the same outcome."""
    (suite,) = made(read)

    counted = {name: len(suite.findall(f"testcase/{name}")) for name in ("failure", "error", "skipped")}
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    assert [suite.get(name) for name in ("failures", "errors", "skipped")] == [str(n) for n in counted.values()]
    assert bool(counted["failure"] + counted["error"]) == (read.exit not in (Exit.CONFORMANT, Exit.NOT_TESTED))


def test_every_status_has_its_element() -> None:
    """A failure and a fault of the kit are told in full; what does not count is skipped, with the reason."""
    cases = [case(f"run/{status.value}", status) for status in Status]
    later = [case(f"later/{each.value}", each, scored=False) for each in (Status.FAIL, Status.HARNESS_ERROR)]
    (suite,) = made(report(whole(*cases, case("run/should", Status.FAIL, level="SHOULD"), *later)))

    endings = {
        each.get("name"): [(child.tag, child.get("message", "")) for child in each] for each in suite.iter("testcase")
    }
    reason = "5 came; 0 was due (RUN-5)"
    assert endings == {
        "run/pass": [],
        "run/fail": [("failure", reason)],
        "run/known": [("skipped", f"known: {reason}")],
        "run/flaky": [("skipped", f"flaky: {reason}")],
        "run/not-applicable": [("skipped", f"not-applicable: {reason}")],
        "run/not-testable": [("skipped", f"not-testable: {reason}")],
        "run/harness-error": [("error", reason)],
        "run/should": [("skipped", f"a SHOULD that failed, which counts with --strict alone: {reason}")],
        "later/fail": [("skipped", f"{NOT_SCORED}: {reason}")],
        "later/harness-error": [("skipped", f"{NOT_SCORED}: {reason}")],
    }
    text = suite.findtext("testcase/failure") or ""
    for part in (
        "rule:   RUN-5 (MUST)",
        "cure:   send the id",
        "((5, 0), None, None) [9 bytes from byte 20]",
        "  | a complaint",
        "PROTO 4",
    ):
        assert part in text


def test_what_xml_cannot_carry_is_shown_as_escapes() -> None:
    """Control characters and lone surrogates of a worker are seen, and its markup is text."""
    (suite,) = made(
        report(whole(hostile("run/a"), hostile("run/b", Status.HARNESS_ERROR), hostile("run/c", Status.KNOWN)))
    )

    text = suite.findtext("testcase/failure") or ""
    assert "</script><script>alert(1)</script>" in text
    assert "\\x1b[2J\\x00\\r\\n# \\ \\ud800 ]]>" in text
    assert "\\u202eé😀" in text


def test_several_reports_are_several_suites() -> None:
    """Each worker is a suite, and its cases bear its name, without the dots that readers take for packages."""
    reads = (report(whole(case("run/a"))), report([header(2), case("run/a")]))

    first, second = made(*reads)

    assert (first.get("id"), second.get("id")) == ("0", "1")
    assert [each.get("classname") for each in second.iter("testcase")] == [
        "spread-jobs-conform.python3 worker_py.run",
        "spread-jobs-conform.python3 worker_py.run-itself",
    ]
    assert "1 of 2 cases are there" in (second.findtext("testcase/failure") or "")
