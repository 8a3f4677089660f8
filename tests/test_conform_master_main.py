"""``spread-jobs-conform master``: the command line, and the exit statuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from kit_runs import kit, kit_with_report
from master_runs import CASE, adapter
from processes import BOUND_S, Identity, identity, logged, survivors
from spreadjobs_conform.masters.catalogue import REQUIRED, master_cases
from spreadjobs_conform.masters.options import MasterOptions, parse_master
from spreadjobs_conform.required import load_required
from spreadjobs_conform.requirements import load_requirements

COMMAND: Final = ("--", "python3", "adapter.py")


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_our_master_is_conformant(codec: str, tmp_path: Path) -> None:
    """The library passes every case for masters that applies, in both codecs."""
    run = kit_with_report(tmp_path, "--strict", "--codec", codec, "--", *adapter("ours"), verb="master")

    assert set(run.statuses().values()) == {"pass", "not-applicable"}, run.out
    assert list(run.statuses().values()).count("pass") > 60
    assert run.status == 0
    assert run.out.endswith("CONFORMANT\n")


def test_a_choice_of_cases_says_how_many_others_there_are(tmp_path: Path) -> None:
    """A run of one case conforms in that case alone, and says so. [PREP-1]"""
    run = kit_with_report(tmp_path, "--case", CASE, "--", *adapter("ours"), verb="master")

    others = sum("pickle" in case.codecs for case in master_cases()) - 1
    assert run.status == 0
    assert run.statuses() == {CASE: "pass"}
    assert run.out.endswith(f"CONFORMANT in what was selected ({others} cases left out)\n")
    assert (run.lines[0]["class"], run.lines[0]["left_out"]) == ("master", others)


def test_cases_of_the_other_codec_do_not_apply(tmp_path: Path) -> None:
    """A case that is about pickles is not run with jobs in JSON. [PKL-1]"""
    chosen = ("--case", CASE, "--req", "PREP-1", "--req", "PKL-1", "--case", "master-pickle/declared-protocol")
    run = kit_with_report(tmp_path, "--codec", "json", *chosen, "--", *adapter("ours"), verb="master")

    assert run.status == 0
    assert run.statuses() == {CASE: "pass", "master-pickle/declared-protocol": "not-applicable"}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "no master is given: put its adapter's command behind -- (master --help)"),
        (("--frob", *COMMAND), "--frob is no option of master; the master's command goes behind --"),
        (("--case", "zzz", *COMMAND), "--case zzz: no case has such an id; `list --masters` shows them all"),
        (("--req", "RUN-5", *COMMAND), "--req RUN-5: nothing is selected, it is a requirement of the worker"),
        (("--req", "RUN-99", *COMMAND), "--req RUN-99: the specification has no such requirement"),
        (("--case", CASE, "--skip", "master-*", *COMMAND), "nothing is selected: the options"),
        (("--codec", "json", "--req", "PKL-1", *COMMAND), "nothing is selected that applies to this codec"),
        (("--report", "/no/such/folder/r", *COMMAND), "/no/such/folder/r"),
        (("--report", "-", "--tap", "-", *COMMAND), "standard output is taken already"),
    ],
)
def test_usage_errors_give_status_2(words: tuple[str, ...], named: str) -> None:
    """What makes no sense, a choice of no case among it, is said before a master is started."""
    run = kit("master", *words)

    assert run.status == 2
    assert named in run.err
    assert run.out == ""


def test_requirement_of_the_other_party_is_told_where_it_is_tested() -> None:
    """A run of a worker says of a master's requirement whose it is."""
    run = kit("--req", "PREP-1", "--", "worker")

    assert run.status == 2
    assert "--req PREP-1: nothing is selected, it is a requirement of the master" in run.err


def test_missing_executable_gives_status_4(tmp_path: Path) -> None:
    """A command that cannot be started is not judged, whether one case is run or all are."""
    for chosen in ((), ("--case", CASE)):
        run = kit_with_report(tmp_path, *chosen, "--", "/no/such/master", verb="master")

        assert run.status == 4
        assert run.err.startswith("spread-jobs-conform: '/no/such/master' could not be started: ")
        assert run.lines[-1]["complete"] is False


def test_master_that_cannot_do_a_job_gives_status_3(tmp_path: Path) -> None:
    """What an adapter says that its master cannot do is not testable, and no failure."""
    run = kit_with_report(tmp_path, "--case", "master-prep/*", "--", *adapter("cannot"), verb="master")

    assert set(run.statuses().values()) == {"not-testable"}
    assert run.status == 3
    assert "  because:  the master says that it cannot do this: the codec pickle\n" in run.out
    assert run.out.endswith(
        "NOTHING FAILED, but not every MUST could be tested; the reasons stand at NOT TESTED; "
        "for a master that speaks one codec alone, --codec says which\n"
    )


def test_options_are_read() -> None:
    """Each option has its meaning, and what changes a verdict is in the line that runs a case again."""
    options = parse_master(
        ["--codec", "json", "--skip", "a*", "--strict", "-j", "3", "--timeout-scale", "2.5", "-q", *COMMAND]
    )
    plain = parse_master(COMMAND)

    assert isinstance(options, MasterOptions)
    assert (options.candidate.command, options.candidate.codec) == (("python3", "adapter.py"), "json")
    assert (options.skipped, options.strict, options.jobs, options.quiet) == (("a*",), True, 3, True)
    assert options.again == "spread-jobs-conform master --codec json --timeout-scale 2.5 {} -- python3 adapter.py"
    assert (plain.candidate.codec, plain.strict, plain.timeout_scale) == ("pickle", False, 1.0)
    assert plain.again == "spread-jobs-conform master {} -- python3 adapter.py"


def test_required_set_is_the_catalogue() -> None:
    """Every case for masters of 1.0 scores, under an id that is stable for ever."""
    assert load_required(REQUIRED) == {case.id for case in master_cases()}


def test_cases_are_of_masters_and_of_known_requirements() -> None:
    """Each case cites requirements of the specification, begins with one of the master, and says what it shows."""
    requirements = load_requirements()

    for case in master_cases():
        assert {*case.requirements} <= {*requirements}, case.id
        assert requirements[case.requirements[0]].party == "master", case.id
        assert case.worker_class == "master"
        assert case.checks >= 1
        assert case.summary


def test_list_shows_the_cases_for_masters_alone() -> None:
    """``list --masters`` has all of them, for people and for programs, and ``list`` none."""
    records = json.loads(kit("list", "--masters", "--json").out)

    assert [record["case"] for record in records] == [case.id for case in master_cases()]
    assert {record["applies"]["class"] for record in records} == {"master"}
    assert kit("list", "--masters").out.endswith(f"\n{len(records)} cases\n")
    assert CASE not in kit("list").out


def test_explain_knows_both_parties() -> None:
    """A requirement of the master is shown with its cases, and a case for masters with its requirements. [JOB-3]"""
    shown = kit("explain", "JOB-3").out

    assert shown.startswith("JOB-3 (MUST, master): ")
    assert "\n  master-job/" in shown
    assert "  applies to: class master; codecs pickle, json\n  PREP-1 (MUST, master): " in kit("explain", CASE).out


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    """A run that is interrupted ends the master and all its workers, keeps its report, and gives status 130."""
    report, log = tmp_path / "r.jsonl", tmp_path / "pids"
    words = ["--case", CASE, "--report", str(report), "--", *adapter("never_ends", str(log))]
    command = [sys.executable, "-m", "spreadjobs_conform", "master", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        started = logged(log, 3)
        process.send_signal(number)
        _, err = process.communicate(timeout=BOUND_S)

    assert process.returncode == 130, err
    assert err == "spread-jobs-conform: interrupted; all masters and workers were ended\n"
    footer = json.loads(report.read_text(encoding="utf-8").splitlines()[-1])
    assert (footer["kind"], footer["complete"], footer["exit_status"]) == ("footer", False, 130)
    assert survivors(started) == []


@pytest.mark.slow
def test_master_that_never_ends_is_ended_with_its_workers(tmp_path: Path) -> None:
    """A master that hangs fails its case, and neither it nor a worker of it is left."""
    log = tmp_path / "pids"
    words = ("--case", CASE, "--timeout-scale", "0.25", "--", *adapter("never_ends", str(log)))
    run = kit_with_report(tmp_path, *words, verb="master")

    assert run.status == 1
    assert run.statuses() == {CASE: "fail"}
    assert "1.1 was sent 0 messages, 2.1 was sent 0 messages" in run.unfolded
    pids = log.read_text(encoding="ascii").split()
    left: list[Identity] = []
    for pid in pids:
        with suppress(OSError):  # it is gone
            left.append(identity(int(pid)))
    assert len(pids) == 3
    assert survivors(left) == []
