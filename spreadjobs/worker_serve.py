"""The loop of a worker: preparation, requests, responses. Its public names are those of ``spreadjobs.worker``."""

from __future__ import annotations

import math
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from spreadjobs.errors import CannotEncode, TooBusy
from spreadjobs.worker_capture import FileCapture
from spreadjobs.worker_dialects import Tagged, Untagged
from spreadjobs.worker_exchange import Exchange
from spreadjobs.worker_pipes import MasterGone, claim, flush_python
from spreadjobs.worker_watch import Watcher
from spreadjobs.worker_wire import PLAIN, EndOfInput, JsonWire, Malformed, PickleWire, Unreadable, describe, message_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Never, TypeAlias

    from spreadjobs.worker_capture import Lines, Which
    from spreadjobs.worker_dialects import Dialect, Speech, TaskId
    from spreadjobs.worker_pipes import Pipes
    from spreadjobs.worker_wire import Codec, Encoded, Wire

    # Any function of one argument: which type it takes is between the caller of main() and the function.
    OneArgument: TypeAlias = Callable[[Never], object]

_INTERRUPTED: Final = 130


class Until:
    """Preparation ends with an item that is equal to ``value``; ``prepare`` does not see that one. Spec PREP-4."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Until({self.value!r})"

    def ends(self, item: object) -> bool:
        """Say whether the item is the last one."""
        return item is self.value or (type(item) is type(self.value) and item == self.value)


UNTIL_NONE: Final = Until(None)
"""Preparation ends with a None item."""


def serve(  # noqa: PLR0913 - each is an option of its own, and keyword-only
    task_function: OneArgument,
    *,
    prepare: OneArgument | None = None,
    preparation_items: int | Until = 0,
    codec: Codec = "pickle",
    dialect: Dialect = "tagged",
    capture: Which = "both",
    pickle_protocol: int | None = None,
    max_tasks: int | None = None,
) -> None:
    """
    Be a worker: answer each request with ``task_function(payload)``, until there are no more.

    A task function may raise ``spreadjobs.TooBusy(delay_s)`` to refuse a task for now (spec BUSY-1). Any other
    exception, SystemExit among them, fails the task and not the worker (spec ERR-4), and so does an answer that cannot
    be encoded. What the task prints, in Python, in C or in a child process, goes with the answer (spec OUT-2).

    Answers of short tasks that follow each other are held for a tenth of a millisecond, to be written together. While a
    longer task runs they come within a few milliseconds, but for one that never lets go of the interpreter's lock: then
    they come when it does. A task that ends the process (``os._exit``, a crash) loses those that are held just then;
    the master has these tasks done again.

    Returns at the end of standard input; what the program prints from then on is its shutdown text (spec SHUT-7). Ends
    the program with status 1 where the conversation broke off: input that ended inside a message or is no request, or
    a master that does not read any more. KeyboardInterrupt ends it with status 130. A master that is gone while
    ``task_function`` or ``prepare`` runs ends it by SIGTERM, with what they have started; see ``worker_watch.py``.

    Args:
        task_function: Called with one payload at a time, always in this thread; what it returns is the answer.
        prepare: Called once, before the first request, with the list of preparation items. What it raises ends the
            program. Needs ``preparation_items``.
        preparation_items: How many items come, or after which one to stop: ``UNTIL_NONE`` or ``Until(value)``.
        codec: "pickle" or "json". Spec WIRE-1.
        dialect: "tagged", or "untagged" as gmisclib 0.73.0 spoke; that one goes with pickle only. Spec UNT-1.
        capture: "both" takes standard output and error of a task for its lines. "out" leaves the error stream alone: it
            goes to the master at once, so that its error report has the last words of a task that crashes. "none" sends
            all prints there.
        pickle_protocol: Protocol of what is written, 0 to 5; None is 5, in which arrays are not copied, and 2 in the
            untagged dialect. Spec PKL-4.
        max_tasks: Leave after so many responses, with status 0: for a function that leaks. Spec RUN-13; the master
            starts another one with ``Settings(replace_departed=True)``.

    Raises:
        ValueError: options that are out of range or cannot go together.
        RuntimeError: ``serve()`` was called before in this process.
    """
    check_choices(codec, dialect, capture, pickle_protocol)
    check_numbers(prepare, preparation_items, max_tasks)
    pipes = claim()
    if pipes.requests < 0 or _sessions:
        raise RuntimeError("serve() can be called once in a process: it uses up standard input")
    protocol = pickle_protocol if pickle_protocol is not None else 2 if dialect == "untagged" else 5
    watcher = Watcher(pipes)
    exchange = Exchange(pipes, watcher)
    wire: Wire = JsonWire(exchange.receive) if codec == "json" else PickleWire(exchange.receive, protocol)
    session = _Session(task_function, exchange, wire, Tagged(wire) if dialect == "tagged" else Untagged(wire), watcher)
    _sessions.append(session)
    try:
        watcher.start()
        session.prepare(prepare, preparation_items)
        if capture != "none":
            exchange.lines = FileCapture(capture, "replace" if codec == "json" else "surrogateescape")
        session.run(max_tasks)
        watcher.stop(orderly=True)
        pipes.close()
    except (EndOfInput, Malformed, MasterGone, KeyboardInterrupt) as ending:
        watcher.stop(orderly=isinstance(ending, EndOfInput))
        _end(pipes, ending)
    finally:
        watcher.stop(orderly=False)
        _sessions.clear()


def alive(every_s: float = 0.25) -> None:
    """
    Tell the master that the current task is still at work, which restarts its ``task_timeout_s``. Spec RUN-11.

    May be called from any thread. Does nothing where no task is under way: in a program that is no worker, or in the
    untagged dialect, which has no such message.

    Args:
        every_s: Seconds since the last such message within which nothing is sent, so that a loop may call it freely.
    """
    for session in tuple(_sessions):
        session.alive(every_s)


class _Session:
    """The running state: one request after the other."""

    def __init__(self, task_function: object, exchange: Exchange, wire: Wire, speech: Speech, watcher: Watcher) -> None:
        if not callable(task_function):
            raise TypeError(f"serve() got {task_function!r:.80}; a function of one argument, the payload, is due")
        self._function = task_function
        self._exchange = exchange
        self._pipes = exchange.pipes
        self._wire = wire
        self._speech = speech
        self._watcher = watcher
        self._at_work = False
        # Whether code of the user's ran after the last task, or objects of it were left to go: it may have printed.
        self._loud = False
        self._task_id: TaskId = None
        self._next_sign_s = -math.inf

    def prepare(self, function: object, items: int | Until) -> None:
        """Hand the preparation items to the function, if there is one. Spec PREP-4."""
        if not callable(function):
            return
        received: list[object] = []
        while not isinstance(items, int) or len(received) < items:
            try:
                item = self._wire.read()
            except Unreadable as unreadable:
                raise _with_hint(unreadable.cause) from None
            if isinstance(items, Until) and items.ends(item):
                break
            received.append(item)
        self._watcher.begin()
        function(received)
        self._watcher.busy = False
        flush_python()

    def run(self, max_tasks: int | None) -> None:
        """Answer requests, at most so many; the end of input comes as an exception."""
        try:
            self._answer(max_tasks)
            self._exchange.flush()
        except KeyboardInterrupt:
            self._pipes.flush_beside()  # To wait for a master that does not read would keep the worker from ending.
            raise
        except BaseException:
            # Whatever else ends the worker: what is finished is answered, if somebody is there to read it.
            with suppress(MasterGone):
                self._exchange.flush()
            raise
        finally:
            self._exchange.lines.close()

    def _answer(self, max_tasks: int | None) -> None:
        read, request, put = self._wire.read, self._speech.request, self._exchange.put
        respond, lines, watcher, lock = self._respond, self._exchange.lines, self._watcher, self._pipes.lock
        lines.begin()
        answered = 0
        while answered != max_tasks:
            try:
                response = respond(request(read()))  # Nothing here holds the payload: it goes with its task.
            except Unreadable as unreadable:
                task_id, _ = request(unreadable.skeleton)
                response = self._failure(task_id, _with_hint(unreadable.cause), None, None)
            if self._loud:
                self._loud = False
                lines.pass_on()
            watcher.busy = False  # What is written finds out by itself.
            with lock:
                self._at_work = False
                if isinstance(response, list):
                    self._exchange.put_pieces(response)
                else:
                    put(response)
            answered += 1

    def _respond(self, task: tuple[TaskId, object]) -> Encoded:
        """Run the task and make the whole response, so that nothing half done can get onto the wire."""
        task_id, payload = task
        del task
        value: object = None
        problem: BaseException | None = None
        watcher = self._watcher
        watcher.busy = True  # As Watcher.begin() has it.
        if watcher.gone:
            raise MasterGone
        self._task_id = task_id
        self._at_work = True
        lines = self._exchange.lines
        try:
            value = self._function(payload)
        except KeyboardInterrupt:
            printed = lines.end()
            lines.pause()
            _pass_on(*printed)
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a task raises is its outcome
            problem = error
        if self._pipes.answers < 0:
            self._pipes.leave(0 if problem is None else 1)
        del payload  # What it prints when it goes is its task's.
        out, err = lines.end()
        if problem is not None:
            return self._refusal_or_failure(task_id, problem, out, err)
        try:
            response = self._speech.answer(task_id, value, out, err)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - code of the value's classes raises what it likes
            text = f"the answer, of type {type(value).__name__}, cannot be sent: {describe(error)} (spec ERR-4)"
            refused = CannotEncode(f"{text}; return plain data")
            refused.__cause__ = error
            return self._failure(task_id, refused, out, err)
        if type(value) not in PLAIN and self._wire.ran_code(response):
            self._loud = True
        return response

    def _refusal_or_failure(self, task_id: TaskId, problem: BaseException, out: Lines, err: Lines) -> bytes:
        self._loud = True
        if isinstance(problem, TooBusy):
            try:
                return self._refusal(task_id, problem, out, err)
            except (TypeError, ValueError, OverflowError) as error:
                problem = error
        return self._failure(task_id, problem, out, err)

    def _refusal(self, task_id: TaskId, busy: TooBusy, out: Lines, err: Lines) -> bytes:
        delay_s = float(busy.delay)
        if not 0 <= delay_s < math.inf:
            raise ValueError(f"TooBusy({busy.delay!r}): a finite number of seconds, 0 or more, is due (spec BUSY-1)")
        if busy.comment is not None:
            self._exchange.lines.pause()
            _say(f"too busy: {busy.comment}")
            self._exchange.lines.begin()
        return self._speech.refusal(task_id, delay_s, out, err)

    def _failure(self, task_id: TaskId, error: BaseException, out: Lines, err: Lines) -> bytes:
        self._loud = True
        texts = (type(error).__name__, message_of(error), _traceback_text(error))
        type_name, message, traceback = (self._wire.plain(text) for text in texts)
        return self._speech.failure(task_id, (type_name, message, traceback), out, err)

    def alive(self, every_s: float) -> None:
        """As the function ``alive``."""
        with self._pipes.lock:
            now_s = time.monotonic()
            due = self._at_work and now_s >= self._next_sign_s and self._pipes.answers >= 0  # -1 in a forked child.
            sign = self._speech.alive(self._task_id) if due else b""
            if sign:
                self._next_sign_s = now_s + every_s
                self._pipes.write(sign)


# The session of this process, for alive(); never more than one.
_sessions: Final[list[_Session]] = []


def _end(pipes: Pipes, ending: BaseException) -> None:
    """Return if the conversation came to its proper end, otherwise end the program."""
    if isinstance(ending, EndOfInput) and not ending.args[0]:
        pipes.restore()
        return
    if isinstance(ending, EndOfInput):
        _say("standard input ended inside a message (spec SHUT-6)")
    elif isinstance(ending, Malformed):
        _say(str(ending))
    pipes.close()
    raise SystemExit(_INTERRUPTED if isinstance(ending, KeyboardInterrupt) else 1)


def check_choices(codec: object, dialect: object, capture: object, pickle_protocol: object) -> None:
    """Raise ValueError for an option of ``serve`` that is none of its choices."""
    for name, value, choices in (
        ("codec", codec, ("pickle", "json")),
        ("dialect", dialect, ("tagged", "untagged")),
        ("capture", capture, ("both", "out", "none")),
        ("pickle_protocol", pickle_protocol, (None, 0, 1, 2, 3, 4, 5)),
    ):
        if value not in choices:
            raise ValueError(f"{name}={value!r}: one of {', '.join(map(repr, choices))} is due")
    if codec == "json" and dialect == "untagged":
        raise ValueError("dialect='untagged' goes with codec='pickle' only (spec UNT-1)")


def check_numbers(prepare: object, preparation_items: object, max_tasks: object) -> None:
    """Raise ValueError for an option of ``serve`` that is out of its range."""
    if not isinstance(preparation_items, Until) and (type(preparation_items) is not int or preparation_items < 0):
        raise ValueError(
            f"preparation_items={preparation_items!r}: a number of items, UNTIL_NONE or Until(value) is due"
        )
    if (prepare is None) != (preparation_items == 0):
        raise ValueError("prepare= and preparation_items= go together: who takes the items, and how many there are")
    if max_tasks is not None and (type(max_tasks) is not int or max_tasks < 1):
        raise ValueError(f"max_tasks={max_tasks!r}: a number above 0 is due, or None for no limit")


def _with_hint(error: BaseException) -> BaseException:
    if isinstance(error, AttributeError) and repr(sys.modules["__main__"]) in message_of(error):
        error.add_note("A class of the master's main program is unknown in a worker: put it into a module of its own.")
    return error


def _traceback_text(error: BaseException) -> str:
    """Format the traceback, without the frames of this file at its top."""
    import traceback  # noqa: PLC0415 - most workers never need it

    frame: TracebackType | None = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename == __file__:
        frame = frame.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, frame))
    except Exception as second:  # noqa: BLE001 - code of the user's, in an exception's attributes
        return f"{type(error).__name__} (its traceback cannot be shown: {describe(second)})\n"


def _say(text: str) -> None:
    """Write a line to the error stream, which the master labels and shows. Spec EXEC-12."""
    _pass_on([f"spreadjobs.worker: {text}\n"])


def _pass_on(*texts: Lines) -> None:
    for lines in texts:
        for line in lines or ():
            try:
                os.write(2, line.encode("utf-8", "backslashreplace"))
            except OSError:
                return  # nobody reads it
