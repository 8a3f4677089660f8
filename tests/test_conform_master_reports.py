"""``spread-jobs-conform master``: its reports, in every form, and what ``report`` and ``verify`` make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import kit_reports
import pytest
from kit_runs import Run, kit, kit_with_report
from master_runs import CASE, adapter
from spreadjobs_conform.report_badge import badge
from spreadjobs_conform.report_markdown import as_markdown, as_text
from spreadjobs_conform.report_options import FORMATS
from spreadjobs_conform.report_read import Report, read_reports
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Status
from xmlschema import XMLSchema

SCHEMA: Final = XMLSchema(str(Path(__file__).parent / "data" / "junit.xsd"))
REQUIREMENTS: Final = load_requirements()
WRONG: Final = "master-wire/any-pickle-protocol"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run of two cases, of which one fails, has left its reports."""
    place = tmp_path_factory.mktemp("reports")
    files = [word for name in FORMATS for word in (f"--{name}", str(place / name))]
    run = kit_with_report(place, *files, "--case", CASE, "--case", WRONG, "--", *adapter("answers_text"), verb="master")
    assert run.status == 1, run.out
    assert run.statuses() == {CASE: "pass", WRONG: "fail"}
    return place


def of_master(*cases: kit_reports.Line) -> Report:
    """A report of a master."""
    header, *others = kit_reports.whole(*cases)
    return kit_reports.report([{**header, "class": "master"}, *others])


def test_junit_is_valid_and_says_that_it_is_of_a_master(folder: Path) -> None:
    """CI readers take the file; the failure is told in full, and the class stands among the properties."""
    text = (folder / "junit").read_text("utf-8")
    SCHEMA.validate(text)
    (suite,) = ET.fromstring(text)  # noqa: S314 - this test wrote it

    properties = {each.get("name"): each.get("value") for each in suite.iter("property")}
    failures = {case.get("name"): case.findtext("failure") for case in suite.iter("testcase")}
    assert properties["class"] == "master"
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert failures[CASE] is None
    told = failures[WRONG] or ""
    assert "\nrule:   WIRE-6 (MUST): " in told
    assert "  master  to 1.1: (" in told
    assert f"again:  spread-jobs-conform master --case {WRONG} -- " in told


def test_other_forms_tell_the_failure(folder: Path) -> None:
    """TAP, Markdown, the page and the badge are those of a master, each with the failure."""
    texts = {name: (folder / name).read_text("utf-8") for name in FORMATS}

    assert f"\nnot ok 2 - {WRONG}\n" in texts["tap"]
    assert "\n| master | verdict | " in texts["markdown"]
    assert "master, pickle;" in " ".join(texts["html"].split())
    assert "tagged" not in texts["html"]
    assert "<title>spread-jobs master 1.0: 1 MUST fails</title>" in texts["badge"]
    for name in ("tap", "markdown", "html"):
        assert "hand the caller each value with its type" in texts[name]


def test_report_renders_the_same_files_anew(folder: Path, tmp_path: Path) -> None:
    """What a run writes beside its report, ``report`` makes of it, to the byte; its status is that of the run."""
    files = [word for name in FORMATS for word in (f"--{name}", str(tmp_path / name))]
    run = kit("report", str(folder / "report.jsonl"), *files)

    assert run.status == 1
    assert {name: (tmp_path / name).read_text("utf-8") for name in FORMATS} == {
        name: (folder / name).read_text("utf-8") for name in FORMATS
    }
    assert f"- fail  {WRONG}  (MUST)" in kit("report", str(folder / "report.jsonl")).out


def test_verify_says_that_it_cannot(folder: Path) -> None:
    """The verdicts of a master cannot be found again from its report: that is said, and none is called verified."""
    run = kit("verify", str(folder / "report.jsonl"))

    assert run.status == 2
    assert run.out == ""
    assert (
        "it is that of a master: what a master and its workers did is told there, and its verdicts cannot be" in run.err
    )


def test_report_on_standard_output_has_it_for_itself() -> None:
    """With ``--tap -`` the text for people goes to standard error."""
    run: Run = kit("master", "--tap", "-", "--case", CASE, "--", *adapter("ours"))

    assert run.out == f"TAP version 14\n1..1\nok 1 - {CASE}\n"
    assert "CONFORMANT in what was selected" in run.err


def test_reports_of_both_parties_stand_together() -> None:
    """A matrix of masters calls them so, and one of a worker and a master calls them programs."""
    master, worker = of_master(kit_reports.case("a/b")), kit_reports.report(kit_reports.whole(kit_reports.case("a/b")))
    failed = of_master(kit_reports.case("a/b", Status.FAIL))

    assert "# Where the masters differ" in as_text([master, failed], REQUIREMENTS)
    assert "# The programs differ in no case" in as_text([master, worker], REQUIREMENTS)
    assert "| program | verdict |" in as_markdown([master, worker], REQUIREMENTS)
    assert "<summary>masters and cases</summary>" in as_markdown([master, failed], REQUIREMENTS)
    assert "<title>spread-jobs 1.0: conformant</title>" in badge([master, worker])
    assert "<title>spread-jobs master 1.0: conformant</title>" in badge([master])


def test_fault_of_the_kit_says_nothing_about_the_master() -> None:
    """A report in which the kit failed says whom it says nothing about."""
    broken = of_master(kit_reports.case("a/b", Status.HARNESS_ERROR))

    assert broken.verdict() == "THE KIT FAILED: this says nothing about the master"


def test_report_of_a_run_that_was_cut_short_is_incomplete(folder: Path, tmp_path: Path) -> None:
    """A report without its last line counts as failed, and every form says that it is not whole."""
    lines = (folder / "report.jsonl").read_text("utf-8").splitlines(keepends=True)
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join(lines[:-1]), encoding="utf-8")

    (report,) = read_reports([cut])

    assert report.verdict() == "INCOMPLETE"
    assert kit("report", str(cut)).status == 1
