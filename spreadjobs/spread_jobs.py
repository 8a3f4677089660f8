"""
Every class and function that the documentation of gmisclib's ``spread_jobs`` lists, under the names that it gives them.

A script that relied on that documentation changes one import. ``docs/names.md`` says of each name whether it is the
same, improved, or kept in name with another shape. New programs take the names of ``spreadjobs`` itself.
"""

from __future__ import annotations

import io
import itertools
import os
import pickle
import queue
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from spreadjobs.arglists import ArgumentList, argument_text
from spreadjobs.backoff import BUSY3, BUSYFAC1, BUSYFAC2, START_USEFULNESS, delay_sanitize
from spreadjobs.codec import make_decoder
from spreadjobs.connection import ConnectionFactory, SubprocessConnection
from spreadjobs.errors import CannotCreateConnection, NoResponse, RemoteException, TooBusy
from spreadjobs.master import Master
from spreadjobs.one_run import main
from spreadjobs.outcomes import Spread, notComputed
from spreadjobs.past_performance import PastPerformance
from spreadjobs.settings import ANYTHING, Settings
from spreadjobs.substitution import Replace, append, replace
from spreadjobs.worker import serve

__all__ = [
    "CannotCreateConnection",
    "Connection",
    "Connection_subprocess",
    "NoResponse",
    "PastPerformance",
    "RemoteException",
    "Replace",
    "TooBusy",
    "append",
    "delay_sanitize",
    "main",
    "notComputed",
    "one_shot_test",
    "replace",
    "test_",
    "test_worker",
    "unpickled_pseudofile",
    "workers_c",
]

TEST_TASKS: Final = 5
"""So many tasks ``test_`` gives to a program."""


class Connection:
    """
    What a worker's connection says of itself: kept in name, with another shape.

    A class of one's own for ``connection_factory=`` has the verbs of ``spreadjobs.connection.Connection`` too, which
    are about file descriptors; ``Connection_subprocess`` has both.

    Args:
        arglist: The program and its arguments. Spec EXEC-1.

    Attributes:
        arglist: Their text, as the program gets it.
        usefulness: What the worker is worth at its start; the master counts from there by itself.
    """

    BUSYFAC1: Final = BUSYFAC1
    BUSYFAC2: Final = BUSYFAC2
    BUSY3: Final = BUSY3

    def __init__(self, arglist: Iterable[object]) -> None:
        self.arglist = [argument_text(argument) for argument in arglist]
        self.usefulness = START_USEFULNESS

    def argstring(self) -> str:
        """The arguments on one line, for people: nothing is quoted."""
        return " ".join(self.arglist)

    def performance(self) -> Iterator[tuple[str, float]]:
        """Each argument with the worker's usefulness, as ``PastPerformance.add_many`` takes them."""
        return ((argument, self.usefulness) for argument in self.arglist)


class Connection_subprocess(Connection, SubprocessConnection):  # noqa: N801 - the seed's name
    """
    A connection to a process of this machine; ``main()`` has ``SubprocessConnection``, which differs in nothing else.

    Args:
        arglist: The program and its arguments.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, arglist: Sequence[str]) -> None:
        Connection.__init__(self, arglist)
        SubprocessConnection.__init__(self, arglist)


class _Source(Protocol):
    def get_nowait(self) -> object: ...


class _Sink(Protocol):
    def put(self, item: object, /) -> None: ...


class workers_c:  # noqa: N801 - the seed's name
    """
    Workers that take tasks from one queue and put the answers on another: kept in name, with another shape.

    There are worker processes and no threads, so the work is done inside ``run()``. The workers live as long as the
    ``with`` block::

        with workers_c(iqueue, oqueue, [["python3", "worker.py"]]) as workers:
            iqueue.put("task")
            workers.run()
            answer = oqueue.get()

    Args:
        iqueue: Where tasks are taken from, such as a ``queue.SimpleQueue``.
        oqueue: Where answers are put, in the order of the tasks.
        list_of_args: The workers, as ``main()`` has them.
        connection_factory: As ``main()`` has it.
        stdin: Preparation items for each worker, as ``main()`` has them.
        settings: How it is done.

    Attributes:
        outputs: After the block: what workers wrote after their last answer, one list of lines an argument list.
    """

    def __init__(  # noqa: PLR0913 - those of main(), and two queues
        self,
        iqueue: _Source,
        oqueue: _Sink,
        list_of_args: Iterable[ArgumentList],
        connection_factory: ConnectionFactory = SubprocessConnection,
        stdin: Iterable[object] | None = None,
        *,
        settings: Settings = Settings(),  # noqa: B008 - frozen
    ) -> None:
        self._iqueue = iqueue
        self._oqueue = oqueue
        self._master = Master(list_of_args, connection_factory, stdin, settings=settings)
        self.outputs: Sequence[Sequence[str]] = ()

    def run(self) -> int:
        """
        Do all tasks that are on the input queue, and those that come to it meanwhile; return when it is empty.

        Returns:
            How many answers were put on the output queue.

        Raises:
            RunError: as ``Master.stream`` raises it. The answers before it are on the output queue; tasks that were
                taken and not answered are gone.
        """
        count = 0
        # The inner one may find the queue empty while answers are still due, so the outer one looks again.
        for first in self._waiting():
            for answer in self._master.stream(itertools.chain([first], self._waiting())):
                self._oqueue.put(answer)
                count += 1
        return count

    def _waiting(self) -> Iterator[object]:
        while True:
            try:
                task = self._iqueue.get_nowait()
            except queue.Empty:
                return
            yield task

    def __enter__(self) -> Self:
        """Itself; the workers are started when there is work."""
        self._master.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Shut the workers down."""
        try:
            self._master.__exit__(kind, error, traceback)
        finally:
            self.outputs = self._master.outputs


class unpickled_pseudofile:  # noqa: N801 - the seed's name
    """
    A file to be written to by a worker's loop under test: it shows what pickles were written when it is closed.

    For bytes of one's own program only: any class is admitted.
    """

    def __init__(self) -> None:
        self._written = io.BytesIO()

    def write(self, data: bytes, /) -> int:
        """Take bytes."""
        return self._written.write(data)

    def flush(self) -> None:
        """Do nothing: what was written is there."""

    def getvalue(self) -> bytes:
        """All bytes that were written."""
        return self._written.getvalue()

    def close(self) -> None:
        """
        Print each response on ``sys.stdout``: its out, its err, and its first. A second call prints them again.

        Raises:
            ValueError: a response has not three items, or the last one is not complete.
            TypeError: a response has no items, or its lines are no text.
            Undecodable: what was written are no messages. Spec PKL-4.
        """
        decoder = make_decoder(Settings(allow=ANYTHING))
        for response in decoder.feed(self.getvalue()):
            first, out, err = _three(response)
            sys.stdout.write("STDOUT:\n")
            sys.stdout.writelines(_lines(out))
            sys.stdout.write("STDERR:\n")
            sys.stdout.writelines(_lines(err))
            sys.stdout.write(f"d={first}\n")
        if decoder.buffered():
            raise ValueError(f"the last {decoder.buffered()} bytes are no complete message (spec WIRE-3)")


def _three(response: object) -> Sequence[object]:
    if not isinstance(response, Iterable):
        raise TypeError(f"the response is {response!r}: three items are due, (first, out, err) (spec RUN-4)")
    items = list(response)
    if len(items) != 3:  # noqa: PLR2004 - three are due
        raise ValueError(f"the response {response!r} has {len(items)} items: three are due (spec RUN-4)")
    return items


def _lines(lines: object) -> Iterable[str]:
    if lines is None:
        return ()
    if isinstance(lines, str):
        return (lines,)
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        raise TypeError(f"out or err is {lines!r}: None, a str, or a list or tuple of str is due (spec OUT-1)")
    return lines


def one_shot_test(input: object) -> tuple[io.BytesIO, unpickled_pseudofile]:  # noqa: A002 - the seed's name
    """
    Files to try a worker's loop with inside one process, for one message.

    Args:
        input: The message: a request ``(task_id, payload)``, or a bare payload for a loop of the dialect untagged.

    Returns:
        What the loop reads: one pickle of protocol 0, then the end of the file; and what it writes to, which prints the
        responses when the loop closes it.
    """
    return io.BytesIO(pickle.dumps(input, protocol=0)), unpickled_pseudofile()


def test_worker(x: Callable[[object], object] | None) -> None:
    """
    Be a worker: answer each task until the end of standard input.

    Args:
        x: What makes an answer of a payload; None gives the payload back.
    """
    serve(_same if x is None else x)


def _same(payload: object) -> object:
    return payload


def test_(script: str | os.PathLike[str]) -> Spread[object]:
    """
    Try a worker program: spread a few tasks over two processes of it.

    The tasks ask for an echo, ``{"op": "echo", "value": 0}`` and so on, as the reference workers serve them.

    Args:
        script: The program; one that ends in ``.py`` is run with this Python.

    Returns:
        What ``main()`` returned.

    Raises:
        RunError: what ``main()`` raised, with what the worker did wrong.
    """
    program = os.fspath(script)
    worker = [sys.executable, program] if program.endswith(".py") else [program]
    tasks = [{"op": "echo", "value": number} for number in range(TEST_TASKS)]
    return main(tasks, [worker, worker], past_performance=None)
