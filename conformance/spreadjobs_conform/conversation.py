"""One conversation with one worker: requests and outcomes, the verbs that the cases are written in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NoReturn, TypeVar

from spreadjobs_conform import payloads
from spreadjobs_conform.asking import Asking, Request
from spreadjobs_conform.candidate import Candidate, Ops
from spreadjobs_conform.channel import MEBIBYTE
from spreadjobs_conform.cures import (
    COUNT_REFUSALS,
    EXIT_REFUSED,
    ID_UNCHANGED,
    NO_OTHER_OUTCOME,
    ONE_EACH,
    PREPARATION_TAKEN,
    PREPARED,
    REFUSE,
    SAMPLE,
    STOP_HEARTBEAT,
    failure_cure,
    value_cure,
)
from spreadjobs_conform.endings import NEEDS_IT
from spreadjobs_conform.findings import Finding, Hang, NotTestable
from spreadjobs_conform.messages import Message
from spreadjobs_conform.patience import Wait
from spreadjobs_conform.responses import Alive, Answer, Failure, First, Refusal, Response, interpret, told
from spreadjobs_conform.stage import Stage
from spreadjobs_conform.values import difference, show


def unserved(failure: Failure, payload: object) -> str:
    """Why what is about this payload cannot be tested."""
    return f"the worker answered RemoteException ({failure.type_name}: {failure.message[:80]}) to {show(payload)}"


def _id_in(value: object) -> object:
    """What stands in the place of the task id of a response; an object of its own if that is none."""
    match value:
        case [["RemoteException" | "TooBusy" | "Alive", task_id, *_], *_] | [[task_id, _], *_]:
            return task_id
        case _:
            return object()


Sort = TypeVar("Sort", Answer, Refusal, Failure)
_DUE_SORTS: Final[Mapping[type[First], tuple[str, str]]] = {
    Answer: ("an answer", ""),
    Refusal: ("a refusal (TooBusy)", REFUSE),
    Failure: ("a failure (RemoteException)", NO_OTHER_OUTCOME),
}
"""What is due, and the cure."""


class Conversation(Asking):
    """The master's side of one worker. The arguments are those of ``Channel``."""

    def __init__(self, candidate: Candidate, stage: Stage, blame: str) -> None:
        super().__init__(candidate, stage, blame)
        self._answered: dict[int, int] = {}
        self.last_size_bytes = 0
        """Size of the message that came last."""
        self._served: set[str] = {"echo", "sample"} if candidate.ops is Ops.SERVED else {"sample"}

    # Receiving.

    def response(self, request: Request) -> Response:
        """
        The next response, which must be the one to this request.

        Raises:
            Hang: None came within the limit.
            Finding: Something else came.
        """
        while True:
            response = self._next_response(request)
            if not isinstance(response.first, Alive):
                break
            self._check_alive_message(response.first)
        self._check_id(request, response)
        self._outstanding.remove(request)
        self._answered[request.number] = request.task_id if request.task_id is not None else -1
        self.has_answered = True
        self.checks += 1
        return response

    def _next_response(self, request: Request) -> Response:
        found: list[Message] = []

        def arrived() -> bool:
            message = self.next_message()
            if message is not None:
                found.append(message)
            return message is not None or not self.process.stdout_open

        mebibytes = sum(len(sent.data) for sent in self._outstanding) / MEBIBYTE
        began_s = self.stage.now_s()
        arrived_in_time = self.wait(arrived, Wait.RESPONSE, mebibytes=mebibytes)
        if found:
            return self._interpret(found[0])
        due = f"a response to {request}"
        if not arrived_in_time:
            what = f"no response to request {request.number}"
            also = ("WIRE-4", "RUN-3") if self.flooded(mebibytes) else ("RUN-3",)
            self._hangs(what, due, self.stage.now_s() - began_s, also)
        # The pipe can end a moment before the process does.
        self.wait(lambda: self.process.status() is not None, Wait.RELEASE)
        came = f"standard output ended without a response to request {request.number}; {self.so_far()}"
        ended = Finding(self.blame, f"{came}; {self.process.describe()}", due, self.cure(), also=("RUN-3",))
        count = len(self._answered)
        if count and self.has_left() and self._is_answered_by_another(request):
            tasks = "task" if count == 1 else "tasks"
            raise NotTestable(f"it left by itself, with status 0, after {count} {tasks}; {NEEDS_IT}")
        raise ended

    def _is_answered_by_another(self, request: Request) -> bool:
        """Whether a new worker that is asked this first answers: then it was not the request that ended the other."""
        self.start_again(hints=True)
        self.prepare(*self.items_sent[len(self.candidate.preparation) :])
        self.send_bytes(request.data, f"{request}, to a worker that is asked nothing before")
        found: list[Message] = []

        def decided() -> bool:
            with suppress(Finding):
                message = self.next_message()
                found.extend([message] if message is not None else [])
            return bool(found) or not self.process.stdout_open

        self.wait(decided, Wait.RESPONSE, mebibytes=len(request.data) / MEBIBYTE)
        return bool(found)

    def _hangs(self, what: str, due: str, waited_s: float, also: tuple[str, ...]) -> NoReturn:
        try:
            self.hang(Wait.RESPONSE, what, due, waited_s, also=also)
        except Hang as hang:
            self.find_out(hang, self.sample().data[:1])
            raise

    def arrived(self) -> Response | None:
        """A response that has come unasked or in place of something else, if one has."""
        message = self.next_message()
        return None if message is None else self._interpret(message)

    def arrives_before_exit(self, due: str, *, by_process: bool = False) -> Response | None:
        """
        A response that comes although the worker was to exit without one.

        Args:
            due: How it was to exit.
            by_process: Its exit is enough; other processes may hold its standard output still.

        Raises:
            Hang: It did neither.
        """
        found: list[Response] = []

        def decided() -> bool:
            exited = self.process.status() is not None and (by_process or not self.process.stdout_open)
            response = self.arrived()
            if response is not None:
                found.append(response)
            return exited or bool(found)

        began_s = self.stage.now_s()
        if not self.wait(decided, Wait.EXIT) and self.process.status() is None:
            self.hang(Wait.EXIT, "no exit", due, self.stage.now_s() - began_s, EXIT_REFUSED)
        return found[0] if found else None

    def _interpret(self, message: Message) -> Response:
        self.last_size_bytes = message.size_bytes
        self.note_message(message)
        by_number = self.candidate.codec == "json"
        try:
            return interpret(message.value, tagged=self.candidate.tagged, by_number=by_number)
        except Finding as finding:
            if not self._answered and _id_in(message.value) in (None, *self.items_sent):
                self._blame_preparation(finding)
            raise

    def _blame_preparation(self, finding: Finding) -> None:
        """What came instead of the first response is one to an item of the preparation."""
        finding.also = (*self.preparation_rules, *finding.also)
        finding.cure = PREPARATION_TAKEN

    def _check_alive_message(self, alive: Alive) -> None:
        if alive.task_id not in {request.task_id for request in self._outstanding}:
            came = f"an Alive for task {alive.task_id} came, which is not being worked on"
            due = "an Alive only between reading a request and answering it"
            raise Finding("RUN-11", came, due, STOP_HEARTBEAT, also=("RUN-3",))

    def _check_id(self, request: Request, response: Response) -> None:
        first = response.first
        if request.task_id is None or first.task_id is None or first.task_id == request.task_id:
            return
        due = f"the response to {request}"
        came = f"a response for task {first.task_id} came"
        for number, task_id in self._answered.items():
            if task_id == first.task_id:
                # A response written twice, or one to this request that bears an old id: nobody can tell.
                raise Finding(
                    "RUN-3", f"{came}: request {number} was answered a second time", due, ONE_EACH, also=("RUN-5",)
                )
        if first.task_id in {sent.task_id for sent in self._outstanding}:
            raise Finding("RUN-6", f"{came} before its turn", due, "answer requests in the order in which they came")
        requirement = {Answer: "RUN-5", Refusal: "BUSY-1", Failure: "ERR-1"}.get(type(first), "RUN-5")
        finding = Finding(requirement, f"{came}, and no task bears that id", due, ID_UNCHANGED)
        if not self._answered and any(first.task_id == item for item in self.items_sent):
            finding.requirement = self.blame
            self._blame_preparation(finding)
        raise finding

    # Outcomes.

    def outcome(self, request: Request) -> Response:
        """The response to a sample: its answer if that is known, any outcome otherwise."""
        response = self.response(request)
        if request.sample is None or not request.sample.known:
            return response
        of_its_own = self.candidate.ops is Ops.ABSENT
        if of_its_own and isinstance(response.first, Refusal):
            return response  # A worker may always say "not now".
        self.expect_value(request, response, request.sample.due, op="sample" if of_its_own else "echo")
        return response

    def expect_value(self, request: Request, response: Response, due: object, *, op: str, rare: bool = False) -> None:
        """
        Makes sure that the response is an answer with this value.

        Args:
            request: What was asked.
            response: What came.
            due: The value.
            op: The conformance payload that was used.
            rare: True for values that a worker's language may lack: a failure makes the case not testable.

        Raises:
            Finding: Another outcome or value came.
            NotTestable: The worker does not offer this.
        """
        first = response.first
        if isinstance(first, Answer):
            found = difference(due, first.value, by_number=self.candidate.codec == "json")
            if found is not None:
                raise self._other_value(request, found, due, first.value, op)
            self._served.add(op)
            self.checks += 1
            return
        if isinstance(first, Failure):
            if rare or op not in self._served:
                raise NotTestable(unserved(first, request.payload))
            came = f"a failure ({first.type_name}: {show(first.message)}) came for {request}"
            cure = failure_cure(first.type_name, first.message)
            raise Finding(self.blame, came, f"the answer {show(due)}", cure)
        came = f"a refusal came for {request}, which is to be answered"
        raise Finding(self.blame, came, f"the answer {show(due)}", COUNT_REFUSALS if op == "busy" else "")

    def _other_value(self, request: Request, found: str, due: object, value: object, op: str) -> Finding:
        if op == "sample":  # Whoever declared it may be wrong.
            came = f"the sample {show(request.payload)} of the manifest: {show(value)} came, {show(due)} is declared"
            return Finding(self.blame, came, f"{show(due)}; which of the two is right?", SAMPLE)
        cure = PREPARED if op == "prepared" else value_cure(due, value)
        return Finding(self.blame, f"in the answer to {request}: {found}", "the value unchanged", cure)

    def expect_sort(self, request: Request, response: Response, due: type[Sort], *, op: str) -> Sort:
        """
        Makes sure that the response is an outcome of this sort, whatever is in it.

        Returns:
            The outcome.

        Raises:
            Finding: Another outcome came.
            NotTestable: A failure came, and the worker was never seen to serve this payload.
        """
        first = response.first
        if isinstance(first, due):
            self._served.add(op)
            self.checks += 1
            return first
        if isinstance(first, Failure) and op not in self._served:
            raise NotTestable(unserved(first, request.payload))
        raise Finding(self.blame, f"{told(first)} came for {request}", *_DUE_SORTS[due])

    def ask(self, payload: dict[str, object], due: object, *, rare: bool = False) -> Response:
        """Sends one conformance payload and makes sure of its answer."""
        request = self.request(payload)
        self.send(request)
        response = self.response(request)
        self.expect_value(request, response, due, op=str(payload["op"]), rare=rare)
        return response

    def echo(self, value: object, *, rare: bool = False) -> Response:
        """Sends a value and makes sure that it comes back unchanged. Spec DATA-1."""
        return self.ask(payloads.echo(value), value, rare=rare)

    def ask_sample(self) -> Response:
        """Sends one sample and takes its outcome."""
        request = self.sample()
        self.send(request)
        return self.outcome(request)
