"""The drop-in module has every name that the seed lists, and each does what the page of names says."""

from __future__ import annotations

import os
import pickle
import queue
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from spreadjobs import connection, errors, one_run, outcomes, past_performance, spread_jobs
from spreadjobs.backoff import BUSY3, BUSYFAC1, BUSYFAC2
from spreadjobs.messages import Undecodable

CLASSES: Final = {
    "CannotCreateConnection",
    "Connection",
    "Connection_subprocess",
    "NoResponse",
    "PastPerformance",
    "RemoteException",
    "TooBusy",
    "notComputed",
    "unpickled_pseudofile",
    "workers_c",
}
FUNCTIONS: Final = {
    "Replace",
    "append",
    "delay_sanitize",
    "main",
    "one_shot_test",
    "replace",
    "test_",
    "test_worker",
}
"""What the documentation of gmisclib 0.73.0 lists, without its one variable, ``__package__``."""

PARAMETERS: Final = {
    "todo",
    "list_of_args",
    "connection_factory",
    "stdin",
    "verbose",
    "timing_callback",
    "tail_callback",
    "past_performance",
}
PAGE: Final = Path(__file__).parents[1] / "docs" / "names.md"

ECHO: Final = [sys.executable, "-c", "from spreadjobs.spread_jobs import test_worker; test_worker(None)"]
UPPER: Final = [sys.executable, "-c", "from spreadjobs.spread_jobs import test_worker; test_worker(str.upper)"]

ANCESTORS_WAY: Final = """
import pickle, sys
from spreadjobs import spread_jobs

refused = False
while True:
    try:
        task_id, payload = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    if payload == "raise":
        first = spread_jobs.RemoteException("ValueError", "bad")
    elif not refused:
        refused, first = True, spread_jobs.TooBusy(0.01)
    else:
        first = (task_id, payload)
    pickle.dump((first, None, None), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
    sys.stdout.buffer.flush()
"""
"""A worker as the documentation has it: refusals and failures are instances of the module's classes."""

REFUSES_ONCE: Final = """
import sys
from spreadjobs.spread_jobs import TooBusy, test_worker

done = 0

def task(payload):
    global done
    done += 1
    if done == 1:
        # The pipe has a reader only when the other worker has its task: both take part in the run.
        with open(sys.argv[1], "w" if sys.argv[2] == "refuses" else "r"):
            pass
        if sys.argv[2] == "refuses":
            raise TooBusy(0.01)
    return payload

test_worker(task)
"""


def test_every_name_of_the_documentation_is_there() -> None:
    """A script that relied on the documentation changes one import."""
    assert set(spread_jobs.__all__) == CLASSES | FUNCTIONS
    assert [name for name in spread_jobs.__all__ if not hasattr(spread_jobs, name)] == []
    assert spread_jobs.__package__ == "spreadjobs"


def test_page_lists_every_name() -> None:
    """The page says of each name, and of each parameter of main, what became of it."""
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    verdicts = dict(rows)

    assert set(verdicts) == CLASSES | FUNCTIONS | PARAMETERS | {"__package__"}
    assert set(verdicts.values()) == {"same", "improved", "another shape"}


def test_names_are_those_of_the_library() -> None:
    """Errors and values are the library's own, so that ``except`` and ``is`` work across both."""
    assert spread_jobs.main is one_run.main
    assert spread_jobs.RemoteException is errors.RemoteException
    assert spread_jobs.NoResponse is errors.NoResponse
    assert spread_jobs.TooBusy is errors.TooBusy
    assert spread_jobs.CannotCreateConnection is errors.CannotCreateConnection
    assert spread_jobs.notComputed is outcomes.notComputed
    assert spread_jobs.PastPerformance is past_performance.PastPerformance


def test_documented_call_works() -> None:
    """main() by positions, as documented, gives the pair of results and remaining outputs. [RUN-5]"""
    results, outputs = spread_jobs.main(["a", "b", "c"], [UPPER, UPPER], spread_jobs.Connection_subprocess, None, False)  # noqa: FBT003 - the documented order

    assert (results, outputs) == (["A", "B", "C"], [[], []])


def test_workers_may_answer_with_instances_of_the_classes() -> None:
    """A worker that relied on the documentation changes one import, too. [INST-1]"""
    worker = [sys.executable, "-c", ANCESTORS_WAY]

    assert spread_jobs.main(["a", "b"], [worker])[0] == ["a", "b"]
    with pytest.raises(spread_jobs.RemoteException, match="bad") as caught:
        spread_jobs.main(["a", "raise"], [worker])
    assert caught.value.args == ("ValueError", "bad")
    assert caught.value.partial == ["a", spread_jobs.notComputed]


def test_more_useful_worker_is_started_first_the_next_time(tmp_path: Path) -> None:
    """The memory works: what a worker was worth while it worked decides the order. [docs/names.md: PastPerformance]"""
    fifo = tmp_path / "meeting"
    os.mkfifo(fifo)
    template = [[sys.executable, "-c", REFUSES_ONCE, str(fifo)]]
    workers = spread_jobs.append(template, "refuses") + spread_jobs.append(template, "works")
    memory = spread_jobs.PastPerformance()
    started: list[str] = []

    def factory(arguments: Sequence[str]) -> spread_jobs.Connection_subprocess:
        started.append(arguments[-1])
        return spread_jobs.Connection_subprocess(arguments)

    for _ in range(2):
        assert spread_jobs.main(range(4), workers, factory, past_performance=memory)[0] == [0, 1, 2, 3]

    assert started == ["refuses", "works", "works", "refuses"]


def test_argument_lists_made_by_the_functions_work() -> None:
    """What append, replace and Replace make can be given to main. [CMD-1]"""
    template = spread_jobs.append([["PRINT", "%ARGS"]], "%HOST")
    lists = spread_jobs.Replace(template, "%ARGS", 1, ["%s-%s", "x"])
    hosts = [
        arguments for host in ("h1", "h2") for arguments in spread_jobs.replace(lists, "PRINT", "printf", "%HOST", host)
    ]

    assert spread_jobs.main([], hosts) == ([], [["x-h1"], ["x-h2"]])


def test_connection_describes_itself() -> None:
    """Arguments as the program gets them, on one line, and the constants of usefulness. [EXEC-1]"""
    described = spread_jobs.Connection(["ssh", Path("h1"), 3])

    assert described.arglist == ["ssh", "h1", "3"]
    assert described.argstring() == "ssh h1 3"
    assert list(described.performance()) == [("ssh", 1.0), ("h1", 1.0), ("3", 1.0)]
    assert (described.BUSYFAC1, described.BUSYFAC2, described.BUSY3) == (BUSYFAC1, BUSYFAC2, BUSY3)


def test_connection_to_a_subprocess_is_both() -> None:
    """A Connection_subprocess has the descriptions and the verbs. [EXEC-2]"""
    with spread_jobs.Connection_subprocess(["cat"]) as cat:
        assert isinstance(cat, spread_jobs.Connection)
        assert isinstance(cat, connection.SubprocessConnection)
        assert cat.argstring() == "cat"
        assert len({cat.stdin_fd, cat.stdout_fd, cat.stderr_fd}) == 3


def test_workers_take_from_one_queue_and_put_on_the_other() -> None:
    """Answers come in the order of the tasks, batch after batch, from the same workers."""
    iqueue: queue.SimpleQueue[object] = queue.SimpleQueue()
    oqueue: queue.SimpleQueue[object] = queue.SimpleQueue()

    with spread_jobs.workers_c(iqueue, oqueue, [UPPER, [*UPPER, "second"]]) as workers:
        assert workers.run() == 0
        for batch in ("abcde", "xy"):
            for task in batch:
                iqueue.put(task)
            assert workers.run() == len(batch)
            assert [oqueue.get_nowait() for _ in batch] == list(batch.upper())

    assert iqueue.empty()
    assert oqueue.empty()
    assert workers.outputs == [[], []]


def test_task_put_while_workers_run_is_done_too() -> None:
    """run() goes on until the queue is empty."""
    iqueue: queue.Queue[object] = queue.Queue()
    answers: list[object] = []

    class Sink:
        """Puts another task for the first answers."""

        def put(self, item: object, /) -> None:
            answers.append(item)
            if len(answers) < 3:
                iqueue.put("more")

    iqueue.put("first")
    with spread_jobs.workers_c(iqueue, Sink(), [ECHO]) as workers:
        workers.run()

    assert answers == ["first", "more", "more"]


def test_worker_program_is_tried(tmp_path: Path) -> None:
    """test_ gives a program a few tasks that ask for an echo. [OPS-1]"""
    script = tmp_path / "worker.py"
    script.write_text("from spreadjobs.spread_jobs import test_worker\ntest_worker(None)\n")
    program = tmp_path / "worker"
    program.write_text(f"#!{sys.executable}\n{script.read_text()}")
    program.chmod(0o755)

    for tried in (script, str(program)):
        assert spread_jobs.test_(tried).results == [{"op": "echo", "value": number} for number in range(5)]


def test_wrong_worker_program_is_found_out() -> None:
    """test_ raises what the program did wrong."""
    with pytest.raises(spread_jobs.NoResponse):
        spread_jobs.test_("true")


def documented_loop(stdin: object, stdout: object) -> None:
    """The worker's loop of the documentation."""
    assert hasattr(stdin, "read")
    assert isinstance(stdout, spread_jobs.unpickled_pseudofile)
    while True:
        try:
            task_id, payload = pickle.load(stdin)  # type: ignore[arg-type] # a file, by the assertion above
        except EOFError:
            break
        pickle.dump(((task_id, payload * 2), ["out\n"], None), stdout, pickle.HIGHEST_PROTOCOL)
        stdout.flush()
    stdout.close()


def test_one_shot_tries_a_loop_in_one_process(capsys: pytest.CaptureFixture[str]) -> None:
    """The loop of the documentation reads one request, and what it answers is printed. [RUN-5]"""
    documented_loop(*spread_jobs.one_shot_test((17, "ab")))

    assert capsys.readouterr().out == "STDOUT:\nout\nSTDERR:\nd=(17, 'abab')\n"


def pseudofile(*pieces: bytes) -> spread_jobs.unpickled_pseudofile:
    """One that these bytes were written to."""
    file = spread_jobs.unpickled_pseudofile()
    for piece in pieces:
        assert file.write(piece) == len(piece)
    assert file.getvalue() == b"".join(pieces)
    return file


def test_pseudofile_shows_newlines_after_messages_as_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A newline after a message belongs to it. [PKL-5]"""
    one = pickle.dumps((1, "o\n", ("e\n",)))
    pseudofile(one, b"\n", one, b"\n").close()

    assert capsys.readouterr().out == "STDOUT:\no\nSTDERR:\ne\nd=1\n" * 2


@pytest.mark.parametrize(
    ("written", "error", "message"),
    [
        (pickle.dumps((1, None)), ValueError, r"\(1, None\) has 2 items: three are due \(spec RUN-4\)"),
        (pickle.dumps([1, 2, 3, 4]), ValueError, "has 4 items"),
        (b"\x80\x04K\x01.", TypeError, "the response is 1: three items are due"),
        (pickle.dumps((1, 2, None)), TypeError, r"out or err is 2: .* is due \(spec OUT-1\)"),
        (pickle.dumps((1, None, [2])), TypeError, r"out or err is \[2\]: .* is due \(spec OUT-1\)"),
        (pickle.dumps((1, None, None))[:-1], ValueError, r"the last \d+ bytes are no complete message \(spec WIRE-3\)"),
        (b"hello\n", Undecodable, "PKL-4"),
    ],
)
def test_pseudofile_says_what_is_wrong(written: bytes, error: type[Exception], message: str) -> None:
    """What is no response is an error that names the requirement. [RUN-4]"""
    with pytest.raises(error, match=message):
        pseudofile(written).close()


def test_pseudofile_takes_any_class_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    """What the caller's own program wrote is not held to what a worker may send."""
    pseudofile(pickle.dumps((PurePosixPath("of a class not admitted"), None, None))).close()

    assert capsys.readouterr().out == "STDOUT:\nSTDERR:\nd=of a class not admitted\n"


@pytest.mark.parametrize("make", [spread_jobs.one_shot_test, pseudofile])
def test_forgotten_pseudofile_prints_nothing(
    make: Callable[[bytes], object], capsys: pytest.CaptureFixture[str]
) -> None:
    """Only close() prints, not the end of the object."""
    made = make(pickle.dumps((1, None, None)))
    del made

    assert capsys.readouterr().out == ""
