"""What a worker writes to be taken for something else: nothing of it acts on a terminal or a CI, or forges a line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit_reports import case, header, whole, written
from kit_runs import kit, kit_with_report
from kit_scripts import ECHO, python
from spreadjobs_conform.report_escape import escaped_line, visible
from spreadjobs_conform.verdicts import Status

COMMANDS: Final = (
    "::error file=x::forged\n  ::stop-commands::token\n##[error]forged\nsee ##[add-mask]forged\n"
    "##vso[task.complete result=Succeeded;]done\n\u00a0::warning::forged\nCONFORMANT\n"
    "\x1b[2J\x1b]0;owned\x07\x00\u202e\u200b"
)
"""Commands to GitHub and Azure, a line of the kit's, and what a terminal would obey."""
FORGES: Final = (
    f"import sys\nprint({COMMANDS!r}, file=sys.stderr)\n{ECHO}"
    f"forged = ({COMMANDS!r},) * 3\n"
    "for i, p in requests():\n"
    "    send((('RemoteException', i, *forged) if p['op'] == 'raise' else (i, p.get('value')), None, None))"
)
ONE: Final = ("--case", "err/type-and-message", "--timeout-scale", "0.4")
PRINTED: Final = ("report", "junit", "tap", "markdown", "html", "badge")


def commands(text: str) -> list[str]:
    """The lines that GitHub or Azure would take for a command: theirs is the reading here."""
    return [line for line in text.split("\n") if line.lstrip().startswith("::") or re.search(r"##[A-Za-z]*\[", line)]


def unseen(text: str) -> set[str]:
    """Control and format characters in a text, but for line ends and tabs."""
    return {each for each in text if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n", "\t"}


@given(st.text(st.sampled_from("#[:]avso\n \t\u00a0\u3000\x1b") | st.characters(exclude_categories=())))
@settings(deadline=None)
def test_no_line_is_a_command(text: str) -> None:
    """Whatever a worker writes, no line of what is shown is one to a CI; shown again, it stays as it is."""
    assert commands(visible(text)) == []
    assert commands(escaped_line(text)) == []
    assert "\n" not in escaped_line(text)
    assert visible(visible(text)) == visible(text)


def test_what_is_no_command_stays() -> None:
    """Colons, hashes and brackets of other texts are as they were."""
    for text in ("std::vector<int>", "a ::b", "# [1]", "## heading", "[::1]:80", ": :"):
        assert visible(text) == text


def test_a_worker_forges_no_line_of_a_run() -> None:
    """Piped or at a terminal without rich, all of a worker's words stand in a line that begins with the kit's."""
    run = kit(*ONE, "--", *python(FORGES))

    assert run.status == 1
    assert (commands(run.out), unseen(run.out)) == ([], set())
    lines = run.out.splitlines()
    assert lines.count("CONFORMANT") == 0
    assert lines[-1] == "NOT CONFORMANT"
    assert "    | ::error file=x::forged" in lines
    assert "    | CONFORMANT" in lines
    assert any(line.startswith("  came:   a failure of type ::error") for line in lines)
    assert "\\n#\\x23[error]forged\\n" in run.unfolded
    assert "\\nCONFORMANT\\n\\x1b[2J" in run.unfolded


@pytest.mark.parametrize("form", PRINTED)
def test_no_form_that_is_printed_holds_a_command(form: str) -> None:
    """A report on standard output is in the log of a CI like all else, and so is the text beside it."""
    run = kit(*ONE, f"--{form}", "-", "--", *python(FORGES))

    assert run.status == 1
    assert (commands(run.out), unseen(run.out)) == ([], set())
    assert (commands(run.err), unseen(run.err)) == ([], set())
    assert run.out


def test_no_report_of_others_brings_a_command(tmp_path: Path) -> None:
    """``report`` and ``verify`` show what anyone may have written: names, ids, problems and faults too."""
    failed = case(f"run/{COMMANDS}", Status.FAIL, came=COMMANDS, reason=COMMANDS, stderr=[COMMANDS], cure=COMMANDS)
    lines = whole(failed, command=[COMMANDS], again=COMMANDS, problems=[COMMANDS])
    path = written(tmp_path / "r.jsonl", lines)
    broken = written(tmp_path / "broken.jsonl", [header(1, started=COMMANDS)])

    runs = [kit("report", path), kit("verify", path), kit("report", broken), kit("report", path, "--name", COMMANDS)]
    runs += [kit("report", path, f"--{form}", "-") for form in PRINTED[1:]]

    assert [run.status for run in runs] == [1, 2, 2, 1, *([1] * 5)]
    for run in runs:
        assert (commands(run.out + run.err), unseen(run.out + run.err)) == ([], set())


def test_verify_shows_an_edited_case_in_one_line(tmp_path: Path) -> None:
    """The id of a case in a report that was edited cannot make a line that says VERIFIED."""
    run = kit_with_report(tmp_path, *ONE, "--", *python(FORGES))
    lines = [dict(line) for line in run.lines]
    lines[2]["case"] = f"run/x\nVERIFIED\n{COMMANDS}"

    verified = kit("verify", written(tmp_path / "edited.jsonl", lines))

    assert verified.status == 1
    assert verified.out.splitlines().count("VERIFIED") == 0
    assert (commands(verified.out), unseen(verified.out)) == ([], set())


def test_pytest_shows_no_command(tmp_path: Path) -> None:
    """The failure's text of the plugin, and its line in the summary, are as harmless as the kit's own."""
    (tmp_path / "worker.py").write_text(FORGES, encoding="utf-8")
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "spreadjobs_conform.pytest_plugin",
                "-ra",
                "-p",
                "no:cacheprovider",
            ),
            f"--spread-jobs-worker={sys.executable} -S worker.py",
            "--spread-jobs-options=--case err/type-and-message --timeout-scale 0.4",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "    | ::error file=x::forged" in done.stdout
    assert (commands(done.stdout), unseen(done.stdout)) == ([], set())
    assert "CONFORMANT" not in done.stdout.splitlines()
