"""The short way: ``main()``, one run with workers that are started for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike
from typing import TypeVar, overload

from spreadjobs.arglists import ArgumentList
from spreadjobs.connection import ConnectionFactory, SubprocessConnection
from spreadjobs.inputs import payloads_of
from spreadjobs.journal import Journal
from spreadjobs.master import Master
from spreadjobs.outcomes import Spread
from spreadjobs.past_performance import SHARED, PastPerformance
from spreadjobs.settings import Settings

A = TypeVar("A")


@overload
def main(
    todo: Iterable[object],
    list_of_args: Iterable[ArgumentList],
    connection_factory: ConnectionFactory = ...,
    stdin: Iterable[object] | None = ...,
    verbose: bool = ...,  # noqa: FBT001 - the seed's parameter
    timing_callback: Callable[[float, float], object] | None = ...,
    tail_callback: Callable[[list[str], list[str]], object] | None = ...,
    past_performance: PastPerformance | dict[str, complex] | None = ...,
    *,
    journal: Journal | str | PathLike[str] | None = ...,
    cases: str | PathLike[str] | None = ...,
    settings: Settings = ...,
) -> Spread[object]: ...
@overload
def main(
    todo: Iterable[object],
    list_of_args: Iterable[ArgumentList],
    connection_factory: ConnectionFactory = ...,
    stdin: Iterable[object] | None = ...,
    verbose: bool = ...,  # noqa: FBT001 - the seed's parameter
    timing_callback: Callable[[float, float], object] | None = ...,
    tail_callback: Callable[[list[str], list[str]], object] | None = ...,
    past_performance: PastPerformance | dict[str, complex] | None = ...,
    *,
    answer: type[A] | Callable[[object], A],
    journal: Journal | str | PathLike[str] | None = ...,
    cases: str | PathLike[str] | None = ...,
    settings: Settings = ...,
) -> Spread[A]: ...
def main(  # noqa: PLR0913 - the seed's parameters, in its order
    todo: Iterable[object],
    list_of_args: Iterable[ArgumentList],
    connection_factory: ConnectionFactory = SubprocessConnection,
    stdin: Iterable[object] | None = None,
    verbose: bool = False,  # noqa: FBT001, FBT002 - the seed's parameter
    timing_callback: Callable[[float, float], object] | None = None,
    tail_callback: Callable[[list[str], list[str]], object] | None = None,
    past_performance: PastPerformance | dict[str, complex] | None = SHARED,
    *,
    answer: type[A] | Callable[[object], A] | None = None,
    journal: Journal | str | PathLike[str] | None = None,
    cases: str | PathLike[str] | None = None,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Spread[A] | Spread[object]:
    """
    Pass a bunch of work to other processes.

    Args:
        todo: Payloads, one a task; any iterable, taken lazily.
        list_of_args: An argument list for each worker, or ``Worker`` objects.
        connection_factory: Starts a worker, given its argument list.
        stdin: The preparation items, sent to every worker before its first task. Spec PREP-1.
        verbose: Say what is done, at level INFO of the ``spreadjobs`` logger.
        timing_callback: Called with ``(sent, answered)`` for each answer. See ``Master``.
        tail_callback: Called with ``(arguments, lines)`` for each started worker at the end. See ``Master``.
        past_performance: The memory of which workers did well: those are started first. The default is one memory for
            all calls; None: no memory, the given order.
        answer: A type that every answer must be an instance of, or a callable that makes the answer wanted of it.
        journal: A file, or a ``Journal``, in which answers outlast this process: a run that was killed goes on where
            it was. None: no journal.
        cases: A folder for case files of tasks that fail, for ``spread-jobs replay``; the environment is in them.
        settings: Everything else.

    Returns:
        The pair ``(results, outputs)``, and the workers' reports in its attribute ``workers``. ``results`` has the
        answers in todo order; ``outputs`` has a list of lines, those after the last answer, for each element of
        ``list_of_args``.

    Raises:
        TypeError, ValueError, CannotEncode, OSError: an argument cannot be used; before anything is started.
        RemoteException: a task raised; the run was stopped.
        WrongAnswer: an answer is not what ``answer=`` asks for; the run was stopped.
        PoisonTask: a task was charged too often with its worker's end; all others were done.
        UnencodableTask: a payload cannot be encoded; all others were done.
        NoResponse: no worker is left and work remains; CannotCreateConnection if none could be started.
        JournalError: the journal is in use, is none or cannot be written, or nobody can tell what a payload is.
    """
    iterator = payloads_of(todo)
    if answer is None:
        plain = Master(
            list_of_args,
            connection_factory,
            stdin,
            verbose=verbose,
            timing_callback=timing_callback,
            tail_callback=tail_callback,
            past_performance=past_performance,
            journal=journal,
            cases=cases,
            settings=settings,
        )
        return _spread(plain, iterator)
    master = Master(
        list_of_args,
        connection_factory,
        stdin,
        verbose=verbose,
        timing_callback=timing_callback,
        tail_callback=tail_callback,
        past_performance=past_performance,
        answer=answer,
        journal=journal,
        cases=cases,
        settings=settings,
    )
    return _spread(master, iterator)


def _spread(master: Master[A], todo: Iterable[object]) -> Spread[A]:
    with master:
        results = master.run(todo)
    return Spread(results, master.outputs, master.workers)
