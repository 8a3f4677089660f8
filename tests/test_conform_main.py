"""Tests of ``spreadjobs_conform.__main__``, ``runner``, the reports and the cases: whole runs of the kit."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import attrs
import pytest
import spreadjobs_conform.__main__ as program
from kit_scripts import ECHO, RIGHT, TEMPLATE, python
from spreadjobs_conform import runner
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.findings import CannotStart, HarnessFault, Interrupted
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.registry import Case, case
from spreadjobs_conform.report_text import TextReport
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Outcome, Status, Verdict

WORKER: Final = (sys.executable, "-S", str(TEMPLATE))
BOUND_S: Final = 60.0


@attrs.frozen
class Run:
    """What one run of the kit gave."""

    status: int
    out: str
    err: str
    lines: tuple[dict[str, object], ...] = ()

    def statuses(self) -> dict[object, object]:
        """The status of each case."""
        return {line["case"]: line["status"] for line in self.lines if line["kind"] == "case"}


def kit(*words: str) -> Run:
    """Runs the kit in this process."""
    out, err = io.StringIO(), io.StringIO()
    status = program.main(words, out, err)
    return Run(status, out.getvalue(), err.getvalue())


def kit_with_report(folder: Path, *words: str) -> Run:
    """Runs the kit in this process and reads its report."""
    report = folder / "report.jsonl"
    run = kit("--report", str(report), *words)
    lines = tuple(json.loads(line) for line in report.read_text(encoding="utf-8").splitlines())
    assert [lines[0]["kind"], lines[-1]["kind"]] == ["header", "footer"]
    assert lines[-1]["exit_status"] == run.status
    return attrs.evolve(run, lines=lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kit_options", "worker_options"),
    [
        ((), ()),
        (("--pickle-protocol", "2"), ()),
        (("--codec", "json"), ("--codec", "json")),
        (("--dialect", "untagged"), ("--dialect", "untagged")),
    ],
)
def test_reference_worker_is_conformant(
    kit_options: tuple[str, ...], worker_options: tuple[str, ...], tmp_path: Path
) -> None:
    """The reference worker passes every case that applies, in both codecs and both dialects."""
    run = kit_with_report(tmp_path, "--strict", *kit_options, "--", *WORKER, *worker_options)

    assert set(run.statuses().values()) == {"pass", "not-applicable"}, run.out
    assert len([status for status in run.statuses().values() if status == "pass"]) > 90
    assert run.status == 0
    assert run.out.endswith("CONFORMANT\n")


def test_linux_command_is_conformant() -> None:
    """A plain command passes the family cmd, and nothing else applies. [CMD-2]"""
    run = kit("--class", "command", "--", "ls", "-l", "/")

    assert run.status == 0
    assert "cmd    6 pass" in run.out


def test_commands_that_break_their_rules_fail(tmp_path: Path) -> None:
    """A command with status 3, and one that leaves a child, fail just there. [CMD-5]"""
    status = kit_with_report(tmp_path, "--class", "command", "--strict", "--", "sh", "-c", "exit 3")
    child = "sleep 30 & echo done"
    holder = kit_with_report(tmp_path, "--class", "command", "--timeout-scale", "0.1", "--", "sh", "-c", child)

    assert [name for name, found in status.statuses().items() if found == "fail"] == ["cmd/exit-status-0"]
    assert status.status == 1
    assert [name for name, found in holder.statuses().items() if found == "fail"] == ["cmd/nothing-holds-stdout"]
    assert "sleep 30" in holder.out


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize("command", [("cat",), ("true",), ("yes",), ("sleep", "1000")], ids=lambda words: words[0])
def test_run_against_anything_is_bounded(command: tuple[str, ...], tmp_path: Path) -> None:
    """A run against any program ends within a minute, with failures and no fault of the kit."""
    began_s = time.monotonic()

    run = kit_with_report(tmp_path, "--", *command)

    assert time.monotonic() - began_s < BOUND_S
    assert run.status == 1, run.out
    assert 3 <= run.out.count("\nFAIL  ") < list(run.statuses().values()).count("fail") / 2
    assert "harness-error" not in run.statuses().values()
    assert run.statuses()["run/returns-the-task-id"] == "fail"


def test_missing_executable_gives_status_4(tmp_path: Path) -> None:
    """A worker that cannot be started is not judged."""
    run = kit_with_report(tmp_path, "--", "/no/such/worker")

    assert run.status == 4
    assert "/no/such/worker" in run.err
    assert run.lines[-1]["complete"] is False


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--case", "cmd/*", "--", "w"), "nothing is selected that applies"),
        (("--case", "zzz", "--", "w"), "--case zzz"),
        (("--report", "/no/such/folder/r", "--", "w"), "/no/such/folder/r"),
        (("--baseline", "/no/such/baseline", "--", "w"), "/no/such/baseline"),
        (("explain", "zzz"), "zzz"),
        ((), "no worker is given"),
    ],
)
def test_usage_errors_give_status_2(words: tuple[str, ...], named: str) -> None:
    """What makes no sense is said before a worker is started."""
    run = kit(*words)

    assert run.status == 2
    assert named in run.err


def test_list_and_explain_are_shown() -> None:
    """The list and the explanations come on standard output, with status 0."""
    assert len(json.loads(kit("list", "--json").out)) >= 45
    assert "run/task-id-0" in kit("list").out
    assert kit("explain", "RUN-5").out.startswith("RUN-5 (MUST, worker)")


def test_failure_is_told_in_full() -> None:
    """A failure has what came, what was due, the rule, the cure, the conversation and how to see it again. [WIRE-4]"""
    code = "import sys\nprint('a complaint', file=sys.stderr)\nprint('loading the model', flush=True)\n" + RIGHT
    run = kit("--case", "run/task-id-0", "-j", "1", "--", *python(code))

    assert run.status == 1
    for part in (
        "FAIL  run/task-id-0  (MUST RUN-5)",
        "came:   bytes that are no message: b'loading the model",
        "due:    a pickle that begins with",
        "rule:   WIRE-4 (MUST): From its start",
        "cure:   the program probably prints to stdout; send prints to stderr",
        "request 1 (task 0)",
        "    a complaint",
        "again:  spread-jobs-conform --case run/task-id-0 -- ",
        "1 fail in ",
        "NOT CONFORMANT",
    ):
        assert part in run.out, run.out


DIES: Final = python("")


def test_failures_of_one_kind_are_folded(tmp_path: Path) -> None:
    """Three failures of a kind are told in full and the others by name; the report has every one."""
    run = kit_with_report(tmp_path, "--case", "run/*", "--case", "exec/*", "-j", "2", "--", *DIES)

    failed = [str(name) for name, status in run.statuses().items() if status == "fail"]
    told = [name for name in failed if f"FAIL  {name}  " in run.out]
    folded = [line for line in run.out.splitlines() if line.startswith("and ")]
    assert told == failed[:3]
    assert folded == [f"and {len(failed) - 3} more cases fail in the same way: {', '.join(failed[3:11])}, ..."]


def test_only_failures_of_one_kind_are_folded() -> None:
    """A failure that came otherwise, or breaks another rule, is told; so is every fault of the kit."""
    out = io.StringIO()
    cases = all_cases()

    def verdict(number: int, status: Status = Status.FAIL, came: str = "task 1", rule: str = "RUN-3") -> Verdict:
        return Verdict(case=cases[number], level="MUST", status=status, came=came, due="it", violated=(rule,))

    verdicts = [verdict(number, came=f"task {number}") for number in range(4)]
    verdicts += [verdict(4, came="no task"), verdict(5, rule="RUN-5")]
    verdicts += [verdict(number, Status.HARNESS_ERROR) for number in range(6, 10)]
    TextReport(out, load_requirements(), "again {}").write(Outcome(tuple(verdicts), (), Exit.KIT_FAULT), 1.0, "")

    assert out.getvalue().count("  again:") == 9
    assert out.getvalue().count("KIT FAULT  ") == 4
    assert f"\nand 1 more case fails in the same way: {cases[3].id}\n" in out.getvalue()


def test_worker_that_does_not_answer_at_all_is_asked_the_first_questions(tmp_path: Path) -> None:
    """Before the failures stands what is probably wrong, if the first exchange failed, and only then. [OPS-8]"""
    manifest = tmp_path / "m.toml"
    manifest.write_text("task = [{payload = 3}]", encoding="utf-8")
    question = "did not answer the first conformance payload. Does it speak pickle (--codec)?"
    silent = kit("--case", "run/r*", "--", *DIES)
    garbled = kit("--case", "run/r*", "--", *python("import sys\nsys.stdin.buffer.read(50)\nprint('hello')"))
    sample = kit("--case", "run/r*", "--manifest", str(manifest), "--", *DIES)
    wrong = kit("--case", "run/answers-the-value", "--", *python(RIGHT.replace("p.get('value')", "'another'")))
    other_id = kit("--case", "run/r*", "--", *python(ANSWERS.replace("((i, p", "((i + 1, p")))

    for run in (silent, garbled):
        assert question in run.out
        assert run.out.index(question) < run.out.index("FAIL  ")
    assert "did not answer the first task of the manifest. Does it speak pickle" in sample.out
    assert "preparation_ends" in sample.out
    assert wrong.status == other_id.status == 1
    assert "did not answer the first" not in wrong.out + other_id.out


def test_question_is_not_asked_when_an_echo_passed() -> None:
    """A worker that fails the first exchange alone is not asked: it does speak."""
    out = io.StringIO()
    chosen = {found.id: found for found in all_cases()}
    passed = Verdict(case=chosen["run/task-id-0"], level="MUST", status=Status.PASS)
    failed = Verdict(case=chosen["run/returns-the-task-id"], level="MUST", status=Status.FAIL, violated=("RUN-5",))
    for verdicts, asked in (((failed,), True), ((passed, failed), False), ((), False)):
        report = TextReport(out, load_requirements(), "again {}", Candidate(command=()))
        report.write(Outcome(verdicts, (), Exit.FAILED), 1.0, "")

        assert ("did not answer" in out.getvalue()) is asked
        out.truncate(0)


@pytest.mark.parametrize("words", [("list",), ("--case", "run/*", "--", *DIES)], ids=["list", "run"])
def test_reader_that_goes_away_is_no_fault_of_the_kit(words: tuple[str, ...]) -> None:
    """When nobody reads standard output any more, the kit ends quietly with status 141."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "spreadjobs_conform", *words]
        # Unbuffered, nothing would be left for the interpreter to complain about.
        env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=env, timeout=BOUND_S, check=False)
    finally:
        os.close(writing)

    assert (ended.returncode, ended.stderr) == (141, b"")


def test_should_that_fails_counts_with_strict_alone() -> None:
    """A SHOULD that fails is told, and gives status 1 with --strict only. [SHUT-5]"""
    words = ("--case", "eof/status-when-idle", "--", *python(RIGHT + "\nsys.exit(3)"))

    run = kit(*words)

    assert run.status == 0
    assert "CONFORMANT, but for 1 SHOULD that failed" in run.out
    assert kit("--strict", *words).status == 1


def test_missing_flush_is_recognised() -> None:
    """A response that comes only when standard input is closed is told so. [WIRE-3]"""
    code = "import pickle, sys\nwhile pickle.load(sys.stdin.buffer) is not None: pass\nwhile True:\n"
    code += "  try: i, p = pickle.load(sys.stdin.buffer)\n  except EOFError: break\n"
    code += "  pickle.dump(((i, p['value']), None, None), sys.stdout.buffer, 4)"
    run = kit("--timeout-scale", "0.1", "--case", "wire/answers-without-more-input", "--", *python(code))

    assert run.status == 1
    assert "the response came when standard input was closed" in run.out
    assert "cure:   flush standard output after each response" in run.out


ANSWERS: Final = ECHO + "for i, p in requests(): send(((i, p.get('value', 'done')), None, None))"
FAILS: Final = ECHO + (
    "for i, p in requests(): "
    "send(((i, p['value']) if 'value' in p else ('RemoteException', i, 'KeyError', 'op', ''), None, None))"
)


@pytest.mark.parametrize(
    ("name", "code", "status"),
    [
        ("busy/refusal-has-three-items", ANSWERS, "fail"),
        ("busy/refusal-has-three-items", FAILS, "not-testable"),
        ("err/type-and-message", ANSWERS, "fail"),
        ("err/failure-has-five-items", ANSWERS, "fail"),
        ("run/exit-without-an-answer", ANSWERS, "fail"),
        ("run/exit-without-an-answer", FAILS, "not-testable"),
        ("run/sleeps-as-long-as-asked", FAILS, "not-testable"),
        ("out/no-lines", FAILS, "not-testable"),
        ("wire/json-lines", ANSWERS.replace("(i, p", "(i + 1, p"), "not-applicable"),
    ],
)
def test_other_outcome_is_a_failure_or_not_testable(name: str, code: str, status: str, tmp_path: Path) -> None:
    """An outcome of another sort is a failure; a RemoteException to what is not served is not testable."""
    run = kit_with_report(tmp_path, "--case", name, "--case", "run/task-id-0", "--", *python(code))

    assert run.statuses()[name] == status, run.out


OWN: Final = ECHO + (
    "for i, p in requests():\n"
    "  try: send(((i, p['n'] ** 2), None, None))\n"
    "  except Exception as e: send((('RemoteException', i, type(e).__name__, str(e), ''), None, None))"
)


@pytest.mark.slow
def test_worker_of_its_own_is_told_the_next_step(tmp_path: Path) -> None:
    """A worker that answers RemoteException to all payloads has no failure, and what needs them is not testable."""
    run = kit_with_report(tmp_path, "--", *python(OWN))

    assert run.status == 3
    assert set(run.statuses().values()) == {"pass", "not-applicable", "not-testable"}
    assert run.statuses()["run/returns-the-task-id"] == "pass"
    assert run.statuses()["err/failure-has-five-items"] == "pass"
    assert run.statuses()["data/floats"] == "not-testable"
    assert "Next step: serve the conformance payloads" in run.out


def test_manifest_makes_a_worker_of_its_own_testable(tmp_path: Path) -> None:
    """Samples of the manifest are sent and their answers checked; what has no sample is not testable."""
    manifest = tmp_path / "m.toml"
    task = "[[task]]\npayload = {n = 3}\nanswer = "
    words = ("--manifest", str(manifest), "--case", "run/r*", "--case", "err/failure*", "--", *python(OWN))

    manifest.write_text(f"{task}9", encoding="utf-8")
    right = kit_with_report(tmp_path, *words)
    manifest.write_text(f"{task}9\n[raises]\npayload = {{}}\ntype = 'KeyError'", encoding="utf-8")
    raising = kit_with_report(tmp_path, *words)
    manifest.write_text(f"{task}8", encoding="utf-8")
    wrong = kit_with_report(tmp_path, *words)

    assert right.statuses()["run/returns-the-task-id"] == "pass"
    assert right.statuses()["err/failure-has-five-items"] == "not-testable"
    assert "add [raises]" in right.out
    assert raising.statuses()["err/failure-has-five-items"] == "pass"
    assert wrong.status == 1
    assert "9 came, 8 was due" in wrong.out


@pytest.mark.slow
@pytest.mark.parametrize(("items", "body"), [("", "pass"), ("preparation = ['first']\n", "next(items, None)")])
def test_worker_that_takes_a_number_of_items_is_testable(items: str, body: str, tmp_path: Path) -> None:
    """With preparation_ends "count" just the manifest's items are sent; what takes others is not testable. [PREP-4]"""
    worker, manifest = tmp_path / "worker.py", tmp_path / "m.toml"
    prepare, due = "    PREPARED.extend(iter(lambda: next(items, None), None))\n", f"    {body}\n"
    text = TEMPLATE.read_text(encoding="utf-8")
    assert prepare in text
    worker.write_text(text.replace(prepare, due), encoding="utf-8")
    task = "[[task]]\npayload = {op = 'echo', value = 9}\nanswer = 9"
    words = ("--strict", "--manifest", str(manifest), "--", sys.executable, "-S", str(worker))

    manifest.write_text(f"{items}preparation_ends = 'count'\n{task}", encoding="utf-8")
    run = kit_with_report(tmp_path, *words)
    manifest.write_text(f"{items}preparation_ends = 'none'\n{task}", encoding="utf-8")
    none = kit("--case", "run/r*", *words)

    assert run.status == 3, run.out
    assert set(run.statuses().values()) == {"pass", "not-applicable", "not-testable"}
    reasons = {line["case"]: str(line["reason"]) for line in run.lines if line.get("status") == "not-testable"}
    counted = {name for name, reason in reasons.items() if "ends by count" in reason}
    assert {"prep/no-items", "prep/items-come-in-order"} <= counted
    cut_short = {"prep/silent-during-preparation", "eof/during-preparation", "eof/inside-a-preparation-item"}
    assert counted & cut_short == (set() if items else cut_short)
    assert run.statuses()["run/returns-the-task-id"] == "pass"
    assert none.status == 1


def test_counted_preparation_of_a_worker_that_serves_the_payloads(tmp_path: Path) -> None:
    """A worker that serves the payloads may count its items too; those of the kit are not sent to it. [PREP-4]"""
    manifest = tmp_path / "m.toml"
    manifest.write_text("preparation = [1]\npreparation_ends = 'count'", encoding="utf-8")
    code = RIGHT.replace("while load(read) is not None:\n    pass", "assert load(read) == 1")
    cases = ("--case", "prep/[ais]*", "--case", "eof/during-preparation", "--case", "data/floats")

    run = kit_with_report(tmp_path, "--manifest", str(manifest), *cases, "--", *python(code))

    assert run.statuses()["prep/a-thousand-items"] == "not-testable"
    assert run.statuses()["prep/silent-during-preparation"] == run.statuses()["data/floats"] == "pass", run.out
    assert "fail" not in run.statuses().values()


def test_declared_lacks_are_not_testable(tmp_path: Path) -> None:
    """What the manifest says is lacking is not run, and gives status 3."""
    manifest = tmp_path / "m.toml"
    manifest.write_text("lacks = ['type:set', 'op:raise']", encoding="utf-8")
    cases = ("--case", "data/sets", "--case", "data/lists", "--case", "err/usable-after-a-failure")

    run = kit_with_report(tmp_path, "--manifest", str(manifest), *cases, "--", *WORKER)

    assert run.status == 3
    assert run.statuses()["data/sets"] == run.statuses()["err/usable-after-a-failure"] == "not-testable"
    assert run.statuses()["data/lists"] == "pass"
    assert "lacks type:set" in run.out


def test_baseline_decides(tmp_path: Path) -> None:
    """A known failure does not fail the run, an entry that is stale does."""
    baseline = tmp_path / "baseline.toml"
    code = ECHO + "for i, p in requests(): send(((i, [] if p['value'] == () else p['value']), None, None))"
    words = ("--baseline", str(baseline), "--case", "data/tuples", "--case", "run/task-id-0", "--", *python(code))

    baseline.write_text("[known]\n'data/tuples' = '[] (list) came'", encoding="utf-8")
    known = kit(*words)
    baseline.write_text("[flaky]\n'data/tuples' = 'list'", encoding="utf-8")
    flaky = kit(*words)
    baseline.write_text("[known]\n'data/tuples' = 'a set came'", encoding="utf-8")
    other = kit(*words)
    baseline.write_text("[known]\n'data/tuples' = 'list'\n'run/task-id-0' = 'x'", encoding="utf-8")
    stale = kit(*words)

    assert (known.status, flaky.status, other.status, stale.status) == (0, 0, 1, 1)
    assert "CONFORMANT, but for 1 known failures" in known.out
    assert "known to be flaky" in flaky.out
    assert "the baseline expects the reason 'a set came'" in other.out
    assert "run/task-id-0 passed; remove the entry" in stale.out


@case("run/empty", "RUN-3", checks=1)
def empty(_: object) -> None:
    """Checks nothing."""


@case("run/broken", "RUN-3", checks=1)
def broken(_: object) -> None:
    """Is broken."""
    raise ZeroDivisionError("a bug of the kit")


@case("run/lost", "RUN-3", checks=1)
def lost(_: object) -> None:
    """Cannot start any more."""
    raise CannotStart("too many processes")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [(empty, "0 checks were made, 1 are declared"), (broken, "a bug of the kit"), (lost, "it had started before")],
)
def test_fault_of_the_kit_is_no_verdict(wrong: Case, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that checks too little, or breaks, is a fault of the kit: status 5, and never a pass."""
    monkeypatch.setattr(program, "all_cases", lambda: (wrong,))

    run = kit("--", *python(RIGHT))

    assert run.status == 5
    assert named in run.out
    assert "KIT FAULT  " in run.out
    assert "says nothing about the worker" in run.out


@pytest.mark.parametrize(("error", "named"), [(HarnessFault("torn"), "torn"), (ZeroDivisionError("odd"), "odd")])
def test_fault_outside_a_case_gives_status_5(error: Exception, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in the kit, the worker is not blamed."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(program, "load_requirements", fail)

    run = kit("list")

    assert run.status == 5
    assert named in run.err


def test_processes_that_hid_are_ended() -> None:
    """A process that left its group and let go of every pipe is ended with the run."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc")
    nothing = "stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
    code = f"import subprocess\nsubprocess.Popen(['sleep', '4321'], start_new_session=True, {nothing})\n" + RIGHT

    assert kit("--case", "run/task-id-0", "--", *python(code)).status == 0

    end_s = time.monotonic() + 5
    while _sleepers() and time.monotonic() < end_s:
        pass
    assert not _sleepers()


def _sleepers() -> list[str]:
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", b"4321"]:
            found.append(str(path))
    return found


def test_worker_that_answers_wrongly_is_still_taken_to_serve_the_payloads(tmp_path: Path) -> None:
    """A wrong answer to the first payload is no sign of a task function of its own: the cases fail. [OPS-1]"""
    code = ECHO + "for i, p in requests(): send(((i, 'another'), None, None))"

    run = kit_with_report(tmp_path, "--case", "run/answers-the-value", "--", *python(code))

    assert run.statuses() == {"run/answers-the-value": "fail"}


def test_stopped_run_gives_no_verdict() -> None:
    """A case that is under way when the run is stopped is not judged."""
    chosen = next(found for found in all_cases() if found.id == "run/task-id-0")
    patience = Patience(1.0, time.monotonic)
    running = runner.Runner(Candidate(command=python(RIGHT)), patience, load_requirements())
    running.stop.set()

    with pytest.raises(Interrupted):
        running.run_case(chosen)


def test_late_verdicts_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heavy cases come last, and verdicts in the order of the cases."""
    seen: list[str] = []

    def run_case(_: runner.Runner, chosen: Case) -> Verdict:
        seen.append(chosen.id)
        return Verdict(case=chosen, level="MUST", status=Status.PASS)

    monkeypatch.setattr(runner.Runner, "run_case", run_case)

    assert kit("--case", "wire/*", "-j", "1", "--", *python(RIGHT)).status == 0
    assert seen.index("wire/message-of-16-mebibytes") > seen.index("wire/json-escapes")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_ends_its_workers(number: signal.Signals, tmp_path: Path) -> None:
    """A run that is interrupted ends its workers within a second or so, and gives status 130."""
    report = tmp_path / "r.jsonl"
    pids = tmp_path / "pids"
    code = f"import os, time\nopen({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(100)"
    command = [sys.executable, "-m", "spreadjobs_conform", "--report", str(report), "--", *python(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        end_s = time.monotonic() + 20
        while not (pids.exists() and pids.read_text()) and time.monotonic() < end_s:
            time.sleep(0.01)
        process.send_signal(number)
        began_s = time.monotonic()
        _, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert time.monotonic() - began_s < 5
    assert "interrupted" in err
    footer = json.loads(report.read_text(encoding="utf-8").splitlines()[-1])
    assert (footer["kind"], footer["complete"], footer["exit_status"]) == ("footer", False, 130)
    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_entry_point_exits_with_the_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The installed command gives the status to the system."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "argv", ["spread-jobs-conform", "explain", "zzz"])
    try:
        with pytest.raises(SystemExit) as end:
            program.run()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert end.value.code == 2
    assert "zzz" in capsys.readouterr().err
