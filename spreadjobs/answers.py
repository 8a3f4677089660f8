"""Answers as the caller asked for them: of a type that is checked, or made by a converter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeGuard, TypeVar, get_origin

from spreadjobs.errors import WrongAnswer
from spreadjobs.outcomes import Answered, Failed, Outcome

if TYPE_CHECKING:
    from spreadjobs.case_saver import CaseSaver

A = TypeVar("A")


class AnswerReader(Generic[A]):
    """
    Gives answers their type.

    Args:
        answer: A type that every answer must be an instance of, a callable that makes the answer wanted of it, or None:
            then A is object, and every answer is one.
        saver: Writes the case files of tasks with wrong answers, or None.

    Raises:
        TypeError: ``answer`` is neither a class nor callable, or a class with parameters.
    """

    def __init__(self, answer: type[A] | Callable[[object], A] | None, saver: CaseSaver | None = None) -> None:
        # A class with parameters would be called as a converter, and never checked.
        if answer is not None and (get_origin(answer) is not None or not callable(answer)):
            raise TypeError(f"answer={answer!r}: a class such as list is due, or a callable that converts an answer")
        self._type = answer if isinstance(answer, type) else None
        self._converter = None if answer is None or isinstance(answer, type) else answer
        self._saver = saver

    def read_all(
        self, batches: Iterable[Sequence[Outcome[object]]], attend: Callable[[], object]
    ) -> Iterator[Outcome[A]]:
        """
        Read outcomes one by one.

        Args:
            batches: Outcomes that came together.
            attend: Called after each that was looked at: a converter may have taken long. Not where nothing was asked
                for: then none of the caller's code runs here.

        Yields:
            The outcomes, each as the caller asked for it.
        """
        return chain.from_iterable(
            batch if self._takes_all(batch) else self._read_each(batch, attend) for batch in batches
        )

    def _read_each(self, batch: Sequence[Outcome[object]], attend: Callable[[], object]) -> Iterator[Outcome[A]]:
        for outcome in batch:
            yield self.read(outcome)
            attend()

    def _takes_all(self, batch: Sequence[Outcome[object]]) -> TypeGuard[Sequence[Outcome[A]]]:  # noqa: ARG002 - what the guard is about
        """Whether nothing was asked for, so that they need not be looked at."""
        return self._converter is None and self._type is None

    def read(self, outcome: Outcome[object]) -> Outcome[A]:
        """An outcome whose answer is what the caller asked for; Failed with WrongAnswer if it is not."""
        if not isinstance(outcome, Answered) or self._is_as_asked(outcome):
            return outcome
        read = self._convert(outcome)
        return self._saver.with_case(read) if self._saver is not None and isinstance(read, Failed) else read

    def _convert(self, outcome: Answered[object]) -> Answered[A] | Failed:
        index, worker, attempts = outcome.task_index, outcome.worker, outcome.attempts
        if self._converter is None:
            came = type(outcome.value).__name__
            wrong = WrongAnswer(f"it is of type {came}, and answer={self._type} asks for another one", index, worker)
            return Failed(task_index=index, error=wrong, worker=worker, attempts=attempts)
        try:
            value = self._converter(outcome.value)
        except WrongAnswer as wrong:
            return Failed(task_index=index, error=wrong, worker=worker, attempts=attempts)
        except Exception as error:  # noqa: BLE001 - whatever the caller's converter raises is this task's failure
            failure = WrongAnswer(f"answer= raised {type(error).__name__}: {error}", index, worker)
            failure.__cause__ = error
            return Failed(task_index=index, error=failure, worker=worker, attempts=attempts)
        return Answered(task_index=index, value=value, worker=worker, attempts=attempts)

    def _is_as_asked(self, outcome: Answered[object]) -> TypeGuard[Answered[A]]:
        """Whether the answer is of the type asked for, and need not be converted."""
        return self._converter is None and (self._type is None or isinstance(outcome.value, self._type))
