"""Family wire: how messages are cut, sized and flushed, whatever the codec. Spec WIRE-1 to WIRE-7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.diagnosis import HangClass
from spreadjobs_conform.findings import Hang
from spreadjobs_conform.registry import PICKLE, TAGGED, case

MEBIBYTE: Final = 1 << 20
PIPE_BYTES: Final = 1 << 16
ECHO: Final = "op:echo"
LEAST_CUTS: Final = 30
"""In so many places requests are cut at least, however small they are."""
MOST_CUTS: Final = 400
"""In so many places one request is cut at most, however large it is."""


@case("wire/split-at-every-byte", "WIRE-2", checks=LEAST_CUTS + 1)
def split_at_every_byte(conv: Conversation) -> None:
    """A request is read right when it comes in two pieces, for every place where it can be cut."""
    conv.prepare()
    conv.ask_sample()
    cuts = 0
    # A manifest's sample may make a request of two bytes: then there are more requests, not fewer checks.
    while cuts < LEAST_CUTS:
        whole = conv.sample()
        for cut in _places(len(whole.data)):
            request = conv.request(whole.payload, sample=whole.sample)
            conv.expect_requests(request)
            conv.send_pieces([request.data[:cut], request.data[cut:]], f"{request}, cut after {cut} bytes")
            conv.outcome(request)
            cuts += 1


def _places(size: int) -> Sequence[int]:
    """Where a request of that size is cut: everywhere, or near both ends of one that a manifest made large."""
    places = range(1, size)
    half = MOST_CUTS // 2
    return places if size <= MOST_CUTS else [*places[:half], *places[-half:]]


@case("wire/one-byte-pieces", "WIRE-2", checks=4)
def one_byte_pieces(conv: Conversation) -> None:
    """Requests are read right when each of their bytes comes alone."""
    conv.prepare()
    conv.ask_sample()
    for _ in range(3):
        request = conv.sample()
        conv.expect_requests(request)
        pieces = [request.data[at : at + 1] for at in range(len(request.data))]
        conv.send_pieces(pieces, str(request))
        conv.outcome(request)


@case("wire/several-requests-in-one-write", "WIRE-2", "RUN-6", checks=20, dialects=TAGGED)
def several_requests_in_one_write(conv: Conversation) -> None:
    """Twenty requests that come in one piece are answered one by one."""
    conv.prepare()
    requests = [conv.sample() for _ in range(20)]
    conv.send(*requests)
    for request in requests:
        conv.outcome(request)


@case("wire/one-request-and-a-half", "WIRE-2", "WIRE-7", checks=3, dialects=TAGGED)
def one_request_and_a_half(conv: Conversation) -> None:
    """A request is answered although only a half of the next one has come with it."""
    conv.prepare()
    first, second, third = conv.sample(), conv.sample(), conv.sample()
    half = len(second.data) // 2
    conv.expect_requests(first)
    conv.send_bytes(first.data + second.data[:half], f"{first} and a half of {second}")
    conv.outcome(first)
    conv.expect_requests(second, third)
    conv.send_bytes(second.data[half:] + third.data, f"the other half of {second}, and {third}")
    conv.outcome(second)
    conv.outcome(third)


@case("wire/answers-without-more-input", "WIRE-3", "WIRE-7", checks=3)
def answers_without_more_input(conv: Conversation) -> None:
    """A request is answered, flushed, although nothing more comes: neither a request nor the end of input."""
    conv.must_find_out = True
    conv.prepare()
    for _ in range(3):
        conv.ask_sample()


@case("wire/answers-at-the-last-byte", "WIRE-7", checks=4)
def answers_at_the_last_byte(conv: Conversation) -> None:
    """A request is answered when its last byte has come, alone, and nothing behind it."""
    conv.must_find_out = True
    conv.prepare()
    conv.ask_sample()
    for _ in range(3):
        request = conv.sample()
        conv.expect_requests(request)
        conv.send_pieces([request.data[:-1], request.data[-1:]], str(request))
        try:
            conv.outcome(request)
        except Hang as hang:
            if hang.sort != HangClass.WANTS_MORE.value:  # Then it waits for something else.
                hang.requirement = "WIRE-3"
            raise


@case("wire/nothing-between-messages", "WIRE-1", checks=9)
def nothing_between_messages(conv: Conversation) -> None:
    """Behind each message comes nothing but the newline that the codec allows, whatever the outcome."""
    conv.prepare()
    for _ in range(2):
        conv.ask_sample()
        conv.silent(0.02, "behind an answer")
        failing, _ = conv.failing()
        conv.send(failing)
        conv.response(failing)
        conv.silent(0.02, "behind the response to a task that fails")
    conv.ask_sample()


@case("wire/nothing-but-messages", "WIRE-4", "WIRE-1", checks=6)
def nothing_but_messages(conv: Conversation) -> None:
    """Nothing but responses comes while answers and failures are given, and nothing while no request waits."""
    conv.prepare()
    conv.ask_sample()
    failing, _ = conv.failing()
    conv.send(failing)
    conv.response(failing)
    conv.ask_sample()
    conv.silent(0.2, "while no request was unanswered")
    conv.ask_sample()
    conv.silent(0.05, "while no request was unanswered")


@case("wire/silent-after-a-task-that-printed", "WIRE-4", checks=6, needs="op:print op:echo")
def silent_after_a_task_that_printed(conv: Conversation) -> None:
    """Nothing comes late of what a task printed, not from a thread, a child or a buffer of another language."""
    conv.prepare()
    for number in range(2):
        conv.ask(payloads.printing([f"line {number}\n"], [f"line {number}\n"]), None)
        conv.silent(0.2, "after a task that printed, while no request was unanswered")
    conv.echo("after that")


def _message_of(conv: Conversation, size_bytes: int) -> None:
    conv.prepare()
    request = conv.sized_request(size_bytes)
    conv.send(request)
    conv.outcome(request)
    text = request.sample.due if request.sample is not None else ""
    # The kit cannot know how the worker writes a response: from the size of this one, one of that very size follows.
    length = max(0, len(str(text)) + size_bytes - conv.last_size_bytes)
    conv.echo("y" * length)


@case("wire/message-of-65535-bytes", "WIRE-5", checks=4, needs=ECHO)
def message_of_65535_bytes(conv: Conversation) -> None:
    """A request, and a response, one byte smaller than a pipe."""
    _message_of(conv, PIPE_BYTES - 1)


@case("wire/message-of-65536-bytes", "WIRE-5", checks=4, needs=ECHO)
def message_of_65536_bytes(conv: Conversation) -> None:
    """A request, and a response, as large as a pipe."""
    _message_of(conv, PIPE_BYTES)


@case("wire/message-of-65537-bytes", "WIRE-5", checks=4, needs=ECHO)
def message_of_65537_bytes(conv: Conversation) -> None:
    """A request, and a response, one byte larger than a pipe."""
    _message_of(conv, PIPE_BYTES + 1)


@case("wire/message-of-16-mebibytes", "WIRE-5", checks=4, needs=ECHO, heavy=True)
def message_of_16_mebibytes(conv: Conversation) -> None:
    """A request, and a response, of 16 MiB."""
    _message_of(conv, 16 * MEBIBYTE)


@case("wire/bytes-of-16-mebibytes", "WIRE-5", checks=2, needs=f"{ECHO} type:bytes", codecs=PICKLE, heavy=True)
def bytes_of_16_mebibytes(conv: Conversation) -> None:
    """Bytes of 16 MiB come back."""
    conv.prepare()
    conv.echo(bytes(range(256)) * (16 * MEBIBYTE // 256), rare=True)


@case("wire/big-requests-sent-ahead", "WIRE-5", "WIRE-2", checks=8, needs=ECHO, dialects=TAGGED, heavy=True)
def big_requests_sent_ahead(conv: Conversation) -> None:
    """Four requests of 1 MiB that are sent at once are answered."""
    conv.prepare()
    requests = [conv.sized_request(MEBIBYTE + number) for number in range(4)]
    conv.send(*requests)
    for request in requests:
        conv.outcome(request)


@case("wire/small-after-big", "WIRE-5", "RUN-7", checks=8, needs=ECHO, heavy=True)
def small_after_big(conv: Conversation) -> None:
    """Small requests are answered before and after one of 1 MiB."""
    conv.prepare()
    for value in ("small", "B" * MEBIBYTE, "small again", ""):
        conv.ask(payloads.echo(value), value)
