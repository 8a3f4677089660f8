"""Whole runs of the kit: how failures are told, folded and recognised."""

from __future__ import annotations

import io
import re
import shlex
import textwrap
from pathlib import Path

import attrs
from kit_runs import kit, kit_with_report
from kit_scripts import ANSWERS, DIES, ECHO, RIGHT, ROOT, python
from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.report_text import TextReport
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Outcome, Status, Verdict


def test_failure_is_told_in_full() -> None:
    """A failure has what came, what was due, the rule, the cure, the conversation and how to see it again. [WIRE-4]"""
    code = "import sys\nprint('a complaint', file=sys.stderr)\nprint('loading the model', flush=True)\n" + RIGHT
    run = kit("--case", "run/task-id-0", "-j", "1", "--", *python(code))

    assert run.status == 1
    for part in (
        "FAIL  run/task-id-0  (MUST WIRE-4, WIRE-1, PKL-4)",
        "came:   bytes that are no message: b'loading the model",
        "due:    a pickle that begins with",
        "rule:   WIRE-4 (MUST): From its start",
        "cure:   the program, or one that it starts, probably prints to stdout; send prints to stderr",
        "request 1 (task 0)",
        "    | a complaint",
        "again:  spread-jobs-conform --case run/task-id-0 -- ",
        "1 fail in ",
        "NOT CONFORMANT",
    ):
        assert part in run.unfolded, run.out


def test_first_screen_is_that_of_the_readme() -> None:
    """What the kit's README shows of a worker that prints is what a run shows, but for numbers and what is left out."""
    page = (ROOT / "conformance" / "README.md").read_text(encoding="utf-8")
    shown = page[page.index("    FAIL  ") : page.index("      again:  ")]
    code = "print('loading the model', flush=True)\n" + RIGHT

    run = kit("--case", "wire/*", "--case", "data/integers", "--", *python(code))

    labelled = re.findall(
        r"(?m)^(?:FAIL|  (?:shows|came|due|cure|rule|conversation|its bytes).*?:) .*$", textwrap.dedent(shown)
    )
    assert len(labelled) >= 6
    for line in labelled:
        # What depends on the worker's answer, and what is too long for the page, is left out there.
        assert line.partition(" ...")[0].partition("\\x80")[0] in run.unfolded
    assert "6c 6f 61 64 69 6e 67 20 74 68 65 20 6d 6f 64 65  loading the mode" in shown
    assert "6c 6f 61 64 69 6e 67 20 74 68 65 20 6d 6f 64 65  loading the mode" in run.out
    assert " more cases fail in the same way: wire/" in run.out


def test_failures_of_one_kind_are_folded(tmp_path: Path) -> None:
    """The most telling failure of a kind is told in full and the others by name; the report has every one."""
    run = kit_with_report(tmp_path, "--case", "run/*", "--case", "exec/*", "-j", "2", "--", *DIES)

    failed = [str(name) for name, status in run.statuses().items() if status == "fail"]
    told = [name for name in failed if f"FAIL  {name}  " in run.out]
    folded = [line for line in run.out.splitlines() if line.startswith("and ")]
    assert told == ["run/one-response-for-each-request"]
    assert len(folded) == 1
    assert folded[0].startswith(f"and {len(failed) - 1} more cases fail in the same way: run/")


def test_only_failures_of_one_kind_are_folded() -> None:
    """A failure that came otherwise is told; so is one that breaks another rule, and every fault of the kit."""
    out = io.StringIO()
    cases = all_cases()

    def verdict(number: int, status: Status = Status.FAIL, came: str = "task 1", rule: str = "RUN-3") -> Verdict:
        return Verdict(case=cases[number], level="MUST", status=status, came=came, due="it", violated=(rule,))

    verdicts = [verdict(number, came=f"task {number}") for number in range(4)]
    verdicts += [verdict(4, came="no task"), verdict(5, rule="RUN-5")]
    verdicts += [verdict(number, Status.HARNESS_ERROR) for number in range(6, 10)]
    TextReport(out, load_requirements(), "again {}").write(Outcome(tuple(verdicts), (), Exit.KIT_FAULT), 1.0, "")

    assert out.getvalue().count("  again:") == 7
    assert out.getvalue().count("KIT FAULT  ") == 4
    others = ", ".join(case.id for case in cases[1:4])
    assert f" and 3 more cases fail in the same way: {others} " in " ".join(out.getvalue().split())


def test_worker_that_does_not_answer_at_all_is_asked_the_first_questions(tmp_path: Path) -> None:
    """Behind the first failure stands what is to be asked, if not one byte came in answer, and only then. [OPS-8]"""
    manifest = tmp_path / "m.toml"
    manifest.write_text("task = [{payload = 3}]", encoding="utf-8")
    question = "did not answer the first conformance payload. Does it speak pickle (--codec), tagged (--dialect)?"
    silent = kit("--case", "run/r*", "--", *DIES)
    garbled = kit("--case", "run/r*", "--", *python("import sys\nsys.stdin.buffer.read(50)\nprint('hello')"))
    sample = kit("--case", "run/r*", "--manifest", str(manifest), "--", *DIES)
    wrong = kit("--case", "run/answers-the-value", "--", *python(RIGHT.replace("p.get('value')", "'another'")))
    other_id = kit("--case", "run/r*", "--", *python(ANSWERS.replace("((i, p", "((i + 1, p")))

    asked = " ".join(silent.out.split())
    assert asked.index("again:") < asked.index(question) < asked.rindex(" fail in ")
    # What came says more.
    assert "send prints to stderr" in garbled.unfolded
    assert "did not answer the first" not in garbled.out
    assert "did not answer the first task of the manifest. Does it speak pickle" in sample.out
    assert "preparation_ends" in sample.out
    assert wrong.status == other_id.status == 1
    assert "did not answer the first" not in wrong.out + other_id.out


def test_question_is_not_asked_where_anything_came() -> None:
    """A worker that writes, in any case, is not asked: what it wrote says more."""
    chosen = {found.id: found for found in all_cases()}
    failed = Verdict(case=chosen["run/returns-the-task-id"], level="MUST", status=Status.FAIL, violated=("RUN-5",))
    passed = Verdict(
        case=chosen["run/task-id-0"],
        level="MUST",
        status=Status.PASS,
        transcript=({"actor": "worker", "size_bytes": 5},),
    )
    stray = attrs.evolve(failed, evidence=("  0  6c",))
    for verdicts, asked in (((failed,), True), ((passed, failed), False), ((stray,), False), ((), False)):
        out = io.StringIO()
        report = TextReport(out, load_requirements(), "again {}", Candidate(command=()))
        report.write(Outcome(verdicts, (), Exit.FAILED), 1.0, "")

        assert ("did not answer" in out.getvalue()) is asked


def test_a_failure_has_the_rule_of_its_case_too() -> None:
    """That no response came is less than what the case is about: both sentences stand there."""
    out = io.StringIO()
    chosen = next(found for found in all_cases() if found.requirements[0] == "DATA-2")
    verdict = Verdict(case=chosen, level="MUST", status=Status.FAIL, came="x", violated=("DATA-2", "RUN-3"))

    TextReport(out, load_requirements(), "again {}").failure(verdict)

    assert re.findall(r"(?m)^  rule:   (\S+) ", out.getvalue()) == ["RUN-3", "DATA-2"]


def test_first_screen_has_the_first_failure_whole() -> None:
    """Forty lines of a hundred columns say what is wrong, how to mend it and how to see it again. [WIRE-3]"""
    run = kit("--timeout-scale", "0.2", "--case", "run/*", "--", *python(RIGHT.replace("write.flush()", "pass")))

    screen = run.out.splitlines()[:40]
    again = next(number for number, line in enumerate(screen) if line.startswith("  again: "))
    assert any(line.startswith("  cure:   flush standard output") for line in screen[:again])
    # What is to be copied is not cut.
    assert [line for line in screen[:again] if len(line) > 100] == []


def test_missing_flush_is_recognised() -> None:
    """A response that comes only when standard input is closed is told so. [WIRE-3]"""
    code = "import pickle, sys\nwhile pickle.load(sys.stdin.buffer) is not None: pass\nwhile True:\n"
    code += "  try: i, p = pickle.load(sys.stdin.buffer)\n  except EOFError: break\n"
    code += "  pickle.dump(((i, p['value']), None, None), sys.stdout.buffer, 4)"
    run = kit("--timeout-scale", "0.1", "--case", "wire/answers-without-more-input", "--", *python(code))

    assert run.status == 1
    assert "the response came when standard input was closed" in run.out
    assert "cure:   flush standard output after each response" in run.out


def test_child_of_a_wrapper_may_read_its_input() -> None:
    """A shell that starts the worker is no worker: that its child reads is as it should be, and is not blamed."""
    silent = shlex.join(python(ECHO + "for i, p in requests(): pass"))

    run = kit("--timeout-scale", "0.2", "--case", "run/task-id-0", "--", "sh", "-c", f"{silent}; true")

    assert "no response to request 1" in run.unfolded
    assert "reads its standard input" not in run.unfolded


def test_item_that_is_taken_for_a_request_is_told_so() -> None:
    """Where an item ends the preparation too early, the rule of preparation is named. [OPS-8]"""
    code = RIGHT.replace("load(read) is not None", "load(read)")
    taken = "for m in requests():\n  i, p = m if type(m) is tuple else (m, {})\n  "
    code = code.replace("for i, p in requests(): ", taken)

    run = kit("--case", "prep/falsy-items-do-not-end-it", "--", *python(code))

    assert run.out.startswith("FAIL  prep/falsy-items-do-not-end-it  (MUST OPS-8, PREP-4")
    assert "it took a preparation item (the None that ends it?) for a request" in run.unfolded
