"""The exceptions: what they keep, what they say, and that they cost a worker nothing."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from unspeakable import Unnamed

from spreadjobs import errors


def test_too_busy_keeps_its_delay_and_comment() -> None:
    """A refusal carries the delay asked for and an optional text. [BUSY-1]"""
    refusal = errors.TooBusy(0.5, "no licence free")

    assert (refusal.delay, refusal.comment) == (0.5, "no licence free")
    assert errors.TooBusy(1).comment is None


def test_violation_says_reason_bytes_and_cure() -> None:
    """A violation's text has what came, the first bytes that could not be taken, and the cure. [VIO-1]"""
    violation = errors.WorkerViolation("a text came (WIRE-4)", b"hello\n", "send prints to stderr")

    assert str(violation) == "a text came (WIRE-4); the bytes begin b'hello\\n'; send prints to stderr"


def test_violation_leaves_out_what_it_has_not() -> None:
    """Without bytes and cure, a violation's text is its reason. [VIO-1]"""
    assert str(errors.WorkerViolation("a wrong id (RUN-5)")) == "a wrong id (RUN-5)"


@pytest.mark.parametrize(
    ("args", "kept"),
    [
        ((), ("", "", "")),
        (("ValueError",), ("ValueError", "", "")),
        (("ValueError", "bad 2"), ("ValueError", "bad 2", "")),
        (("ValueError", "bad 2", "Traceback ..."), ("ValueError", "bad 2", "Traceback ...")),
        ((5, None), ("5", "None", "")),
    ],
)
def test_remote_exception_takes_any_arguments(args: tuple[object, ...], kept: tuple[str, str, str]) -> None:
    """Type name, message and traceback are text, however many arguments a worker sent. [ERR-1]"""
    raised = errors.RemoteException(*args)

    assert (raised.type_name, raised.message, raised.traceback_text) == kept
    assert raised.args == args


def test_remote_exception_takes_arguments_that_nobody_has_checked() -> None:
    """An ancestor's instance may bear anything: its text is bounded, and making it cannot fail. [INST-2] [SEC-2]"""
    deep: object = []
    wide: object = "x"
    for _ in range(10**5):
        deep = [deep]
    for _ in range(50):
        wide = [wide] * 10

    raised = errors.RemoteException(deep, wide, [Unnamed()])

    assert raised.type_name == "[[[[[[[...]]]]]]]"
    assert len(raised.message) < 10**6
    assert raised.traceback_text == "<list whose repr raised RuntimeError>"


def test_remote_exception_outside_of_a_run_reads_as_its_arguments() -> None:
    """As long as no run has placed it, a RemoteException reads as any exception does. [ERR-1]"""
    assert str(errors.RemoteException("ValueError", "bad 2")) == "('ValueError', 'bad 2')"


def test_remote_exception_of_a_run_says_where_and_how_to_go_on() -> None:
    """In a run the text has task, worker, type, message, the worker's traceback and the way past failures. [ERR-1]"""
    raised = errors.RemoteException("ValueError", "bad 2", "Traceback\n  line 1\n")
    raised.task_index = 7
    raised.worker = "3.1"
    of_an_outcome = str(raised)
    raised.stopped_run = True

    text = str(raised)

    assert "Master.outcomes()" not in of_an_outcome
    assert text.startswith("task 7 raised ValueError: bad 2 in worker 3.1\n")
    assert "--- traceback of the worker ---\nTraceback\n  line 1\n--- end of it ---\n" in text
    assert "Master.outcomes()" in text


def test_remote_exception_without_traceback_has_no_empty_frame() -> None:
    """Where the worker gave no traceback, the text has none. [ERR-1]"""
    raised = errors.RemoteException("ValueError", "bad 2")
    raised.task_index = 0

    assert "traceback" not in str(raised)


def test_raise_me_raises_the_exception_itself() -> None:
    """The ancestor's method still raises the very object."""
    raised = errors.RemoteException("ValueError", "bad 2")

    with pytest.raises(errors.RemoteException) as caught:
        raised.raise_me()

    assert caught.value is raised


def test_errors_of_a_run_are_caught_by_one_class() -> None:
    """Every error that may carry partial answers is a RunError, and has an empty ``partial`` to begin with."""
    for kind in (
        errors.RemoteException,
        errors.PoisonTask,
        errors.NoResponse,
        errors.CannotCreateConnection,
        errors.UnencodableTask,
    ):
        assert issubclass(kind, errors.RunError)
        assert tuple(kind("x").partial) == ()
    assert issubclass(errors.CannotCreateConnection, errors.NoResponse)


def test_an_error_survives_pickling() -> None:
    """A caller may run a master in a process of its own: the errors cross it."""
    violation = pickle.loads(pickle.dumps(errors.WorkerViolation("reason", b"bytes", "cure")))

    assert str(violation) == "reason; the bytes begin b'bytes'; cure"


def test_importing_the_errors_loads_nothing_heavy() -> None:
    """A worker that imports the exceptions does not load attrs, which costs it 50 ms a start."""
    code = "import sys, spreadjobs.errors; print(*{'attr', 'attrs'} & set(sys.modules))"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)

    assert (ended.returncode, ended.stdout) == (0, "\n"), ended.stderr
