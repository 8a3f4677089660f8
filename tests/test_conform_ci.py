"""conformance/action and docs/conformance-ci.md: what a CI runs does what it says, on a real worker."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml
from kit_scripts import ROOT, TEMPLATE, WORKER
from spreadjobs_conform.options import RunOptions, parse
from spreadjobs_conform.report_lines import read_lines

ACTION: Final = ROOT / "conformance" / "action"
PAGE: Final = (ROOT / "docs" / "conformance-ci.md").read_text(encoding="utf-8")
BOUND_S: Final = 120.0
REPORTS: Final = {"report.jsonl", "junit.xml", "page.html", "badge.svg", "summary.md"}


def script(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the script of the action; the kit is the installed one, since tests have no registry of packages."""
    bin_folder = folder / "kit" / "bin"
    bin_folder.mkdir(parents=True, exist_ok=True)
    interpreter = folder / "python"
    interpreter.write_text(f'#!/bin/sh\n[ "$1" = -m ] || exec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    interpreter.chmod(0o755)
    for name, line in (
        ("pip", 'echo "$@" >> "$(dirname "$0")/installed"'),
        ("spread-jobs-conform", f'exec {shlex.quote(sys.executable)} -m spreadjobs_conform "$@"'),
    ):
        program = bin_folder / name
        program.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        program.chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
    environment |= {
        "KIT": "kit",
        "PYTHON": str(folder / "python"),
        "GITHUB_OUTPUT": "output",
        "GITHUB_STEP_SUMMARY": "summary",
    }
    return subprocess.run(
        ["/bin/bash", str(ACTION / "run.sh")],
        check=False,
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
    )


def test_script_runs_a_worker_and_leaves_reports(tmp_path: Path) -> None:
    """A wrong option is told; a right worker gives every report, a summary, and the exit status as an output."""
    run = script(tmp_path, WORKER=shlex.join(WORKER), OPTIONS="--case 'run/nothing-*'")
    assert (run.returncode, "no case has such an id" in run.stderr) == (2, True)

    run = script(tmp_path, WORKER=shlex.join(WORKER), OPTIONS="--case 'run/task-id-*'")

    assert run.returncode == 0, run.stderr
    assert {path.name for path in (tmp_path / "conformance-reports").iterdir()} == REPORTS
    assert len(read_lines(tmp_path / "conformance-reports" / "report.jsonl").cases) == 2
    assert "CONFORMANT" in (tmp_path / "summary").read_text("utf-8")
    assert (tmp_path / "output").read_text("utf-8") == "exit-status=2\nexit-status=0\n"
    assert "[reports]" in (tmp_path / "kit" / "bin" / "installed").read_text("utf-8")


def test_script_fails_with_a_wrong_worker(tmp_path: Path) -> None:
    """The step is red, and the reports are there nevertheless."""
    worker = shlex.join([sys.executable, "-S", "-c", "print('loading the model')"])

    run = script(tmp_path, WORKER=worker, OPTIONS="--case run/task-id-0", REPORTS="here")

    assert run.returncode == 1
    assert {path.name for path in (tmp_path / "here").iterdir()} == REPORTS
    assert "NOT CONFORMANT" in (tmp_path / "summary").read_text("utf-8")


def test_words_of_inputs_are_words_and_no_code(tmp_path: Path) -> None:
    """What stands in an input is split as a shell would, and never run by one."""
    worker = f"{shlex.join(WORKER)} --codec json ; touch broken $(touch broken) `touch broken`"

    script(tmp_path, WORKER=worker, OPTIONS="--codec json --case run/task-id-0")

    assert not (tmp_path / "broken").exists()
    command = read_lines(tmp_path / "conformance-reports" / "report.jsonl").header["command"]
    assert command == shlex.split(worker)


def test_words_may_be_empty_or_have_several_lines(tmp_path: Path) -> None:
    """They reach the worker as they are; and a report that is asked for by OPTIONS goes where that says."""
    worker = [*WORKER, "--", "two\nlines", ""]

    script(tmp_path, WORKER=shlex.join(worker), OPTIONS="--case run/task-id-0 --junit elsewhere.xml")

    assert read_lines(tmp_path / "conformance-reports" / "report.jsonl").header["command"] == worker
    assert (tmp_path / "elsewhere.xml").stat().st_size > 0


@pytest.mark.parametrize("variables", [{"OPTIONS": "'--strict"}, {"WORKER": "./w --model 'a b"}])
def test_quotes_that_are_not_closed_end_it(variables: dict[str, str], tmp_path: Path) -> None:
    """Nothing is dropped in silence: a run with fewer options could be green."""
    run = script(tmp_path, **{"WORKER": shlex.join(WORKER), "OPTIONS": " ", **variables})

    assert (run.returncode, "cannot be read: " in run.stderr) == (2, True)
    assert "Traceback" not in run.stderr
    assert (tmp_path / "output").read_text("utf-8") == "exit-status=2\n"


def test_manifest_may_have_the_command(tmp_path: Path) -> None:
    """Without the input `worker`, nothing stands behind the options."""
    manifest = tmp_path / "worker.toml"
    manifest.write_text(f'command = ["{sys.executable}", "-S", "{TEMPLATE}"]\n', encoding="utf-8")

    assert script(tmp_path, OPTIONS="--manifest worker.toml --case run/task-id-0").returncode == 0


def test_action_gives_the_script_what_it_reads() -> None:
    """Each input goes into the environment, under a name that the script reads; the script stands beside it."""
    action = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
    step, upload = action["runs"]["steps"]
    text = (ACTION / "run.sh").read_text("utf-8")

    assert set(re.findall(r"inputs\.([\w-]+)", str(action["runs"]))) == set(action["inputs"])
    assert all(re.search(rf"\b{name}\b", text) for name in step["env"])
    assert step["run"] == 'bash "${{ github.action_path }}/run.sh"'
    assert set(action["outputs"]) == {"exit-status"}
    assert upload["with"]["path"] == step["env"]["REPORTS"]


def snippets() -> list[Mapping[str, object]]:
    """The YAML of the page."""
    return [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]


def test_snippets_name_what_is_there() -> None:
    """The GitHub workflow uses inputs that the action has; the folder that it names is the action's."""
    action = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
    github, gitlab = snippets()

    jobs = github["jobs"]
    assert isinstance(jobs, dict)
    *_, step = jobs["conformance"]["steps"]
    assert step["uses"].partition("@")[0].removeprefix("OWNER/spreadjobs/") == str(ACTION.relative_to(ROOT))
    assert set(step["with"]) <= set(action["inputs"])
    assert isinstance(gitlab["conformance"], dict)
    assert gitlab["conformance"]["artifacts"]["reports"]["junit"] == "junit.xml"


@pytest.mark.parametrize(
    "line", [each.strip(" -") for each in PAGE.splitlines() if "spread-jobs-conform --codec" in each]
)
def test_command_lines_of_the_page_are_ones(line: str) -> None:
    """The kit takes each command line that stands there."""
    words = shlex.split(line)

    options = parse(words[1:])

    assert isinstance(options, RunOptions)
    assert options.candidate.codec == "json"
    assert options.candidate.command == ("./my-worker", "--codec", "json")
