"""Family run: requests and answers. Spec RUN-3 to RUN-9, OPS-1, OPS-5, OPS-6, UNT-4."""

from __future__ import annotations

import itertools
from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.conversation import Conversation, Sort, unserved
from spreadjobs_conform.findings import NotTestable
from spreadjobs_conform.patience import Wait
from spreadjobs_conform.registry import PICKLE, TAGGED, UNTAGGED, Case, case
from spreadjobs_conform.responses import Answer, Failure, Refusal, told

ECHO: Final = "op:echo"
NOT_BEFORE_S: Final = 0.28
"""When a sleep of 0.3 s may be over: some clocks are a little coarse."""
MAX_TASK_ID: Final = 2**53 - 1
SLEEP_S: Final = 0.4
LATE_PART: Final = 0.4
"""Of the limit of a response, which grows where the machine is slow."""
LEAST_LATE_S: Final = 1.0
"""Also where that limit was cut short after hangs."""
IDLE_S: Final = 3.5
"""As long as a run can wait: the whole of it takes not much longer."""
ROUND_LEAK: Final = 32
"""Files that stay open in each round of 40 answers and 40 failures, so that it is no accident."""


@case("run/returns-the-task-id", "RUN-5", "RUN-15", checks=5, dialects=TAGGED)
def returns_the_task_id(conv: Conversation) -> None:
    """Each response bears the task id of its request."""
    conv.prepare()
    for _ in range(5):
        conv.ask_sample()


@case("run/answers-the-value", "OPS-1", "RUN-5", checks=6, needs=ECHO)
def answers_the_value(conv: Conversation) -> None:
    """The echo payload is answered with its value."""
    conv.prepare()
    for value in ("text", 17, ["a", "list"]):
        conv.echo(value)


@case("run/response-has-three-items", "RUN-4", "UNT-4", checks=3)
def response_has_three_items(conv: Conversation) -> None:
    """Every response is a tuple or list of three items, whatever the outcome."""
    conv.prepare()
    conv.ask_sample()
    failing, _ = conv.failing()
    conv.send(failing)
    conv.response(failing)
    conv.ask_sample()


def _ids(conv: Conversation, *task_ids: int) -> None:
    conv.prepare()
    for task_id in task_ids:
        request = conv.sample(task_id=task_id)
        conv.send(request)
        conv.outcome(request)


@case("run/task-id-0", "RUN-5", checks=2, dialects=TAGGED)
def task_id_0(conv: Conversation) -> None:
    """The smallest task id, 0, comes back as 0."""
    _ids(conv, 0, 1)


@case("run/task-id-2-to-the-53-minus-1", "RUN-5", checks=3, dialects=TAGGED)
def task_id_2_to_the_53_minus_1(conv: Conversation) -> None:
    """The largest task id, 2**53-1, comes back exact, and so does its neighbour."""
    _ids(conv, MAX_TASK_ID, MAX_TASK_ID - 1, 2**31)


@case("run/task-ids-out-of-sequence", "RUN-5", checks=12, dialects=TAGGED)
def task_ids_out_of_sequence(conv: Conversation) -> None:
    """Task ids come back whatever their order and size."""
    _ids(conv, 7_000_000, 12, 2**40, 3, 255, 256, 65_535, 65_536, 2**31 - 1, 2**32, 100_000, 2)


@case("run/one-response-for-each-request", "RUN-3", checks=5)
def one_response_for_each_request(conv: Conversation) -> None:
    """No response comes twice, nor after the end of input without a request."""
    conv.prepare()
    for _ in range(4):
        conv.ask_sample()
    conv.close_stdin()
    conv.ends_or(0.5)
    conv.no_response()


@case("run/equal-payloads", "RUN-3", "RUN-5", checks=4, dialects=TAGGED)
def equal_payloads(conv: Conversation) -> None:
    """A payload that was sent before is a new task with a new id."""
    conv.prepare()
    first = conv.sample()
    conv.send(first)
    conv.outcome(first)
    again = [conv.request(first.payload, sample=first.sample) for _ in range(3)]
    conv.send(*again)
    for request in again:
        conv.outcome(request)


@case("run/answers-in-order", "RUN-6", checks=6, needs="op:echo op:sleep", dialects=TAGGED)
def answers_in_order(conv: Conversation) -> None:
    """Requests are answered in their order, although the first one takes longer than those behind it."""
    conv.prepare()
    asked = [(payloads.sleeping(0.2), None), (payloads.echo("quick"), "quick"), (payloads.echo("too"), "too")]
    requests = [conv.request(payload) for payload, _ in asked]
    conv.send(*requests)
    for request, (payload, due) in zip(requests, asked, strict=True):
        conv.expect_value(request, conv.response(request), due, op=str(payload["op"]))


@case(
    "run/mixed-outcomes-in-order",
    "RUN-6",
    "RUN-7",
    checks=10,
    needs="op:echo op:raise op:busy op:print",
    dialects=TAGGED,
)
def mixed_outcomes_in_order(conv: Conversation) -> None:
    """Answers, failures and refusals of requests that were sent ahead come in the order of the requests."""
    conv.prepare()
    asked = (
        (payloads.echo(1), Answer),
        (payloads.raising("ValueError", "two"), Failure),
        (payloads.busy("three", 0.0, 1), Refusal),
        (payloads.printing(["four\n"], []), Answer),
        (payloads.echo(5), Answer),
    )
    requests = [conv.request(payload) for payload, _ in asked]
    conv.send(*requests)
    for request, (payload, due) in zip(requests, asked, strict=True):
        conv.expect_sort(request, conv.response(request), due, op=str(payload["op"]))


@case("run/a-thousand-tasks", "RUN-7", "RUN-3", checks=1000, heavy=True)
def a_thousand_tasks(conv: Conversation) -> None:
    """A thousand requests, one after the other, are answered."""
    conv.prepare()
    for _ in range(1000):
        conv.ask_sample()


@case("run/answers-after-a-pause", "RUN-7", checks=3)
def answers_after_a_pause(conv: Conversation) -> None:
    """A worker that had nothing to do for a while takes a further request."""
    conv.prepare()
    for _ in range(3):
        conv.ask_sample()
        conv.pause(0.25)


@case("run/request-sent-while-a-task-runs", "RUN-7", "RUN-3", checks=6, needs="op:echo op:sleep", dialects=TAGGED)
def request_sent_while_a_task_runs(conv: Conversation) -> None:
    """A request that comes while a task runs is still there when the task is done: nothing else read it."""
    conv.prepare()
    conv.ask_sample()
    running = conv.request(payloads.sleeping(0.3))
    conv.send(running)
    conv.has_read(str(running))
    # Until what the task starts has started too.
    conv.pause(0.15)
    behind = conv.request(payloads.echo("sent ahead"))
    conv.send(behind)
    conv.expect_value(running, conv.response(running), None, op="sleep")
    conv.expect_value(behind, conv.response(behind), "sent ahead", op="echo")


@case("run/goes-on-after-a-stop", "RUN-7", checks=3)
def goes_on_after_a_stop(conv: Conversation) -> None:
    """A worker that was stopped for a while, by SIGSTOP, answers what came meanwhile when it is continued."""
    conv.prepare()
    conv.ask_sample()
    for _ in range(2):
        request = conv.sample()
        conv.freeze()
        try:
            conv.send(request)
            conv.pause(0.2)
        finally:
            conv.thaw()
        conv.outcome(request)


def _requests_behind(conv: Conversation, payload: dict[str, object], due: type[Sort]) -> None:
    """Has a task some times, and sends a request while it may still run."""
    conv.prepare()
    conv.ask_sample()
    # What the task starts may be there at once, or a little later.
    for after_s in (0.01, 0.03, 0.06, 0.1):
        running = conv.request(payload)
        conv.send(running)
        conv.has_read(str(running))
        conv.pause(after_s)
        behind = conv.request(payloads.echo("sent ahead"))
        conv.send(behind)
        conv.expect_sort(running, conv.response(running), due, op=str(payload["op"]))
        conv.expect_value(behind, conv.response(behind), "sent ahead", op="echo")


@case("run/requests-sent-while-a-task-prints", "RUN-7", "RUN-3", checks=22, needs="op:echo op:print", dialects=TAGGED)
def requests_sent_while_a_task_prints(conv: Conversation) -> None:
    """Requests that come while a task prints are still there when it is done: nothing else read them."""
    _requests_behind(conv, payloads.printing(["a line\n"], ["another\n"]), Answer)


@case("run/requests-sent-while-a-task-fails", "RUN-7", "RUN-3", checks=22, needs="op:echo op:raise", dialects=TAGGED)
def requests_sent_while_a_task_fails(conv: Conversation) -> None:
    """Requests that come while a task fails are still there when it has: nothing else read them."""
    _requests_behind(conv, payloads.raising("ValueError", "as asked"), Failure)


@case("run/answers-after-seconds-of-idleness", "RUN-7", "RUN-3", "RUN-11", checks=3, idle=True)
def answers_after_seconds_of_idleness(conv: Conversation) -> None:
    """A worker that had nothing to do for seconds is still there, has written nothing, and takes a further request."""
    conv.prepare()
    conv.ask_sample()
    conv.pause(IDLE_S)
    conv.ask_sample()
    conv.ask_sample()


@case("run/keeps-no-files-open", "RUN-7", "ERR-2", checks=400, needs="failure")
def keeps_no_files_open(conv: Conversation) -> None:
    """Neither answers nor failures leave files open in the worker, as far as the system tells."""
    conv.prepare()
    counts = []
    for _ in range(5):
        for _ in range(40):
            conv.ask_sample()
            failing, _sample = conv.failing()
            conv.send(failing)
            conv.response(failing)
        counts.append(conv.process.descriptors())
    # The first round may open what stays. A worker that closes late, when memory is tidied, has fewer now and then.
    known = [count for count in counts if count is not None]
    grew = len(known) == len(counts) and all(more - less >= ROUND_LEAK for less, more in itertools.pairwise(known))
    came = f"after each 40 answers and 40 failures more files were open: {', '.join(map(str, known))}"
    conv.check(not grew, came, "as many as before", "close what a task opens, also when it fails")


@case("run/id-is-an-int", "RUN-15", "RUN-5", checks=6, codecs=PICKLE, dialects=TAGGED)
def id_is_an_int(conv: Conversation) -> None:
    """The task id comes back as an int, neither as a bool nor as a float, whatever the number and the outcome."""
    _ids(conv, 1, 0, 2, 2**31, MAX_TASK_ID)
    failing, _ = conv.failing()
    conv.send(failing)
    conv.response(failing)


@case("run/no-reserved-words", "RUN-9", checks=8, needs="op:echo op:raise op:busy op:print", dialects=TAGGED)
def no_reserved_words(conv: Conversation) -> None:
    """No response of any sort begins with a word that is reserved, and answers begin with their task id."""
    conv.prepare()
    asked = (payloads.echo("x"), payloads.raising("KeyError", "x"), payloads.busy("x", 0.0, 1))
    for payload in (*asked, payloads.printing(["x\n"], ["y\n"])):
        request = conv.request(payload)
        conv.send(request)
        response = conv.response(request)
        conv.check(
            response.first.task_id in (None, request.task_id),
            f"{told(response.first)} came",
            f"an outcome of {request}",
        )


@case("run/untagged-answer-is-bare", "UNT-4", checks=6, needs=ECHO, dialects=UNTAGGED)
def untagged_answer_is_bare(conv: Conversation) -> None:
    """In the untagged dialect the first item of a response is the bare value, also if it looks like a pair."""
    conv.prepare()
    for value in (5, (17, "pair"), None):
        conv.echo(value)


@case("run/sleeps-as-long-as-asked", "OPS-5", "WIRE-4", checks=4, needs="op:sleep")
def sleeps_as_long_as_asked(conv: Conversation) -> None:
    """The sleep payload is answered None after its time, not before."""
    conv.prepare()
    conv.ask_sample()
    began_s = conv.stage.now_s()
    conv.ask(payloads.sleeping(0.3), None)
    took_s = conv.stage.now_s() - began_s
    conv.check(took_s > NOT_BEFORE_S, f"the answer came after {took_s:.3f} s", "an answer after 0.3 s")


@case("run/sleeps-not-much-longer", "OPS-5", checks=3, needs="op:sleep", idle=True)
def sleeps_not_much_longer(conv: Conversation) -> None:
    """The sleep payload is answered soon after its time; how soon, depends on the machine."""
    conv.prepare()
    conv.ask_sample()
    began_s = conv.stage.now_s()
    request = conv.request(payloads.sleeping(SLEEP_S))
    conv.send(request)
    response = conv.response(request)
    took_s = conv.stage.now_s() - began_s
    conv.expect_value(request, response, None, op="sleep")
    # Two seconds for what an answer usually takes milliseconds, and more on a machine that is slow now.
    most_s = SLEEP_S + max(LEAST_LATE_S, conv.stage.limit_s(Wait.RESPONSE, mebibytes=0.0, first=False) * LATE_PART)
    conv.check(took_s < most_s, f"the answer came after {took_s:.2f} s", f"an answer {SLEEP_S} s after the request")


def _leaves(conv: Conversation, status: int) -> None:
    conv.prepare()
    conv.ask_sample()
    request = conv.request(payloads.leaving(status))
    conv.send(request)
    answered = conv.arrives_before_exit(f"exit with status {status}, without an answer")
    if answered is not None and isinstance(answered.first, Failure):
        raise NotTestable(unserved(answered.first, request.payload))
    came_first = "" if answered is None else f"{told(answered.first)} came for {request}"
    conv.check(answered is None, came_first, "exit without an answer")
    came = conv.exits()
    conv.check(came == status, f"exit status {came}", f"exit status {status}")
    conv.no_response()


@case("run/exit-without-an-answer", "OPS-6", checks=4, needs="op:exit")
def exit_without_an_answer(conv: Conversation) -> None:
    """The exit payload makes the worker exit with the status that was asked for, without an answer."""
    _leaves(conv, 7)


def _status_case(status: int) -> Case:
    def body(conv: Conversation) -> None:
        _leaves(conv, status)

    body.__doc__ = f"The exit payload makes the worker exit with status {status} where that is asked for."
    return case(f"run/exit-with-status-{status}", "OPS-6", checks=4, needs="op:exit")(body)


STATUSES: Final = tuple(_status_case(status) for status in (1, 200))


@case("run/exit-lets-go-of-stdout", "SHUT-4", "OPS-6", checks=3, needs="op:exit")
def exit_lets_go_of_stdout(conv: Conversation) -> None:
    """When the worker has exited during a task, no process that it started holds its standard output."""
    conv.prepare()
    conv.ask_sample()
    request = conv.request(payloads.leaving(7))
    conv.send(request)
    answered = conv.arrives_before_exit("exit with status 7, without an answer", by_process=True)
    if answered is not None and isinstance(answered.first, Failure):
        raise NotTestable(unserved(answered.first, request.payload))
    conv.exits()
    conv.released()


@case("run/exit-with-status-0", "OPS-6", "RUN-13", checks=4, needs="op:exit")
def exit_with_status_0(conv: Conversation) -> None:
    """The exit payload with status 0 makes the worker leave as a departing worker does."""
    _leaves(conv, 0)
