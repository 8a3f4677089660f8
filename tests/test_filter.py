"""``python -m spreadjobs.filter``: a worker made of a program that reads and writes lines."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spreadjobs import Answered, Failed, Master, RemoteException, Settings

FILTER = [sys.executable, "-m", "spreadjobs.filter"]
FLUSHING = "import sys\nfor line in sys.stdin:\n    print({}, flush=True)"


def python(expression: str) -> list[str]:
    """A filter that writes and flushes the value of an expression of ``line``."""
    return [sys.executable, "-c", FLUSHING.format(expression)]


def told(todo: list[object], command: list[str], *options: str, codec: str = "pickle") -> list[object]:
    """The answers, and of tasks that failed the message."""
    settings = Settings(codec="json") if codec == "json" else Settings()
    with Master([[*FILTER, "--codec", codec, *options, "--", *command]], settings=settings) as master:
        outcomes = list(master.outcomes(todo))
    found: list[object] = []
    for outcome in outcomes:
        assert isinstance(outcome, Answered | Failed)
        if isinstance(outcome, Answered):
            found.append(outcome.value)
        else:
            assert isinstance(outcome.error, RemoteException)
            found.append(f"{outcome.error.type_name}: {outcome.error.message}")
    return found


@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_each_payload_is_a_line_and_each_line_an_answer(codec: str) -> None:
    """Numbers and texts go in; what comes out is text, in order, without its line end. [RUN-6]"""
    assert told([1, "2", 3.5, "", "é"], python("line[:-1] + '!'"), codec=codec) == ["1!", "2!", "3.5!", "!", "é!"]


@pytest.mark.parametrize("command", [["sed", "s/a/b/"], ["tr", "a", "b"]], ids=lambda c: c[0])
def test_programs_that_keep_their_output_are_made_to_write_each_line(command: list[str]) -> None:
    """A filter of the system need not flush by itself: it runs under stdbuf. [WIRE-3]"""
    assert told(["a", "ca"], command) == ["b", "cb"]


def test_one_process_serves_all_tasks() -> None:
    """A program keeps what it knows from task to task, and starts once."""
    answers = told(["x"] * 5, python("__import__('os').getpid()"))

    assert len(set(answers)) == 1


@pytest.mark.slow
def test_long_lines_do_not_block_program_and_worker_against_each_other() -> None:
    """The worker reads while it writes: a program may answer before it has read all. [EXEC-8] [WIRE-5]"""
    answers = told(["x" * 3_000_000, "y"], ["cat"])

    assert [len(str(answer)) for answer in answers] == [3_000_000, 1]


def test_a_program_that_ends_fails_a_task_and_is_started_again() -> None:
    """How it ended is told, and the next task gets a new process. [ERR-4]"""
    command = ["sh", "-c", 'while read line; do test "$line" = bad && exit 3; echo "$line"; done']

    assert told(["good", "bad", "again"], command) == [
        "good",
        "FilterFailed: sh ended with status 3 and wrote nothing; a line was due",
        "again",
    ]


def test_what_it_wrote_before_it_ended_is_told() -> None:
    """A last line without its end is no answer."""
    (failure,) = told(["x"], ["sh", "-c", "read line; printf half; kill -KILL $$"])

    assert failure == "FilterFailed: sh ended with signal 9 and wrote b'half'; a line was due"


def test_two_lines_for_a_task_that_come_together_are_never_the_answer_of_the_next_one() -> None:
    """What is there before the next task is sent is seen, and the answers before are called doubtful. [RUN-5]"""
    command = python("line + line, end=''")

    answers = told(["a", "b", "c", "d"], command)

    assert answers[0] == "a"
    assert all(
        answer == due or str(answer).startswith("FilterFailed: for an earlier task")
        for answer, due in zip(answers, "abcd", strict=True)
    )
    assert any(str(answer).endswith("the answers before may be those of other tasks") for answer in answers)


def test_more_lines_than_tasks_are_told_at_the_end() -> None:
    """A second line that came late shows at the end of input: the worker's status is not 0, and it says why."""
    late = [
        sys.executable,
        "-c",
        "import sys\nfor line in sys.stdin:\n    print(line, end='', flush=True)\nprint('more')",
    ]
    with Master([[*FILTER, "--", *late]]) as master:
        assert master.run(["a", "b"]) == ["a", "b"]

    (report,) = master.workers
    assert report.status == 1
    assert "at its end " in report.stderr[-1]
    assert report.stderr[-1].endswith("one line a line was due, so the answers before may be those of other tasks")


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("two\nlines", "the payload 'two\\nlines' has more than one line; --each takes such"),
        (None, "a payload of type NoneType is no line; give a str or a number, or --json"),
        (True, "a payload of type bool is no line; give a str or a number, or --json"),
        (["x"], "a payload of type list is no line; give a str or a number, or --json"),
    ],
)
def test_a_payload_that_is_no_line_fails_the_task(payload: object, message: str) -> None:
    """Nothing is changed silently: the failure says what to do instead. [ERR-4]"""
    assert told([payload, "next"], ["cat"]) == [f"FilterFailed: {message}", "next"]


def test_with_json_any_payload_and_any_answer_travel() -> None:
    """Lines are JSON texts then; one that is none is a failure."""
    command = python("line[:-1] if 'JSON' not in line else 'no'")

    answers = told([{"a": [1, None, True]}, "text\nof two lines", "no JSON"], command, "--json")

    assert answers[:2] == [{"a": [1, None, True]}, "text\nof two lines"]
    assert str(answers[2]).startswith("JSONDecodeError: ")


def test_with_each_a_process_reads_a_whole_payload() -> None:
    """Several lines in, several lines out; the end of the last line is dropped."""
    assert told(["b\na\nc", "", "z"], ["sort"], "--each") == ["a\nb\nc", "", "z"]


def test_with_each_a_status_other_than_0_is_a_failure() -> None:
    """What the program wrote is told with its status."""
    assert told(["x"], ["sh", "-c", "echo why; exit 3"], "--each") == [
        "FilterFailed: sh ended with status 3 and wrote b'why\\n'"
    ]
    assert told(["x"], ["sh", "-c", "kill -KILL $$"], "--each") == [
        "FilterFailed: sh ended with signal 9 and wrote nothing"
    ]


def test_a_program_that_goes_on_at_the_end_of_its_input_is_ended() -> None:
    """The worker exits in time whatever its program does. [SHUT-3] [SHUT-4]"""
    command = [sys.executable, "-c", FLUSHING.format("line, end=''") + "\nimport time; time.sleep(1000)"]
    with Master([[*FILTER, "--", *command]]) as master:
        assert master.run(["x"]) == ["x"]

    assert [report.status for report in master.workers] == [0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "a command is due, such as: python -m spreadjobs.filter -- tr a-z A-Z"),
        (["--"], "a command is due"),
        (["--", "no-such-program"], "'no-such-program' is no program in PATH, and no executable file"),
        (["--codec", "xml", "--", "cat"], "invalid choice: 'xml'"),
    ],
)
def test_a_wrong_command_line_is_told(words: list[str], message: str) -> None:
    """Status 2, before anything is read."""
    ended = subprocess.run([*FILTER, *words], capture_output=True, text=True, check=False, input="")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr


def test_stdbuf_need_not_be_there(tmp_path: object) -> None:
    """A program that flushes by itself works without it."""
    found = subprocess.run(
        [*FILTER, "--codec", "json", "--", *python("line[:-1]")],
        capture_output=True,
        text=True,
        check=False,
        input='[10001, "x"]\n',
        env={"PATH": str(tmp_path)},
    )

    assert (found.returncode, found.stdout) == (0, '[[10001,"x"],null,null]\n'), found.stderr
