"""
The worker state machine, as the master sees it: a table of states, and the check of responses. It touches no clock.

House rules: every change of state is looked up in ``NEXT``; every rule about the shape of a response is in this file.
The order of the checks is the one of spec VIO-4. A violation never loses the responses that came before it (VIO-2).
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from reprlib import Repr
from types import MappingProxyType
from typing import Final, TypeGuard

import attrs

from spreadjobs.errors import WorkerViolation
from spreadjobs.events import Answer, Answers, Failure, Lines, Refusal, Response, TaskId
from spreadjobs.messages import LegacyRemoteException, LegacyTooBusy


class State(Enum):
    """The states of a worker, in the order of the specification."""

    EXEC = "exec"
    PREPARATION = "preparation"
    RUNNING = "running"
    SHUTDOWN = "shutdown"
    ENDED = "ended"

    __hash__ = object.__hash__  # Enum's own is written in Python, and two of them are asked for at each change.


class Event(Enum):
    """What can happen to a worker, as far as its state is concerned."""

    STARTED = "started"
    START_FAILED = "start failed"
    REQUEST_SENT = "request sent"
    RESPONSE = "response"
    ALIVE = "alive"
    STDIN_CLOSED = "stdin closed"
    TEXT = "text"
    BYTES_UNDUE = "bytes undue"
    STDOUT_ENDED = "stdout ended"
    EXITED = "exited"
    TIME_LIMIT = "time limit"

    __hash__ = object.__hash__


_ENDS: Final[Mapping[Event, State]] = {
    Event.BYTES_UNDUE: State.ENDED,
    Event.STDOUT_ENDED: State.ENDED,
    Event.EXITED: State.ENDED,
    Event.TIME_LIMIT: State.ENDED,
}

NEXT: Final[Mapping[State, Mapping[Event, State]]] = MappingProxyType(
    {
        State.EXEC: {
            Event.STARTED: State.PREPARATION,
            Event.START_FAILED: State.ENDED,
        },
        State.PREPARATION: {
            Event.REQUEST_SENT: State.RUNNING,
            Event.STDIN_CLOSED: State.SHUTDOWN,
            **_ENDS,
        },
        State.RUNNING: {
            Event.REQUEST_SENT: State.RUNNING,
            Event.RESPONSE: State.RUNNING,
            Event.ALIVE: State.RUNNING,
            Event.STDIN_CLOSED: State.SHUTDOWN,
            **_ENDS,
        },
        State.SHUTDOWN: {
            Event.RESPONSE: State.SHUTDOWN,
            Event.ALIVE: State.SHUTDOWN,
            Event.TEXT: State.SHUTDOWN,
            **_ENDS,
        },
        State.ENDED: {},
    }
)
"""State x event -> next state. Spec section 4; a pair that is missing cannot happen."""


def _lines(value: object) -> Lines | None:
    """The lines of ``out`` or ``err``, or None if they have another shape. Spec OUT-1."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, list | tuple) and all(isinstance(line, str) for line in value):
        return value
    return None


def is_delay(value: object) -> TypeGuard[int | float]:
    """Whether it is a finite number of 0 or more. Spec BUSY-1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max


_RESPONSE_ITEMS: Final = 3  # RUN-4
_ANSWER_ITEMS: Final = 2  # RUN-5
_REFUSAL_ITEMS: Final = 3  # BUSY-1
_FAILURE_ITEMS: Final = 5  # ERR-1
_ALIVE_ITEMS: Final = 2  # RUN-11
_NAMED_FIRSTS: Final = {
    "TooBusy": ("('TooBusy', task_id, delay_s)", "BUSY-1"),
    "RemoteException": ("('RemoteException', task_id, type_name, message, traceback_text)", "ERR-1"),
    "Alive": ("('Alive', task_id)", "RUN-11"),
}
_DELAY_DUE: Final = "a finite number of seconds, 0 or more, is due (spec BUSY-1)"
_NO_ID: Final = "the worker does not return the task id; one of the ancestor's needs Settings(dialect='untagged')"
_SHORT: Final = 80
_shortener: Final = Repr()
_shortener.maxstring = _shortener.maxother = _SHORT


class WorkerMachine:
    """
    One worker: its state and its unanswered requests.

    Args:
        tagged: False for the untagged dialect. Spec UNT-2.
        number_ids: Whether a task id may come as any number that equals it. Spec JSON-3.
    """

    def __init__(self, *, tagged: bool = True, number_ids: bool = False) -> None:
        self.state = State.EXEC
        self.outstanding: deque[TaskId] = deque()
        self._tagged = tagged
        self._number_ids = number_ids

    def happen(self, event: Event) -> None:
        """
        Change the state as ``NEXT`` says.

        Raises:
            ValueError: the event cannot happen in this state: a fault of the caller.
        """
        try:
            self.state = NEXT[self.state][event]
        except KeyError:
            raise ValueError(f"{event.value!r} cannot happen in state {self.state.value!r} (spec section 4)") from None

    def requests_sent(self, task_ids: Iterable[TaskId]) -> None:
        """Note requests that are on their way."""
        self.happen(Event.REQUEST_SENT)
        self.outstanding.extend(task_ids)

    def request_unsent(self, task_id: TaskId) -> int:
        """Take a request back of which nothing was written; returns its position among the unanswered ones."""
        position = self.outstanding.index(task_id)
        del self.outstanding[position]
        return position

    def receive(self, messages: Sequence[object]) -> tuple[list[Answers | Response], bool, WorkerViolation | None]:
        """
        Check messages that came in one read.

        Args:
            messages: Decoded messages, in order.

        Returns:
            The responses before any violation; whether an Alive was among them; the violation, if there was one.
        """
        responses: list[Answers | Response] = []
        alive = False
        at = 0
        try:
            while at < len(messages):
                pairs = self._plain_answers(messages, at)
                if pairs:
                    at += len(pairs)
                    responses.append(Answers(pairs))
                    continue
                response = self._check(messages[at])
                at += 1
                if response is None:
                    alive = True
                else:
                    responses.append(response)
        except WorkerViolation as violation:
            return responses, alive, violation
        if responses:
            self.happen(Event.RESPONSE)
        elif alive:
            self.happen(Event.ALIVE)
        return responses, alive, None

    def _plain_answers(self, messages: Sequence[object], start: int) -> list[tuple[TaskId, object]]:
        """The common case, answers without lines to the oldest requests: as many as there are in a row from there."""
        pairs: list[tuple[TaskId, object]] = []
        outstanding = self.outstanding
        if not self._tagged:
            return pairs
        for position in range(start, len(messages)):
            message = messages[position]
            if type(message) is not tuple or len(message) != _RESPONSE_ITEMS:
                break
            first, out, err = message
            if type(first) is not tuple or len(first) != _ANSWER_ITEMS:
                break
            if not (
                (out is None or (type(out) is list and not out)) and (err is None or (type(err) is list and not err))
            ):
                break
            if type(first[0]) is not int or not outstanding or first[0] != outstanding[0]:
                break
            outstanding.popleft()
            pairs.append(first)
        return pairs

    def _check(self, message: object) -> Response | None:
        """One message as a response; None for Alive. The order of the checks is spec VIO-4."""
        if not self.outstanding:
            raise WorkerViolation(
                f"{short(message)} came when no request was unanswered (spec VIO-1)",
                cure="the worker answers a request twice, or answers without one",
            )
        if not isinstance(message, tuple | list) or len(message) != _RESPONSE_ITEMS:
            raise WorkerViolation(
                f"{short(message)} came where a response of three items (first, out, err) was due (spec RUN-4)",
                cure=self._shape_cure(message),
            )
        first, out, err = message
        response = self._tagged_first(first) if self._tagged else self._untagged_first(first)
        if response is None:
            if out is not None or err is not None:
                raise WorkerViolation(f"Alive came with out or err: {short(message)}; both are None (spec RUN-11)")
            return None
        out_lines, err_lines = _lines(out), _lines(err)
        if out_lines is None or err_lines is None:
            wrong = out if out_lines is None else err
            raise WorkerViolation(f"out or err is {short(wrong)}; None, a str or a list of str is due (spec OUT-1)")
        self.outstanding.popleft()
        if isinstance(response, Answer):
            return Answer(response.task_id, response.value, out_lines, err_lines)
        return attrs.evolve(response, out=out_lines, err=err_lines)

    def _shape_cure(self, message: object) -> str:
        if isinstance(message, tuple | list) and message and self._same(message[0], self.outstanding[0]):
            return "it sends ((task_id, value), None, None), or sends requests back: commands take no tasks"
        return "for an answer, ((task_id, value), None, None) is due"

    def _untagged_first(self, first: object) -> Response:
        """What a first of the untagged dialect says: an instance, or the bare value. Spec UNT-4, UNT-5."""
        return self._instance(first) or Answer(self.outstanding[0], first, (), ())

    def _instance(self, first: object) -> Refusal | Failure | None:
        """The ancestor's form: it belongs to the oldest unanswered request. Spec INST-2."""
        if isinstance(first, LegacyTooBusy):
            if not is_delay(first.delay):
                raise WorkerViolation(f"TooBusy came with the delay {short(first.delay)}; {_DELAY_DUE}")
            return Refusal(self.outstanding[0], float(first.delay), comment=_comment(first.comment))
        if isinstance(first, LegacyRemoteException):
            return Failure(self.outstanding[0], first.args)
        return None

    def _tagged_first(self, first: object) -> Response | None:
        """What a first of the tagged dialect says; None for Alive. Spec RUN-5, BUSY-1, ERR-1, RUN-11."""
        instance = self._instance(first)
        if instance is not None:
            return instance
        if not isinstance(first, tuple | list) or not first:
            raise WorkerViolation(f"first is {short(first)}; (task_id, value) is due (spec RUN-5)", cure=_NO_ID)
        head = first[0]
        if isinstance(head, str):
            return self._named_first(head, first)
        if len(first) != _ANSWER_ITEMS:
            raise WorkerViolation(f"first is {short(first)}; (task_id, value) is due (spec RUN-5)", cure=_NO_ID)
        return Answer(self._oldest(head), first[1], (), ())

    def _named_first(self, name: str, first: Sequence[object]) -> Refusal | Failure | None:
        """A first that begins with a str: one of the three names. Spec RUN-9."""
        if name == "TooBusy" and len(first) == _REFUSAL_ITEMS:
            task_id, delay = self._oldest(first[1]), first[2]
            if not is_delay(delay):
                raise WorkerViolation(f"TooBusy came with the delay {short(delay)}; {_DELAY_DUE}")
            return Refusal(task_id, float(delay))
        if name == "RemoteException" and len(first) == _FAILURE_ITEMS:
            task_id, texts = self._oldest(first[1]), tuple(first[2:])
            if not all(isinstance(text, str) for text in texts):
                raise WorkerViolation(f"RemoteException came with {short(texts)}; three str are due (spec ERR-1)")
            return Failure(task_id, texts)
        if name == "Alive" and len(first) == _ALIVE_ITEMS:
            if not any(self._same(first[1], task_id) for task_id in self.outstanding):
                raise WorkerViolation(f"Alive came for {short(first[1])}, which is not unanswered (spec RUN-11)")
            return None
        due, requirement = _NAMED_FIRSTS.get(name, ("one of TooBusy, RemoteException and Alive", "RUN-9"))
        raise WorkerViolation(f"first is {short(first)}; where it begins with a str, {due} is due (spec {requirement})")

    def _same(self, came: object, task_id: TaskId) -> bool:
        """Whether a task id that came is this one: exactly int in pickle, any equal number in JSON. Spec JSON-3."""
        if type(came) is int or (self._number_ids and type(came) is float):
            return came == task_id
        return False

    def _oldest(self, came: object) -> TaskId:
        """The oldest unanswered request, if that is the task id that came. Spec RUN-3, RUN-6."""
        due = self.outstanding[0]
        if self._same(came, due):
            return due
        raise WorkerViolation(
            f"a response to request {short(came)} came where one to request {due} was due (spec RUN-5, RUN-6)",
            cure="the worker answers twice, out of order, or does not return the task id that it read",
        )


def _comment(value: object) -> str:
    """The comment of an ancestor's refusal as text: nobody has checked it, so that str() of it could take for ever."""
    if value is None:
        return ""
    return value if isinstance(value, str) else short(value)


def short(value: object) -> str:
    """How a value looks, in at most 80 characters; never fails, whatever the value."""
    try:
        text = _shortener.repr(value)
    except Exception as error:  # noqa: BLE001 - an admitted class of the user's may have any __repr__
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return text if len(text) <= _SHORT else text[: _SHORT - 3] + "..."
