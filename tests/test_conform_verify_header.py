"""``verify``: the header, the baseline in it and what is said of it, found anew; every edit of them found out."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit_reports import Line
from kit_reports import written as write
from kit_runs import kit, kit_with_report
from kit_scripts import RIGHT, WORKER, python
from spreadjobs_conform import recording
from spreadjobs_conform.baseline import NOT_KEPT

STRAY = "print('loading the model', flush=True)\n" + RIGHT


def report_of(folder: Path, *words: str) -> list[Line]:
    """The lines of a run's report, which lies in the folder."""
    return [dict(line) for line in kit_with_report(folder, *words).lines]


def test_a_known_failure_is_found_anew_as_a_failure(tmp_path: Path) -> None:
    """The baseline is the user's business; that the case fails, and why, is the record's."""
    baseline = tmp_path / "baseline.toml"
    baseline.write_text("[known]\n'run/task-id-0' = {reason = 'r', fails_with = 'no message'}\n", "utf-8")
    words = ("--case", "run/task-id-0", "--baseline", str(baseline), "--", *python(STRAY))
    assert kit_with_report(tmp_path, *words).statuses() == {"run/task-id-0": "known"}

    verified = kit("verify", str(tmp_path / "report.jsonl"))

    assert verified.status == 0
    assert verified.out == (
        "1 of the failures are tolerated; the baseline of the run, as the header has it:\n"
        "  known.\"run/task-id-0\" fails with 'no message': r\n1 the same verdict\nVERIFIED\n"
    )


def excused(lines: list[Line]) -> None:
    """Every failure is made a known one, and the exit status fits."""
    for line in lines:
        if line.get("status") == "fail":
            line["status"] = "known"
    totals = lines[-1]["totals"]
    assert isinstance(totals, dict)
    totals |= {"known": totals["fail"], "fail": 0}
    lines[-1]["exit_status"] = 0


def test_a_failure_that_no_baseline_knows_is_not_tolerated(tmp_path: Path) -> None:
    """Calling failures known makes no report green: the header has no such entry, or one of another failure."""
    lines = report_of(tmp_path, "--case", "run/task-id-0", "--", *python(STRAY))
    excused(lines)
    bare = write(tmp_path / "bare.jsonl", lines)
    entry = {"case": "run/task-id-0", "kind": "known", "fails_with": "a set came", "reason": "r", "review": None}
    lines[0]["baseline"] = [entry]
    other = write(tmp_path / "other.jsonl", lines)
    lines[0]["baseline"] = [{**entry, "fails_with": "e"}]
    short = write(tmp_path / "short.jsonl", lines)

    assert "DIFFERS  run/task-id-0: status: the report says 'known', its record 'fail'" in kit("verify", bare).out
    assert [kit("verify", path).status for path in (bare, other, short)] == [1, 1, 2]
    assert [kit("report", path).status for path in (bare, other, short)] == [2, 2, 2]
    assert "status: 'known' came, which no entry of the header's baseline gives" in kit("report", bare).err


def test_what_is_wrong_with_a_baseline_is_found_anew(tmp_path: Path) -> None:
    """A problem that is taken out of the footer is missed, and one that is put in comes from nowhere."""
    baseline = tmp_path / "baseline.toml"
    text = "known.'run/task-id-0' = {reason = 'r', fails_with = 'no message', review = 2020-01-01}\n"
    baseline.write_text(text, "utf-8")
    words = ("--case", "run/task-id-0", "--baseline", str(baseline), "--", *python(STRAY))
    lines = report_of(tmp_path, *words)
    assert lines[-1]["exit_status"] == 1
    whole = kit("verify", str(tmp_path / "report.jsonl"))
    lines[-1] |= {"problems": [], "exit_status": 0}
    without = kit("verify", write(tmp_path / "without.jsonl", lines))
    lines[-1] |= {"problems": ["the worker is slow"], "exit_status": 1}
    other = kit("verify", write(tmp_path / "other.jsonl", lines))

    assert (whole.status, without.status, other.status) == (0, 1, 1)
    assert "to be looked at again by 2020-01-01" in whole.out
    assert "DIFFERS  footer: problems: this is missing: baseline: review is due" in without.out
    assert "DIFFERS  footer: problems: nothing gives this: 'the worker is slow'" in other.out


def test_a_baseline_that_was_pruned_or_could_not_be_kept_is_found_anew(tmp_path: Path) -> None:
    """What was removed from the file is no problem any more; that the file could not be written, only the run knows."""
    baseline = tmp_path / "baseline.toml"
    baseline.write_text("[known.'run/task-id-0']\nreason = 'r'\nfails_with = 'no message'\n", "utf-8")
    words = ("--case", "run/task-id-0", "--baseline", str(baseline), "--prune-baseline", "--", *python(RIGHT))
    lines = report_of(tmp_path, *words)
    pruned = kit("verify", str(tmp_path / "report.jsonl"))
    lines[-1] |= {"problems": [f"{NOT_KEPT}no space is left"], "exit_status": 1}

    assert pruned.status == 0, pruned.out
    assert kit("verify", write(tmp_path / "full.jsonl", lines)).status == 0


def test_what_was_not_stored_needs_an_entry_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a record, a failure that is called known must at least stand in the baseline."""
    monkeypatch.setattr(recording, "MOST_STORED_BYTES", 4)
    lines = report_of(tmp_path, "--case", "run/task-id-0", "--", *python(STRAY))
    excused(lines)

    verified = kit("verify", write(tmp_path / "edited.jsonl", lines))

    assert verified.status == 1
    assert "status: the report says 'known', the header 'fail'" in verified.out


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("again", "rm -rf ~ {}", "again: it cannot be read: it does not begin with spread-jobs-conform"),
        ("again", 5, "again: it cannot be read"),
        ("command", ["another"], "again: its options and the command give "),
        ("codec", "json", "left_out: "),
        ("timeout_scale", 9.0, "again: --timeout-scale is '0.4' there, and '9.0' in the header"),
        ("spec", "2.0", "spec: the report says '2.0', this kit judges by 1.0"),
    ],
)
def test_a_header_that_contradicts_itself_is_found_out(key: str, value: object, told: str, tmp_path: Path) -> None:
    """The command line that runs the worker again is that of the other fields."""
    lines = report_of(tmp_path, "--case", "run/task-id-0", "--timeout-scale", "0.4", "--", *python(RIGHT))
    lines[0][key] = value

    verified = kit("verify", write(tmp_path / "edited.jsonl", lines))

    assert f"DIFFERS  header: {told}" in verified.out
    assert verified.status == 1


def test_a_stale_baseline_is_part_of_the_exit_status(tmp_path: Path) -> None:
    """A run that its baseline made fail is verified as one that failed."""
    baseline = tmp_path / "baseline.toml"
    baseline.write_text("[known]\n'run/task-id-0' = {reason = 'r', fails_with = 'a set'}\n", "utf-8")
    lines = report_of(tmp_path, "--case", "run/task-id-0", "--baseline", str(baseline), "--", *WORKER)

    assert lines[-1]["exit_status"] == 1
    assert kit("verify", str(tmp_path / "report.jsonl")).status == 0


def test_an_edited_header_is_found_out(tmp_path: Path) -> None:
    """A run of some of the cases cannot be passed off as that of all."""
    lines = report_of(tmp_path, "--case", "run/task-id-0", "--", *python(RIGHT))
    left_out = lines[0]["left_out"]
    lines[0]["left_out"] = 0

    verified = kit("verify", write(tmp_path / "edited.jsonl", lines))

    assert f"DIFFERS  header: left_out: the report says 0, {left_out} cases are not there" in verified.out
    assert verified.status == 1
