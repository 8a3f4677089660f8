"""Answers as the caller asked for them."""

from __future__ import annotations

import pytest

from spreadjobs.answers import AnswerReader
from spreadjobs.errors import WrongAnswer
from spreadjobs.outcomes import Answered, Cancelled, Failed


def answered(value: object) -> Answered[object]:
    """An outcome of task 7."""
    return Answered(task_index=7, value=value, worker="1.1")


def test_without_a_wish_every_answer_will_do() -> None:
    """None among them. [RUN-5]"""
    reader: AnswerReader[object] = AnswerReader(None)

    assert reader.read(answered(None)) == answered(None)


def test_a_type_is_checked() -> None:
    """A wrong one is a failure that names task, worker, and both types. [RUN-5]"""
    reader = AnswerReader(int)

    assert reader.read(answered(5)) == answered(5)
    failed = reader.read(answered("5"))
    assert isinstance(failed, Failed)
    assert (failed.task_index, failed.worker) == (7, "1.1")
    assert isinstance(failed.error, WrongAnswer)
    assert failed.error.task_index == 7
    assert str(failed.error) == (
        "the answer to task 7, from worker 1.1: it is of type str, and answer=<class 'int'> asks for another one"
    )


def test_a_converter_makes_the_answer() -> None:
    """What it raises is the task's failure. [RUN-5]"""

    def convert(value: object) -> str:
        return {"a": "b"}[str(value)]

    reader = AnswerReader(convert)

    assert reader.read(answered("a")) == answered("b")
    failed = reader.read(answered("c"))
    assert isinstance(failed, Failed)
    assert str(failed.error) == "the answer to task 7, from worker 1.1: answer= raised KeyError: 'c'"
    assert isinstance(failed.error.__cause__, KeyError)


@pytest.mark.parametrize("answer", [3, "int", list[int], int | str])
def test_what_can_neither_check_nor_convert_is_refused_at_once(answer: object) -> None:
    """Before anything is started; a class with parameters cannot be checked. [RUN-5]"""
    with pytest.raises(TypeError, match="a class such as list is due, or a callable"):
        AnswerReader(answer)  # type: ignore[arg-type]


def test_other_outcomes_pass() -> None:
    """There is no answer to read. [JOB-1]"""
    cancelled = Cancelled(task_index=1, reason="no worker is left")

    assert AnswerReader(int).read(cancelled) is cancelled
