"""
The master's face for several runs with the same workers: ``Master``. For one run there is ``main()`` (``one_run.py``).

``plan.py`` decides, ``loop.py`` reads and writes, ``engine.py`` drives a run; here outcomes are put in order, and what
went wrong is raised.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, closing
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar, overload

from spreadjobs.answers import AnswerReader
from spreadjobs.arglists import ArgumentList, read_arglists
from spreadjobs.codec import make_encoder
from spreadjobs.connection import ConnectionFactory, SubprocessConnection
from spreadjobs.console import Console
from spreadjobs.delivery import deliver, stream_bound
from spreadjobs.descriptors import enough_descriptors
from spreadjobs.engine import Engine
from spreadjobs.errors import RemoteException
from spreadjobs.failures import ends_run, first_failure, run_error
from spreadjobs.inputs import encode_preparation, payloads_of, preparation_of
from spreadjobs.journal import Journal, as_journal
from spreadjobs.means import Means
from spreadjobs.nesting import check_not_importing
from spreadjobs.outcomes import Answered, NotComputed, Outcome, WorkerReport, notComputed
from spreadjobs.past_performance import PastPerformance, as_memory
from spreadjobs.settings import Settings

if TYPE_CHECKING:
    from spreadjobs.case_saver import CaseSaver
    from spreadjobs.keeper import Keeper

A = TypeVar("A")


class Master(Generic[A]):
    """
    Workers that stay for several runs. A context manager: they are started by the first run, and end with the block.

    Args:
        list_of_args: An argument list for each worker, or ``Worker`` objects.
        connection_factory: Starts a worker, given its argument list.
        stdin: The preparation items: sent, one message each, to every worker and every replacement. Spec PREP-1.
        verbose: Say what is done, at level INFO of the ``spreadjobs`` logger.
        timing_callback: Called with ``(sent, answered)`` for each answer, in the order of completion: readings of the
            wall clock in seconds, whose differences are monotonic.
        tail_callback: Called with ``(arguments, lines)`` for each started worker when all have ended, in given order.
        past_performance: A memory: more useful workers are started first; None: the given order.
        answer: A type that every answer must be an instance of, or a callable that makes the answer wanted of it.
        journal: A file, or a ``Journal``, in which answers outlast this process: what is there is not done again. It is
            opened with the block. None: no journal.
        cases: A folder for case files of tasks that fail, for ``spread-jobs replay``; the environment is in them.
        settings: Everything else.

    Raises:
        TypeError, ValueError: ``list_of_args`` or another argument cannot be used; before anything is started.
        CannotEncode: an item of ``stdin`` cannot be encoded; before anything is started.
        JournalError: the preparation is of a class of your own; before anything is started.
        OSError: the workers would need more file descriptors than there can be.

    Attributes:
        outputs: After the block: the lines that the workers wrote after their last answers, a list for each element
            of ``list_of_args``. Spec SHUT-8.
        workers: After the block: how each worker ended.
    """

    @overload
    def __init__(
        self: Master[object],
        list_of_args: Iterable[ArgumentList],
        connection_factory: ConnectionFactory = ...,
        stdin: Iterable[object] | None = ...,
        *,
        verbose: bool = ...,
        timing_callback: Callable[[float, float], object] | None = ...,
        tail_callback: Callable[[list[str], list[str]], object] | None = ...,
        past_performance: PastPerformance | dict[str, complex] | None = ...,
        journal: Journal | str | PathLike[str] | None = ...,
        cases: str | PathLike[str] | None = ...,
        settings: Settings = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        list_of_args: Iterable[ArgumentList],
        connection_factory: ConnectionFactory = ...,
        stdin: Iterable[object] | None = ...,
        *,
        verbose: bool = ...,
        timing_callback: Callable[[float, float], object] | None = ...,
        tail_callback: Callable[[list[str], list[str]], object] | None = ...,
        past_performance: PastPerformance | dict[str, complex] | None = ...,
        answer: type[A] | Callable[[object], A],
        journal: Journal | str | PathLike[str] | None = ...,
        cases: str | PathLike[str] | None = ...,
        settings: Settings = ...,
    ) -> None: ...
    def __init__(  # noqa: PLR0913 - the seed's parameters
        self,
        list_of_args: Iterable[ArgumentList],
        connection_factory: ConnectionFactory = SubprocessConnection,
        stdin: Iterable[object] | None = None,
        *,
        verbose: bool = False,
        timing_callback: Callable[[float, float], object] | None = None,
        tail_callback: Callable[[list[str], list[str]], object] | None = None,
        past_performance: PastPerformance | dict[str, complex] | None = None,
        answer: type[A] | Callable[[object], A] | None = None,
        journal: Journal | str | PathLike[str] | None = None,
        cases: str | PathLike[str] | None = None,
        settings: Settings = Settings(),  # noqa: B008 - frozen
    ) -> None:
        if not isinstance(settings, Settings):
            raise TypeError(f"settings is of type {type(settings).__name__}: Settings(codec='json', ...) is due")
        self.outputs: list[list[str]] = []
        self.workers: Sequence[WorkerReport] = ()
        self._tail_callback = tail_callback
        slots = read_arglists(list_of_args)
        memory = as_memory(past_performance)
        encoder = make_encoder(settings)
        self._groups = 1 + slots[-1].group
        self._slots = slots
        self._console = Console(verbose=verbose)
        items = preparation_of(stdin)
        self._keeper = _keeper(as_journal(journal), items, settings, self._console)
        preparation = encode_preparation(items, encoder.encode)
        saver = _saver(cases, settings, preparation, connection_factory, self._console)
        means = Means(
            slots=slots,
            settings=settings,
            factory=connection_factory,
            encoder=encoder,
            preparation=preparation,
            console=self._console,
            timing=timing_callback,
            cases=saver,
        )
        self._answers: AnswerReader[A] = AnswerReader(answer, saver)
        self._engine = Engine(means, memory, self._keeper)
        self._stack = ExitStack()
        self._entered = self._began = self._ended = False

    # --- the life of the workers

    def __enter__(self) -> Self:
        """
        Itself; workers are started by the first run.

        Raises:
            JournalError: the journal is in use, or no journal, or cannot be read and written.
        """
        check_not_importing()
        if self._entered:
            raise RuntimeError("a Master is good for one with block: make another one")
        self._entered = True
        with ExitStack() as stack:
            # For a suspended generator that holds this block when the program ends, or Ctrl-C just before __exit__.
            stack.callback(weakref.finalize(self, _let_go, self._engine, self._keeper).detach)
            stack.callback(self._console.close)
            if self._keeper is not None:
                stack.callback(self._keeper.close)
            stack.callback(self._engine.close)
            if self._keeper is not None:
                self._keeper.open()
            stack.enter_context(enough_descriptors(len(self._slots)))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        End the workers: in good order after a block that ended so, at once after an exception.

        Raises:
            CannotCreateConnection: there was nothing to do but to start them, and none could be started.
        """
        self._ended = True
        if self._engine.inherited:  # A forked child leaves the block.
            return
        with self._stack:
            try:
                if error is not None:
                    self._engine.abort()
                elif self._began:
                    self._engine.finish()
            except BaseException:
                if error is None:  # Otherwise Ctrl-C came again: they are killed.
                    self._engine.abort()
                raise
            finally:
                self.outputs = self._engine.outputs(self._groups)
                self.workers = self._engine.reports()
            if error is None and self._tail_callback is not None:
                for slot in self._slots:
                    lines = self._engine.lines_of(slot.index)
                    if lines is not None:
                        self._tail_callback(list(slot.arguments), lines)

    def _begin(self) -> None:
        if not self._entered:
            raise RuntimeError("a Master is a context manager: write 'with Master(...) as master: master.run(todo)'")
        if self._ended:
            raise RuntimeError("the Master's with block has ended, and its workers with it: make another Master")
        self._engine.check_usable()
        self._began = True

    # --- runs

    def run(self, todo: Iterable[object]) -> list[A]:
        """
        Do all of todo.

        Args:
            todo: Payloads; taken lazily.

        Returns:
            The answers, in todo order.

        Raises:
            RemoteException: a task raised; the run was stopped.
            PoisonTask: a task was charged too often; all others were done.
            UnencodableTask: a payload cannot be encoded; all others were done.
            NoResponse: no worker is left; CannotCreateConnection if there never was one.
            WrongAnswer: an answer is not what ``answer=`` asks for; the run was stopped.
            JournalError: the journal cannot be written, or nobody can tell what a payload is.
            TypeError: todo is not iterable.
        """
        iterator = payloads_of(todo)
        self._begin()
        results: dict[int, A] = {}
        others: list[Outcome[A]] = []
        with closing(self._engine.outcomes(iterator)) as batches:
            for outcome in self._answers.read_all(batches, self._engine.attend):
                if isinstance(outcome, Answered):
                    results[outcome.task_index] = outcome.value
                    continue
                others.append(outcome)
                if ends_run(outcome):
                    break
        taken = self._engine.taken
        if others:
            self._raise(others, [results.get(index, notComputed) for index in range(taken)])
        if self._keeper is not None:
            self._keeper.all_delivered()
        return [results[index] for index in range(taken)]

    def outcomes(self, todo: Iterable[object], *, ordered: bool = True) -> Generator[Outcome[A]]:
        """
        Do all of todo and go on past failures: an outcome for each task, taken lazily; no task makes it raise.

        Args:
            todo: Payloads; taken lazily, never far ahead of what was delivered, so it may be endless.
            ordered: In todo order; otherwise in the order of completion.

        Raises:
            JournalError: the journal cannot be written, or nobody can tell what a payload is.
            TypeError: todo is not iterable.
            RuntimeError: another run of this Master is not over.
        """
        iterator = payloads_of(todo)
        self._begin()
        return self._deliver(iterator, ordered=ordered, go_on=True)

    def stream(self, todo: Iterable[object], *, ordered: bool = True) -> Generator[A]:
        """
        The answers to todo as they come; like ``run``, for more tasks than there is memory for their answers.

        Args:
            todo: Payloads; taken lazily, never far ahead of what was delivered, so it may be endless.
            ordered: In todo order; otherwise in the order of completion.

        Raises:
            RemoteException: a task raised; the run was stopped. Raised when its turn comes, as all of the following.
            PoisonTask, UnencodableTask: after all other answers.
            NoResponse: no worker is left.
            WrongAnswer: an answer is not what ``answer=`` asks for; the run was stopped.
            JournalError: the journal cannot be written, or nobody can tell what a payload is.
            TypeError: todo is not iterable.
        """
        iterator = payloads_of(todo)
        self._begin()
        return self._stream(self._deliver(iterator, ordered=ordered, go_on=False))

    def _stream(self, outcomes: Generator[Outcome[A]]) -> Generator[A]:
        others: list[Outcome[A]] = []
        with closing(outcomes):
            for outcome in outcomes:
                if isinstance(outcome, Answered):
                    yield outcome.value
                    continue
                others.append(outcome)
                if ends_run(outcome):
                    break
        if others:
            self._raise(others, [])

    def _deliver(self, todo: Iterable[object], *, ordered: bool, go_on: bool) -> Generator[Outcome[A]]:
        with closing(self._engine.outcomes(todo, bound=stream_bound(len(self._slots)), go_on=go_on)) as batches:
            yield from deliver(self._answers.read_all(batches, self._engine.attend), self._engine, ordered=ordered)

    @property
    def recalled(self) -> int:
        """How many answers were taken from the journal so far."""
        return 0 if self._keeper is None else self._keeper.recalled

    def _raise(self, others: Sequence[Outcome[A]], partial: list[A | NotComputed]) -> None:
        """Raise what a run that did not give all its answers raises."""
        failure = first_failure(others)
        if failure is not None:
            self._engine.stop()
            failure.partial = partial
            if isinstance(failure, RemoteException):
                failure.stopped_run = True
            raise failure
        missing = [index for index, answer in enumerate(partial) if answer is notComputed]
        error = run_error(others, self._engine.no_response(missing))
        error.partial = partial
        raise error


def _let_go(engine: Engine, keeper: Keeper | None) -> None:
    """What the end of a program does about a block that a suspended iterator holds."""
    engine.close()
    if keeper is not None:
        keeper.close()


def _keeper(journal: Journal | None, items: Sequence[object], settings: Settings, console: Console) -> Keeper | None:
    if journal is None:
        return None
    from spreadjobs.keeper import Keeper as _Keeper  # noqa: PLC0415 - with what it imports it takes 12 ms

    return _Keeper(journal, items, settings, console)


def _saver(
    cases: str | PathLike[str] | None,
    settings: Settings,
    preparation: Sequence[bytes],
    factory: ConnectionFactory,
    console: Console,
) -> CaseSaver | None:
    if cases is None:
        return None
    from spreadjobs.case_saver import CaseSaver as _CaseSaver  # noqa: PLC0415 - likewise

    return _CaseSaver(cases, settings, preparation, factory, console)
