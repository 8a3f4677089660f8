"""The reports of a run, and the command ``report``: files, standard output, statuses and faults of usage."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from kit_reports import HOSTILE, case, whole, written
from kit_runs import kit, kit_with_report
from kit_scripts import RIGHT, WORKER, python
from spreadjobs_conform.verdicts import Status

ALL: Final = ("junit", "tap", "markdown", "html", "badge")
STRAY: Final = "print('loading the model', flush=True)\n" + RIGHT


def asked(folder: Path) -> list[str]:
    """Options for every format."""
    return [word for name in ALL for word in (f"--{name}", str(folder / name))]


def contents(folder: Path) -> dict[str, str]:
    """What was written."""
    return {name: (folder / name).read_text(encoding="utf-8") for name in ALL}


@pytest.mark.parametrize(("status", "worker"), [(0, WORKER), (1, python(STRAY))], ids=["right", "prints"])
def test_a_run_writes_what_the_report_gives_afterwards(status: int, worker: tuple[str, ...], tmp_path: Path) -> None:
    """The lines of the report are the one truth: made of them at once or later, every format is the same."""
    at_once, later = tmp_path / "at-once", tmp_path / "later"
    at_once.mkdir()
    later.mkdir()

    run = kit_with_report(tmp_path, *asked(at_once), "--case", "run/task-id-*", "--", *worker)
    shown = kit("report", str(tmp_path / "report.jsonl"), *asked(later))

    assert (run.status, shown.status, shown.out) == (status, status, "")
    assert contents(at_once) == contents(later)
    assert "CONFORMANT" in run.out
    assert ("conformant" in contents(later)["badge"]) == (status == 0)


def test_formats_need_no_report_file(tmp_path: Path) -> None:
    """Who wants JUnit alone need not keep the lines."""
    junit = tmp_path / "j.xml"

    run = kit("--junit", str(junit), "--case", "run/task-id-0", "--", *WORKER)

    assert run.status == 0
    (suite,) = ET.parse(junit).getroot()  # noqa: S314 - the kit wrote it
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


def test_a_run_that_could_not_start_leaves_no_green_file(tmp_path: Path) -> None:
    """Files of an earlier run are not taken for those of one that came to nothing."""
    for name in ALL:
        (tmp_path / name).write_text("an earlier one", encoding="utf-8")

    run = kit(*asked(tmp_path), "--case", "run/task-id-0", "--", str(tmp_path / "no-such-worker"))

    assert run.status == 4
    found = contents(tmp_path)
    assert 'failures="1"' in found["junit"]
    assert "\nBail out! " in found["tap"]
    assert all("INCOMPLETE" in found[name] for name in ("markdown", "html"))
    assert "incomplete" in found["badge"]


def test_standard_output_is_for_one_report(tmp_path: Path) -> None:
    """With - a report has standard output for itself: the text of the run goes to standard error."""
    run = kit_with_report(tmp_path, "--tap", "-", "--case", "run/task-id-0", "--", *WORKER)

    assert run.out == "TAP version 14\n1..1\nok 1 - run/task-id-0\n"
    assert re.search(r"\nCONFORMANT in what was selected \(\d+ cases left out\)\n\Z", run.err)
    assert kit("report", str(tmp_path / "report.jsonl"), "--tap", "-").out == run.out


def test_without_an_option_reports_are_shown_as_text(tmp_path: Path) -> None:
    """Several reports, their names, their failures, and where the workers differ."""
    one = written(tmp_path / "1.jsonl", whole(case("run/a"), case("run/b", Status.FAIL)))
    other = written(tmp_path / "2.jsonl", whole(case("run/a"), case("run/b")))

    shown = kit("report", one, other, "--name", "rust", "--name", "go")

    assert shown.status == 1
    assert "# rust\n1 pass, 1 fail in 1.5 s\nNOT CONFORMANT\n" in shown.out
    assert "# go\n2 pass in 1.5 s\nCONFORMANT\n" in shown.out
    assert "run/b  fail  pass\n" in shown.out


@pytest.mark.parametrize(
    ("status", "others"), [(0, []), (3, [Status.NOT_TESTABLE]), (1, [Status.NOT_TESTABLE, Status.FAIL])]
)
def test_the_status_is_that_of_the_worst_report(status: int, others: list[Status], tmp_path: Path) -> None:
    """One worker that fails makes the matrix fail."""
    ends = [Status.PASS, *others]
    paths = [written(tmp_path / f"{number}.jsonl", whole(case("run/a", end))) for number, end in enumerate(ends)]

    assert kit("report", *paths).status == status


def test_a_report_that_was_cut_short_fails(tmp_path: Path) -> None:
    """The last line of a run that was killed may be half a line; it is left out, and the report is incomplete."""
    path = tmp_path / "cut.jsonl"
    written(path, whole(case("run/a"), case("run/b")))
    path.write_text(path.read_text(encoding="utf-8")[:-250], encoding="utf-8")

    shown = kit("report", str(path))

    assert shown.status == 1
    assert "INCOMPLETE" in shown.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--junit", "-", "--tap", "-"], "--tap -: standard output is taken already"),
        (["--junit", "{}/x", "--tap", "{}/x"], "x is taken already; each report wants a file of its own"),
        (["--junit", "{}/r.jsonl"], "r.jsonl is taken already"),
        (["--html", "{}/no/x"], "--html {}/no/x: [Errno 2]"),
        (["--badge", "/dev/full"], "--badge /dev/full: [Errno 28]"),
        (["--name", "a", "--name", "b"], "2 --name for 1 reports: there is one too many"),
        (["--name", " "], "a name is due"),
        (["{}/none.jsonl"], "report {}/none.jsonl: [Errno 2]"),
    ],
)
def test_what_makes_no_sense_is_a_fault_of_usage(words: list[str], told: str, tmp_path: Path) -> None:
    """Nothing is overwritten that should not be, and the fault is named with its option and file."""
    report = written(tmp_path / "r.jsonl", whole(case("run/a")))

    shown = kit("report", report, *(word.replace("{}", str(tmp_path)) for word in words))

    assert (shown.status, shown.out) == (2, "")
    assert told.replace("{}", str(tmp_path)) in shown.err
    assert '"footer"' in Path(report).read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    """A run takes a while: it does not begin if its reports would be lost."""
    run = kit("--junit", str(tmp_path / "no" / "j.xml"), "--", str(tmp_path / "no-such-worker"))

    assert run.status == 2
    assert "--junit" in run.err


def test_the_manifest_is_not_overwritten(tmp_path: Path) -> None:
    """A slip of the command line does not cost the user's files."""
    manifest = tmp_path / "m.toml"
    manifest.write_text("task = [{payload = 3}]", encoding="utf-8")

    run = kit("--manifest", str(manifest), "--tap", str(manifest), "--", "w")

    assert run.status == 2
    assert manifest.read_text(encoding="utf-8") == "task = [{payload = 3}]"


def test_quiet_shows_failures_and_the_verdict_alone(tmp_path: Path) -> None:
    """Nothing of what passed or was not tested; failures are told in full."""
    right = kit("-q", "--case", "run/task-id-0", "--", *WORKER)
    wrong = kit("--quiet", "--case", "run/task-id-0", "--", *python(STRAY))
    manifest = tmp_path / "m.toml"
    manifest.write_text("task = [{payload = 3}]", encoding="utf-8")
    untested = kit("-q", "--case", "run/*", "--manifest", str(manifest), "--", *python(RIGHT))

    assert re.fullmatch(r"CONFORMANT in what was selected \(\d+ cases left out\)\n", right.out)
    assert wrong.out.startswith("FAIL  run/task-id-0  (MUST WIRE-4, WIRE-1, PKL-4)")
    assert "cure:" in wrong.out
    assert wrong.out.endswith("\nNOT CONFORMANT\n")
    assert "1 fail in" not in wrong.out
    assert "NOT TESTED" not in untested.out


def without(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the kit as where a package is not installed, into a pipe of ASCII."""
    code = f"import sys; sys.modules[{module!r}] = None; from spreadjobs_conform.__main__ import run; run()"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )


def test_without_jinja2_all_but_the_page_is_there(tmp_path: Path) -> None:
    """The page says what to install, and overwrites nothing; every other format is written all the same."""
    report = written(tmp_path / "r.jsonl", whole(case("run/a")))
    (tmp_path / "html").write_text("an earlier one", encoding="utf-8")

    every = without("jinja2", "report", report, *asked(tmp_path))
    page = without("jinja2", "report", report, "--html", str(tmp_path / "html"))

    assert (every.returncode, every.stdout) == (page.returncode, page.stdout) == (2, "")
    assert "pip install 'spreadjobs[reports]'" in every.stderr
    assert every.stderr == page.stderr
    assert (tmp_path / "html").read_text(encoding="utf-8") == "an earlier one"
    assert (tmp_path / "tap").read_text(encoding="utf-8") == "TAP version 14\n1..1\nok 1 - run/a\n"
    assert all((tmp_path / name).stat().st_size for name in ALL)


@pytest.mark.parametrize("missing", ["a folder", "jinja2"])
def test_a_run_that_is_refused_leaves_every_file_as_it_was(missing: str, tmp_path: Path) -> None:
    """A slip in one option empties no report of an earlier run, and leaves no empty file either."""
    kept = tmp_path / "keep.jsonl"
    kept.write_text("an earlier one", encoding="utf-8")
    page = tmp_path / "no" / "x.html" if missing == "a folder" else tmp_path / "x.html"
    words = ["--report", str(kept), "--junit", str(tmp_path / "new.xml"), "--html", str(page), "--", "true"]

    run = without("jinja2" if missing == "jinja2" else "no_such_module", *words)

    assert (run.returncode, run.stdout) == (2, "")
    assert missing == "a folder" or "jinja2" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["keep.jsonl"]
    assert kept.read_text(encoding="utf-8") == "an earlier one"


def test_a_shorter_report_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    """A file that is there is emptied before the run writes to it."""
    (tmp_path / "report.jsonl").write_text("an earlier one\n" * 9999, encoding="utf-8")

    assert kit_with_report(tmp_path, "--case", "run/task-id-0", "--", *WORKER).status == 0


def test_the_lines_may_go_to_standard_output(tmp_path: Path) -> None:
    """With --report -, a program that reads the lines can be put behind the run; the text goes to standard error."""
    run = kit("--report", "-", "--case", "run/task-id-0", "--", *WORKER)

    assert run.status == 0
    assert [json.loads(line)["kind"] for line in run.out.splitlines()] == ["header", "calibration", "case", "footer"]
    assert "CONFORMANT in " in run.err
    (tmp_path / "r.jsonl").write_text(run.out, encoding="utf-8")
    assert kit("verify", str(tmp_path / "r.jsonl")).status == 0


def test_a_reader_of_lines_that_goes_ends_the_run() -> None:
    """Status 141 and no fault, although the run is not over when nobody reads any more."""
    with subprocess.Popen(
        [sys.executable, "-m", "spreadjobs_conform", "--report", "-", "--case", "run/*", "--", *WORKER],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as kit_process:
        assert kit_process.stdout is not None
        assert kit_process.stderr is not None
        kit_process.stdout.close()
        complaint = kit_process.stderr.read()

    assert (kit_process.returncode, complaint) == (141, b"")


@pytest.mark.parametrize("name", ["junit", "tap", "markdown", "html", "badge"])
def test_every_format_can_be_piped_in_any_encoding(name: str, tmp_path: Path) -> None:
    """What the encoding of standard output lacks does not end the kit."""
    lines = whole(case("run/a", Status.FAIL, came=HOSTILE))

    done = without("rich", "report", written(tmp_path / "r.jsonl", lines), f"--{name}", "-")

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout


def test_a_reader_that_goes_is_no_fault(tmp_path: Path) -> None:
    """Status 141 and no word, as with every command whose output goes to ``head``."""
    report = written(tmp_path / "r.jsonl", whole(case("run/a")))
    with subprocess.Popen(
        [sys.executable, "-m", "spreadjobs_conform", "report", report, "--tap", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as kit_process:
        assert kit_process.stdout is not None
        assert kit_process.stderr is not None
        kit_process.stdout.close()
        complaint = kit_process.stderr.read()

    assert (kit_process.returncode, complaint) == (141, b"")


def test_the_lines_have_what_the_reports_need(tmp_path: Path) -> None:
    """The report is the one truth: it has the summary of each case, and the command that runs it again."""
    run = kit_with_report(tmp_path, "--case", "run/task-id-0", "--", *WORKER)

    assert run.lines[2]["summary"] == "The smallest task id, 0, comes back as 0."
    assert " {} -- " in str(run.lines[0]["again"])
