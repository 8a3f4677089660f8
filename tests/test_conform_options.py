"""Tests of ``spreadjobs_conform.options``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.manifest import NAME
from spreadjobs_conform.options import ExplainOptions, ListOptions, RunOptions, SelftestOptions, VerifyOptions, parse
from spreadjobs_conform.report_options import ReportOptions


def run_options(*words: str) -> RunOptions:
    """What `run` was asked to do."""
    options = parse(words)
    assert isinstance(options, RunOptions)
    return options


def test_defaults() -> None:
    """Without options: class worker, pickle of protocol 4, tagged, as many cases as processors."""
    options = run_options("--", "w", "-x")

    candidate = options.candidate
    assert candidate.command == ("w", "-x")
    assert (candidate.worker_class, candidate.codec, candidate.tagged) == ("worker", "pickle", True)
    assert (candidate.pickle_protocol, candidate.protocol_given) == (4, False)
    assert options.jobs >= 1
    assert options.again == "spread-jobs-conform {} -- w -x"


def test_the_line_that_runs_a_case_again_has_the_patience_of_the_run() -> None:
    """A worker that needed more time needs it again."""
    options = run_options("--timeout-scale", "3", "--", "w")

    assert options.again == "spread-jobs-conform --timeout-scale 3.0 {} -- w"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--report", "{}/b.toml", "--baseline", "{}/b.toml"), "--report {}/b.toml: {}/b.toml is taken already"),
        (("--report", "{}/b.toml", "--write-baseline", "{}/b.toml"), "--report {}/b.toml: {}/b.toml is taken already"),
        (("--report", "{}/m.toml", "--manifest", "{}/m.toml"), "--report {}/m.toml: {}/m.toml is taken already"),
        (("--junit", "{}/b.toml", "--write-baseline", "{}/b.toml"), "--junit {}/b.toml: {}/b.toml is taken already"),
        (("--report", "-", "--junit", "-"), "--junit -: standard output is taken already"),
        (("--report", "{}/r", "--tap", "{}/x/../r"), "--tap {}/x/../r: {}/x/../r is taken already"),
    ],
)
def test_nothing_that_a_run_reads_is_overwritten(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    """A report has a file of its own."""
    (tmp_path / "m.toml").write_text("", encoding="utf-8")

    with pytest.raises(UsageFault) as caught:
        parse([*(word.format(tmp_path) for word in words), "--", "w"])

    assert told.format(tmp_path, tmp_path) in str(caught.value)


def test_options_of_reports_are_read() -> None:
    """Each format has its file, for a run and for reports of earlier ones."""
    words = [word for name in ("junit", "tap", "markdown", "html", "badge") for word in (f"--{name}", f"{name}.out")]

    run = run_options("-q", *words, "--", "w")
    report = parse(["report", "a", *words, "--name", "rust", "b"])

    assert isinstance(report, ReportOptions)
    assert run.formats == report.formats
    assert run.formats.files["html"] == Path("html.out")
    assert (run.quiet, run_options("--", "w").quiet) == (True, False)
    assert (report.reports, report.names) == ((Path("a"), Path("b")), ("rust",))


def test_every_option_is_read() -> None:
    """Every option of the design that this delivery has is read."""
    words = "run --class worker --codec pickle --dialect untagged --pickle-protocol 2 --case a* --case b --skip c"
    words += " --req RUN-5 --strict --baseline base.toml -j 3 --timeout-scale 2.5 --report r.jsonl -- w 'a b'"

    options = run_options(*words.split(" -- ")[0].split(), "--", "w", "a b")

    assert (options.patterns, options.skipped, options.ids) == (("a*", "b"), ("c",), ("RUN-5",))
    assert (options.strict, options.baseline, options.jobs) == (True, Path("base.toml"), 3)
    assert (options.timeout_scale, options.report) == (2.5, Path("r.jsonl"))
    assert not options.candidate.tagged
    assert (options.candidate.pickle_protocol, options.candidate.protocol_given) == (2, True)
    assert options.again == (
        "spread-jobs-conform --codec pickle --dialect untagged --pickle-protocol 2 --timeout-scale 2.5 {} -- w 'a b'"
    )


def test_command_line_wins_over_the_manifest(tmp_path: Path) -> None:
    """What the manifest declares holds where the command line says nothing."""
    path = tmp_path / "m.toml"
    path.write_text("command = ['w']\ncodec = 'json'\npreparation = [1]\nlacks = ['op:exit']", encoding="utf-8")

    declared = run_options("--manifest", str(path))
    given = run_options("--manifest", str(path), "--codec", "pickle", "--", "other")

    assert (declared.candidate.command, declared.candidate.codec) == (("w",), "json")
    assert declared.candidate.preparation == (1,)
    assert declared.again == f"spread-jobs-conform --manifest {path} {{}}"
    assert (given.candidate.command, given.candidate.codec) == (("other",), "pickle")


def test_other_commands() -> None:
    """The commands list and explain take their own words."""
    assert parse(["list"]) == ListOptions(as_json=False)
    assert parse(["list", "--json"]) == ListOptions(as_json=True)
    assert parse(["explain", "RUN-5"]) == ExplainOptions("RUN-5")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "no worker is given"),
        (["--"], "no worker is given"),
        (["python3", "worker.py"], "goes behind --"),
        (["--pytest", "x", "--", "w"], "--pytest x is no option"),
        (["--codec", "json", "--dialect", "untagged", "--", "w"], "UNT-1"),
        (["--manifest", "/no/such/file", "--", "w"], "/no/such/file"),
    ],
)
def test_senseless_words_are_refused(words: list[str], named: str) -> None:
    """What makes no sense is said with its cure."""
    with pytest.raises(UsageFault, match=named):
        parse(words)


@pytest.mark.parametrize(
    "words",
    [
        ["--codec", "xml"],
        ["--pickle-protocol", "6"],
        ["-j", "0"],
        ["-j", "x"],
        ["--timeout-scale", "0"],
        ["--timeout-scale", "nan"],
        ["--timeout-scale", "x"],
        ["explain"],
    ],
)
def test_bad_values_end_with_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A bad value is a usage error."""
    with pytest.raises(SystemExit) as end:
        parse(words)

    assert end.value.code == 2
    assert "error" in capsys.readouterr().err


def test_command_that_nobody_knows_is_refused() -> None:
    """A word that is no command is not taken for a worker."""
    with pytest.raises(UsageFault, match="prove report is no option"):
        parse(["prove", "report"])


def test_verify_takes_a_report() -> None:
    """The verb and its one argument."""
    assert parse(["verify", "report.jsonl"]) == VerifyOptions(Path("report.jsonl"))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("preparation_literal = \"[b'x']\"", "'preparation'"),
        ("[[task]]\npayload = 1\n[[task]]\npayload_literal = '{1}'", r"'task\[1\]\.payload'"),
        ("[raises]\npayload = nan", "'raises.payload'"),
    ],
)
def test_what_json_cannot_carry_is_refused(text: str, key: str, tmp_path: Path) -> None:
    """What the manifest has and its codec cannot carry is refused before a worker is started. [JSON-5]"""
    path = tmp_path / "m.toml"
    path.write_text("codec = 'json'\n" + text, encoding="utf-8")

    with pytest.raises(UsageFault, match=key):
        parse(["--manifest", str(path), "--", "w"])


def test_processors_are_counted_on_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no affinity, its processors are counted."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)

    assert run_options("--", "w").jobs == 1


def test_options_of_the_selftest_are_read() -> None:
    """Without options all workers are run on a sample, on all processors."""
    assert parse(["selftest"]) == SelftestOptions(jobs=len(os.sched_getaffinity(0)))
    words = "selftest -j 3 --only a* --only b --whole --matrix m.md"
    assert parse(words.split()) == SelftestOptions(jobs=3, only=("a*", "b"), whole=True, matrix=Path("m.md"))


def test_a_manifest_beside_the_worker_is_used_unless_another_or_none_is_asked_for(tmp_path: Path) -> None:
    """Codec and samples are known without being told; what the command line says wins."""
    worker = str(tmp_path / "w.pl")
    Path(worker).touch()
    found = tmp_path / NAME
    found.write_text("command = ['perl', 'w.pl']\ncodec = 'json'\nconformance_payloads = true", encoding="utf-8")
    other = tmp_path / "m.toml"
    other.write_text("lacks = ['op:exit']", encoding="utf-8")

    used = run_options("--", "perl", worker)
    overruled = run_options("--codec", "pickle", "--", "perl", worker)
    excluded = run_options("--no-manifest", "--", "perl", worker)
    named = run_options("--manifest", str(other), "--", "perl", worker)

    assert (used.found, used.candidate.codec, used.candidate.serves_ops) == (found, "json", True)
    assert used.again == f"spread-jobs-conform --manifest {found} {{}} -- perl {worker}"
    assert (overruled.found, overruled.candidate.codec) == (found, "pickle")
    assert (excluded.found, excluded.candidate.codec) == (None, "pickle")
    assert excluded.again == f"spread-jobs-conform --no-manifest {{}} -- perl {worker}"
    assert (named.found, named.candidate.codec, named.candidate.lacks) == (None, "pickle", frozenset({"op:exit"}))
    assert run_options("--class", "command", "--", "perl", worker).found is None
