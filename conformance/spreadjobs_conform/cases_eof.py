"""Family eof: the end of standard input. Spec PREP-5, SHUT-2 to SHUT-6."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.cures import CLEAN_END
from spreadjobs_conform.patience import UNKNOWN_START_S
from spreadjobs_conform.registry import TAGGED, case

MEBIBYTE: Final = 1 << 20
BEFORE_CLOSED: Final = "before its standard input was closed"
LONGER_S: Final = 0.2
HUNDRED: Final = 100


def _until_started(conv: Conversation) -> None:
    """Gives the worker the time that a start takes, so that its exit afterwards is an answer to the end of input."""
    known = conv.stage.start_s()
    conv.pause(1.5 * known if known is not None else UNKNOWN_START_S)


def _exits_without_more(conv: Conversation) -> None:
    """When every request has its response, the worker exits, and says no more than text."""
    conv.exits()
    conv.no_response()


def _ends(conv: Conversation) -> None:
    """Closes standard input and makes sure that the worker exits then, and not before."""
    conv.listens(BEFORE_CLOSED)
    conv.close_stdin()
    conv.exits()
    conv.no_response()


def _ends_with_0(conv: Conversation) -> None:
    """The same, and its exit status."""
    conv.listens(BEFORE_CLOSED)
    conv.close_stdin()
    status = conv.exits()
    conv.check(status == 0, f"exit status {status}", "exit status 0", CLEAN_END)


def _fails(conv: Conversation) -> None:
    """Has a task that raises, of the worker's own if it has one."""
    request, _ = conv.failing()
    conv.send(request)
    conv.response(request)


@case("eof/when-idle", "SHUT-3", "SHUT-2", checks=6)
def when_idle(conv: Conversation) -> None:
    """A worker that has answered all its requests exits in time at the end of its standard input."""
    conv.prepare()
    conv.ask_sample()
    conv.ask_sample()
    _ends(conv)


@case("eof/when-prepared", "SHUT-3", "PREP-4", checks=4)
def when_prepared(conv: Conversation) -> None:
    """A worker that was prepared and never sent a request exits at the end of its standard input."""
    conv.prepare()
    _until_started(conv)
    conv.has_read("the preparation")
    _ends(conv)


@case("eof/before-anything", "PREP-5", checks=8)
def before_anything(conv: Conversation) -> None:
    """A worker that was sent nothing at all exits at the end of its standard input, and not by itself."""
    conv.start()
    began_s = conv.stage.now_s()
    _until_started(conv)
    _ends(conv)
    # Started anew, it is there for longer than it was before: so its exit was an answer to the end of input.
    lived_s = conv.stage.now_s() - began_s
    conv.start_again(hints=True)
    conv.pause(lived_s + LONGER_S)
    _ends(conv)


@case("eof/during-preparation", "PREP-5", "PREP-4", checks=4)
def during_preparation(conv: Conversation) -> None:
    """A worker whose preparation is not complete exits at the end of its standard input."""
    items, _ = conv.open_preparation("an item")
    conv.send_bytes(b"".join(items), "a preparation without its last message")
    _until_started(conv)
    conv.has_read("the preparation without its last message")
    _ends(conv)


@case("eof/inside-a-preparation-item", "PREP-5", "SHUT-6", checks=4)
def inside_a_preparation_item(conv: Conversation) -> None:
    """A worker exits when its standard input ends inside a preparation item."""
    conv.open_preparation()  # A worker that takes no items would read half a request.
    data = conv.encode("an item that is long enough to be cut in the middle")
    conv.send_bytes(data[: len(data) // 2], "the first half of a preparation item")
    _until_started(conv)
    conv.has_read("the first half of a preparation item")
    _ends(conv)


@case("eof/inside-the-first-request", "SHUT-6", checks=4)
def inside_the_first_request(conv: Conversation) -> None:
    """A worker exits when its standard input ends inside the first request, and gives no response to it."""
    conv.prepare()
    _until_started(conv)
    request = conv.sample()
    conv.send_bytes(request.data[: len(request.data) // 2], f"the first half of {request}")
    conv.has_read(f"the first half of {request}")
    _ends(conv)


@case("eof/inside-a-later-request", "SHUT-6", checks=5)
def inside_a_later_request(conv: Conversation) -> None:
    """A worker exits when its standard input ends before the last byte of a request, and gives no response to it."""
    conv.prepare()
    conv.ask_sample()
    request = conv.sample()
    conv.send_bytes(request.data[:-1], f"{request} without its last byte")
    conv.has_read(f"{request} without its last byte")
    _ends(conv)


@case("eof/inside-a-big-request", "SHUT-6", checks=4)
def inside_a_big_request(conv: Conversation) -> None:
    """A worker exits when its standard input ends after 100 KiB of a request of 1 MiB."""
    conv.prepare()
    conv.ask_sample()
    request = conv.request(payloads.echo("z" * MEBIBYTE))
    conv.send_bytes(request.data[: 100 * 1024], f"the first 100 KiB of {request}")
    conv.drained()
    _ends(conv)


@case("eof/with-a-request-unanswered", "SHUT-2", "RUN-3", checks=3)
def with_a_request_unanswered(conv: Conversation) -> None:
    """A request that came just before the end of standard input is answered; then the worker exits."""
    conv.prepare()
    conv.ask_sample()
    request = conv.sample()
    conv.send_with_end(request)
    conv.outcome(request)
    _exits_without_more(conv)


@case("eof/with-a-large-request-unanswered", "SHUT-2", "WIRE-5", checks=5, needs="op:echo")
def with_a_large_request_unanswered(conv: Conversation) -> None:
    """A request of 1 MiB that ends with standard input is answered, whole; then the worker exits."""
    conv.prepare()
    conv.ask_sample()
    request = conv.sized_request(MEBIBYTE)
    conv.send_with_end(request)
    conv.outcome(request)
    _exits_without_more(conv)


@case("eof/with-requests-outstanding", "SHUT-2", "RUN-6", checks=12, dialects=TAGGED)
def with_requests_outstanding(conv: Conversation) -> None:
    """Ten requests that came before the end of standard input are all answered; then the worker exits."""
    conv.prepare()
    conv.ask_sample()
    requests = [conv.sample() for _ in range(10)]
    conv.send_with_end(*requests)
    for request in requests:
        conv.outcome(request)
    _exits_without_more(conv)


@case("eof/with-a-hundred-requests-outstanding", "SHUT-2", "RUN-6", checks=103, dialects=TAGGED)
def with_a_hundred_requests_outstanding(conv: Conversation) -> None:
    """A hundred requests that came before the end of standard input are all answered; then the worker exits."""
    conv.prepare()
    conv.ask_sample()
    requests = [conv.sample() for _ in range(HUNDRED)]
    conv.send_with_end(*requests)
    for request in requests:
        conv.outcome(request)
    _exits_without_more(conv)


@case("eof/while-a-task-runs", "SHUT-2", "OPS-5", checks=4, needs="op:sleep")
def while_a_task_runs(conv: Conversation) -> None:
    """A task that is being worked on when standard input ends is answered; then the worker exits."""
    conv.prepare()
    conv.ask_sample()
    request = conv.request(payloads.sleeping(0.3))
    conv.send(request)
    conv.drained()
    conv.close_stdin()
    conv.expect_value(request, conv.response(request), None, op="sleep")
    _exits_without_more(conv)


@case("eof/after-a-failure-and-a-refusal", "SHUT-3", checks=5, needs="op:raise op:busy")
def after_a_failure_and_a_refusal(conv: Conversation) -> None:
    """A worker whose last tasks failed and were refused exits at the end of its standard input."""
    conv.prepare()
    for payload in (payloads.raising("ValueError", "as asked"), payloads.busy("key", 30.0, 1)):
        request = conv.request(payload)
        conv.send(request)
        conv.response(request)
    _ends(conv)


@case("eof/after-several-failures", "SHUT-3", checks=9, needs="failure")
def after_several_failures(conv: Conversation) -> None:
    """A worker whose last five tasks failed exits at the end of its standard input."""
    conv.prepare()
    for _ in range(5):
        _fails(conv)
    _ends(conv)


@case("eof/status-when-idle", "SHUT-5", checks=4)
def status_when_idle(conv: Conversation) -> None:
    """The exit status at the end of standard input is 0, between two requests."""
    conv.prepare()
    conv.ask_sample()
    _ends_with_0(conv)


@case("eof/status-after-failures", "SHUT-5", checks=8, needs="failure")
def status_after_failures(conv: Conversation) -> None:
    """The exit status at the end of standard input is 0 also when tasks have failed: the worker has not."""
    conv.prepare()
    conv.ask_sample()
    for _ in range(3):
        _fails(conv)
    conv.ask_sample()
    _ends_with_0(conv)


@case("eof/status-when-prepared", "SHUT-5", checks=4)
def status_when_prepared(conv: Conversation) -> None:
    """The exit status at the end of standard input is 0, before the first request."""
    conv.prepare()
    _until_started(conv)
    conv.has_read("the preparation")
    _ends_with_0(conv)


@case("eof/nothing-holds-stdout", "SHUT-4", checks=3)
def nothing_holds_stdout(conv: Conversation) -> None:
    """When the worker has exited, no process that it started holds its standard output."""
    conv.prepare()
    conv.ask_sample()
    conv.close_stdin()
    conv.exits()
    conv.released()


@case("eof/nothing-holds-stdout-after-failures", "SHUT-4", checks=5, needs="failure")
def nothing_holds_stdout_after_failures(conv: Conversation) -> None:
    """When a worker whose tasks failed has exited, no process that one of them started holds its standard output."""
    conv.prepare()
    for _ in range(3):
        _fails(conv)
    conv.close_stdin()
    conv.exits()
    conv.released()


@case("eof/nothing-holds-stdout-after-printing", "SHUT-4", checks=5, needs="op:print")
def nothing_holds_stdout_after_printing(conv: Conversation) -> None:
    """When a worker whose tasks printed has exited, no process that one of them started holds its standard output."""
    conv.prepare()
    for _ in range(2):
        conv.ask(payloads.printing(["a line\n"], ["another\n"]), None)
    conv.close_stdin()
    conv.exits()
    conv.released()
