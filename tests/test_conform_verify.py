"""``verify``: verdicts found anew from a report, and every edit of it found out."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from kit_runs import kit, kit_with_report
from kit_scripts import ANSWERS, DIES, ECHO, RIGHT, WORKER, python
from spreadjobs_conform import recording

Line: TypeAlias = dict[str, object]
SOME = ("--case", "run/*", "--case", "prep/*", "--case", "eof/*", "--case", "err/*")
STRAY = "print('loading the model', flush=True)\n" + RIGHT
SILENT = ECHO + "time.sleep(100)"


def report_of(folder: Path, *words: str) -> list[Line]:
    """The lines of a run's report, which lies in the folder."""
    kit_with_report(folder, *words)
    return lines_in(folder / "report.jsonl")


def lines_in(path: Path) -> list[Line]:
    """The lines of a report."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, lines: list[Line]) -> str:
    """Writes lines as a report; its name."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("status", "worker"),
    [(0, WORKER), (1, python(STRAY)), (1, DIES), (1, python(ANSWERS)), (0, (*WORKER, "--codec", "json"))],
    ids=["right", "prints", "dies", "answers-anything", "json"],
)
def test_verdicts_are_found_anew_without_the_worker(status: int, worker: tuple[str, ...], tmp_path: Path) -> None:
    """Whatever the worker did, the report alone gives the same verdicts, reasons, cures and conversations."""
    codec = ("--codec", "json") if "json" in worker else ()
    run = kit_with_report(tmp_path, *codec, *SOME, "--timeout-scale", "0.4", "--", *worker)
    assert run.status == status

    verified = kit("verify", str(tmp_path / "report.jsonl"))

    had = sum(line["kind"] == "case" for line in run.lines)
    assert (verified.status, verified.out) == (0, f"{had} the same verdict\nVERIFIED\n")


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_every_verdict_on_the_reference_worker_is_found_anew(codec: str, tmp_path: Path) -> None:
    """All cases, in another process with other hashes: the kit sends the same bytes there."""
    report = str(tmp_path / "report.jsonl")
    options = ("--codec", codec)
    commands = [
        (*options, "--report", report, "--", *WORKER, *options),
        ("verify", report),
    ]

    done = [
        subprocess.run(
            [sys.executable, "-m", "spreadjobs_conform", *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )
        for seed, command in enumerate(commands, 1)
    ]

    assert [each.returncode for each in done] == [0, 0], done[-1].stdout
    assert done[-1].stdout.endswith(" the same verdict\nVERIFIED\n")


def test_a_wait_that_came_to_nothing_takes_no_time_again(tmp_path: Path) -> None:
    """A hang is found anew from what was learned of it, not by waiting."""
    run = kit_with_report(tmp_path, "--case", "run/task-id-0", "--timeout-scale", "0.4", "--", *python(SILENT))
    assert "no response to request 1 within" in str(run.lines[2]["came"])
    began_s = time.monotonic()

    verified = kit("verify", str(tmp_path / "report.jsonl"))

    assert verified.status == 0
    took_s, waited_s = time.monotonic() - began_s, run.lines[2]["took_s"]
    assert isinstance(waited_s, float)
    assert took_s < waited_s


def test_a_manifest_is_part_of_the_report(tmp_path: Path) -> None:
    """Samples, preparation and what the worker lacks decide about verdicts, so they are kept. [DATA-1]"""
    manifest = tmp_path / "manifest.toml"
    manifest.write_text(
        'preparation_literal = "[1j]"\nlacks = ["type:set"]\n'
        "[[task]]\npayload_literal = \"{'value': (1, None, b'x')}\"\nanswer_literal = \"(1, None, b'x')\"\n"
        '[raises]\npayload = {"wrong" = 1}\ntype = "KeyError"\n',
        encoding="utf-8",
    )
    report_of(tmp_path, "--manifest", str(manifest), "--", *python(RIGHT))

    verified = kit("verify", str(tmp_path / "report.jsonl"))

    assert verified.status == 0, verified.out


def passed(line: Line) -> None:
    """A failure is made a pass."""
    line.update(status="pass", reason="", violated=[], came="", due="", cure="")


def other_summary(line: Line) -> None:
    """The case is said to be about something else."""
    line["summary"] = "All is well."


def other_reason(line: Line) -> None:
    """A failure gets another reason."""
    line["came"] = "nothing came"


def other_words(line: Line) -> None:
    """What the worker said is changed in the conversation that is shown."""
    transcript = line["transcript"]
    assert isinstance(transcript, list)
    transcript[-1] = {"at_s": 0.0, "actor": "worker", "what": "done"}


def other_record(line: Line) -> None:
    """The record is another conversation's."""
    record = line["record"]
    assert isinstance(record, dict)
    record["facts"] = record["bytes"]


def no_base64(line: Line) -> None:
    """The record is cut."""
    line["record"] = {"facts": "eJw", "bytes": ""}


def no_record(line: Line) -> None:
    """The record is taken out, and the verdict with it cannot be found anew."""
    line["record"] = None


def no_evidence(line: Line) -> None:
    """The bytes that are no message are taken away."""
    line["evidence"] = []


def other_stderr(line: Line) -> None:
    """The worker is said to have complained."""
    line["stderr"] = ["it was the kit"]


def more_checks(line: Line) -> None:
    """The case is said to have looked at more."""
    line["checks"] = 99


def longer(line: Line) -> None:
    """The record goes on when the conversation is over."""
    record = line["record"]
    assert isinstance(record, dict)
    facts = json.loads(zlib.decompress(base64.b64decode(record["facts"])))
    record["facts"] = base64.b64encode(zlib.compress(json.dumps([*facts, ["clock", 1.0]]).encode())).decode()


def repacked(line: Line, edit: Callable[[bytes], bytes]) -> None:
    """What the worker wrote is packed anew, with an edit."""
    record = line["record"]
    assert isinstance(record, dict)
    record["bytes"] = base64.b64encode(edit(base64.b64decode(record["bytes"]))).decode()


def cut_bytes(line: Line) -> None:
    """The end of what the worker wrote is missing from the record."""
    repacked(line, lambda packed: packed[:-6])


def no_bytes(line: Line) -> None:
    """What the worker wrote is missing from the record."""
    repacked(line, lambda _: zlib.compress(b""))


def more_bytes(line: Line) -> None:
    """The worker is said to have written more."""
    repacked(line, lambda packed: zlib.compress(zlib.decompress(packed) + b"!"))


def other_bytes(line: Line) -> None:
    """What the worker wrote is replaced by what cannot be unpacked."""
    repacked(line, lambda _: b"no zlib")


def bomb(line: Line) -> None:
    """A read of the kit's is said to have given gigabytes."""
    record = line["record"]
    assert isinstance(record, dict)
    facts = json.loads(zlib.decompress(base64.b64decode(record["facts"])))
    facts = [["came", [1 << 40, *value[1:]]] if kind == "came" else [kind, value] for kind, value in facts]
    record["facts"] = base64.b64encode(zlib.compress(json.dumps(facts).encode())).decode()


def no_list(line: Line) -> None:
    """The facts are JSON, but no list."""
    record = line["record"]
    assert isinstance(record, dict)
    record["facts"] = base64.b64encode(zlib.compress(b"5")).decode()


def unknown(line: Line) -> None:
    """The case bears a name that the kit does not have."""
    line["case"] = "run/no-such-case"


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (passed, "DIFFERS  run/task-id-0: status: the report says 'pass', its record 'fail'"),
        (other_summary, "DIFFERS  run/task-id-0: summary: the report says 'All is well.', its record 'The smallest"),
        (other_reason, "DIFFERS  run/task-id-0: came: the report says 'nothing came', its record \"bytes that"),
        (other_words, "DIFFERS  run/task-id-0: transcript: the report says"),
        (other_record, "DIFFERS  run/task-id-0: its record does not fit: this is no record of a conversation"),
        (no_evidence, "DIFFERS  run/task-id-0: evidence: the report says"),
        (other_stderr, "DIFFERS  run/task-id-0: stderr: the report says"),
        (more_checks, "DIFFERS  run/task-id-0: checks: the report says 99"),
        (longer, "DIFFERS  run/task-id-0: its record does not fit"),
        (no_list, "DIFFERS  run/task-id-0: its record does not fit: this is no record of a conversation: 5 came"),
        (cut_bytes, "bytes are asked for, the record has "),
        (no_bytes, "bytes are asked for, the record has 0 more"),
        (more_bytes, "the case is over, and the record has more"),
        (other_bytes, "its bytes cannot be unpacked: "),
        (bomb, "1099511627776 bytes at once, from 0 to 262144 are due"),
        (no_base64, "DIFFERS  run/task-id-0: its record does not fit: this is no record of a conversation"),
        (unknown, "DIFFERS  run/no-such-case: this kit has no such case"),
        (no_record, "not stored  run/task-id-0: "),
    ],
)
def test_an_edited_verdict_is_found_out(edit: Callable[[Line], None], told: str, tmp_path: Path) -> None:
    """A verdict that its own record does not give is told, and the status says that it was not verified."""
    lines = report_of(tmp_path, "--case", "run/task-id-0", "--", *python(STRAY))
    edit(lines[2])

    verified = kit("verify", write(tmp_path / "edited.jsonl", lines))

    assert told in verified.out
    assert verified.status == (3 if edit is no_record else 1)
    assert verified.out.endswith("VERIFIED\n") == (edit is not no_record)


@pytest.mark.parametrize(
    ("drop", "key", "value", "told"),
    [
        (3, "", "", "the report was cut short: it has no footer"),
        (2, "", "", "1 cases were selected, the report has 0"),
        (0, "totals", {"pass": 1}, "totals: the report says {'pass': 1}, its cases are"),
        (0, "exit_status", 0, "exit status: the report says 0, its cases give 1"),
        (0, "complete", False, "1 cases were selected, the report has 1"),
    ],
)
def test_an_edited_footer_is_found_out(drop: int, key: str, value: object, told: str, tmp_path: Path) -> None:
    """Totals and exit status are those of the cases, and every selected case is there."""
    lines = report_of(tmp_path, "--case", "run/task-id-0", "--", *python(STRAY))
    if drop:
        del lines[drop]
    else:
        lines[-1][key] = value

    verified = kit("verify", write(tmp_path / "edited.jsonl", lines))

    assert f"DIFFERS  {told}" in verified.out
    assert verified.status == 1
    assert verified.out.endswith("NOT VERIFIED\n")


def test_a_case_that_is_there_twice_is_found_out(tmp_path: Path) -> None:
    """A failure cannot be hidden behind a second copy of what passed."""
    report = ("--case", "run/task-id-0", "--case", "run/returns-the-task-id", "--", *WORKER)
    lines = report_of(tmp_path, *report)
    lines[3] = lines[2]

    verified = kit("verify", write(tmp_path / "edited.jsonl", lines))

    assert f"DIFFERS  {lines[2]['case']}: it is there twice" in verified.out
    assert verified.status == 1


def test_a_report_without_cases_is_not_verified(tmp_path: Path) -> None:
    """Nothing that was looked at shows nothing."""
    lines = report_of(tmp_path, "--case", "run/task-id-0", "--", *WORKER)
    lines[0] |= {"selected": 0, "left_out": 154}
    lines[-1] |= {"totals": dict.fromkeys(lines[-1]["totals"], 0)}  # type: ignore[call-overload]

    assert kit("verify", write(tmp_path / "edited.jsonl", [lines[0], lines[1], lines[-1]])).status == 1


def test_facts_of_another_case_do_not_fit(tmp_path: Path) -> None:
    """What the kit sends is compared with what it sent: a record cannot be lent to another case."""
    lines = report_of(tmp_path, "--case", "run/task-id-0", "--case", "data/*", "--", *WORKER)
    cases = [line for line in lines if line["kind"] == "case" and line["record"]]
    cases[0]["record"], cases[1]["record"] = cases[1]["record"], cases[0]["record"]

    verified = kit("verify", write(tmp_path / "edited.jsonl", lines))

    assert verified.status == 1
    assert verified.out.count("DIFFERS  ") == 2
    assert "the kit sends other bytes now than it did" in verified.out


def test_more_than_a_report_can_hold_is_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood is not put into the report, and verify says that this verdict cannot be found anew."""
    monkeypatch.setattr(recording, "MOST_STORED_BYTES", 4)
    report_of(tmp_path, "--case", "run/task-id-0", "--", *WORKER)

    verified = kit("verify", str(tmp_path / "report.jsonl"))

    assert verified.status == 3
    assert verified.out.endswith("1 not stored\nVERIFIED, as far as it is stored\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "No such file"),
        ("", "one header is due"),
        ("[]\n", "line 1: an object with kind header, calibration, case or footer is due"),
        ('{"kind": "header", "format": 2}\n{\n', "line 2: no JSON"),
        ('{"kind": "header", "format": 1}\n', "its format is 1, this kit reads 4"),
        ('{"kind": "header", "format": 4}\n', "the report does not say what was tested: KeyError"),
        ('{"kind": "footer"}\n', "one header is due"),
    ],
)
def test_what_is_no_report_is_a_fault_of_usage(text: str | None, told: str, tmp_path: Path) -> None:
    """File and line are named, and nothing is called verified."""
    path = tmp_path / "report.jsonl"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    verified = kit("verify", str(path))

    assert (verified.status, verified.out) == (2, "")
    assert told in verified.err
