"""What passes between the loop and the plan: values only."""

from __future__ import annotations

import attrs
import pytest

from spreadjobs.events import Answer, Came, Exit, Refusal, StdoutEnded, TaskId


@pytest.mark.parametrize(
    ("exit_", "words"),
    [
        (Exit(status=0), "exit status 0"),
        (Exit(status=3), "exit status 3"),
        (Exit(signal="SIGKILL"), "killed by SIGKILL"),
        (Exit(), "ended, status unknown"),
    ],
)
def test_an_end_is_said_in_words(exit_: Exit, words: str) -> None:
    """An exit status and a signal read differently, and an unknown end says so. [JOB-4]"""
    assert str(exit_) == words


@pytest.mark.parametrize(
    ("exit_", "outside"),
    [
        *((Exit(signal=name), True) for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGTERM")),
        *((Exit(status=status), True) for status in (129, 130, 131, 137, 143)),
        *((Exit(signal=name), False) for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGPIPE", "SIGXCPU")),
        *((Exit(status=status), False) for status in (0, 1, 9, 15, 134, 139, 255)),
        (Exit(), False),
    ],
)
def test_some_signals_come_from_outside(exit_: Exit, *, outside: bool) -> None:
    """Those that no program brings upon itself, whether the kernel or a shell reports them. [JOB-5]"""
    assert exit_.from_outside == outside


def test_facts_are_values() -> None:
    """Facts compare by content and cannot be changed."""
    fact = Came([1], undue=b"x")

    assert fact == Came([1], undue=b"x")
    assert fact != Came([1])
    assert StdoutEnded(inside_message=True) != StdoutEnded(inside_message=False)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        fact.undue = b"y"  # type: ignore[misc]  # the mistake is the test


def test_responses_carry_the_lines_that_the_task_printed() -> None:
    """An answer and a refusal name their request and bring lines along. [OUT-1]"""
    answer = Answer(TaskId(7), "v", ["a\n"], ())

    assert (answer.task_id, answer.value, answer.out, answer.err) == (7, "v", ["a\n"], ())
    assert (Refusal(TaskId(7), 0.5).out, Refusal(TaskId(7), 0.5).comment) == ((), "")
