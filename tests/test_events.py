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
