"""Family err: failures. Spec ERR-1 to ERR-4, OPS-2, PKL-10, UNT-5."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.cures import NO_OTHER_OUTCOME
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.registry import TAGGED, UNTAGGED, case
from spreadjobs_conform.responses import Failure, told
from spreadjobs_conform.values import show

RAISE: Final = "op:raise"


def _raises(conv: Conversation, type_name: str, message: str) -> None:
    """Asks for a failure and makes sure of its type and message."""
    request = conv.request(payloads.raising(type_name, message))
    conv.send(request)
    first = conv.response(request).first
    due = f"a failure of type {type_name} with the message {show(message)}"
    if not isinstance(first, Failure):
        raise Finding(conv.blame, f"{told(first)} came for {request}", due, NO_OTHER_OUTCOME)
    came = f"a failure of type {first.type_name[:80]} with the message {show(first.message)} came for {request}"
    conv.check(first.type_name == type_name and first.message == message, came, due)


def _fails(conv: Conversation) -> None:
    """Asks for any failure, of the worker's own task function too."""
    request, sample = conv.failing()
    conv.send(request)
    first = conv.response(request).first
    if not isinstance(first, Failure):
        raise Finding(conv.blame, f"{told(first)} came for {request}", "a failure", NO_OTHER_OUTCOME)
    type_fits = sample.type_name in (None, first.type_name)
    message_fits = sample.message in (None, first.message)
    came = f"a failure of type {first.type_name[:80]} with the message {show(first.message)} came"
    conv.check(type_fits and message_fits, came, f"type {sample.type_name} and message {sample.message!r}")


@case("err/failure-has-five-items", "ERR-1", checks=2, needs="failure", dialects=TAGGED)
def failure_has_five_items(conv: Conversation) -> None:
    """A failure is RemoteException, the task id, and three texts."""
    conv.prepare()
    _fails(conv)


@case("err/returns-the-task-id", "ERR-1", checks=6, needs="failure", dialects=TAGGED)
def returns_the_task_id(conv: Conversation) -> None:
    """Each failure bears the task id of its request."""
    conv.prepare()
    for _ in range(3):
        _fails(conv)


@case("err/type-and-message", "OPS-2", "ERR-4", checks=8, needs=RAISE)
def type_and_message(conv: Conversation) -> None:
    """A failure has the type's name, without its module, and the message."""
    conv.prepare()
    for type_name in ("ValueError", "KeyError", "OSError", "ZeroDivisionError"):
        _raises(conv, type_name, f"the message of a {type_name}")


@case("err/message-beyond-ascii", "OPS-2", "ERR-1", checks=2, needs=RAISE)
def message_beyond_ascii(conv: Conversation) -> None:
    """The message of a failure keeps every character."""
    conv.prepare()
    _raises(conv, "ValueError", "d\u00e9j\u00e0 vu: \u6f22\u5b57 \U0001f600 'quoted' \"twice\" \\")


@case("err/empty-message", "OPS-2", "ERR-1", checks=2, needs=RAISE)
def empty_message(conv: Conversation) -> None:
    """The message of a failure may be empty."""
    conv.prepare()
    _raises(conv, "ValueError", "")


@case("err/message-of-many-lines", "OPS-2", "ERR-1", checks=2, needs=RAISE)
def message_of_many_lines(conv: Conversation) -> None:
    """The message of a failure may have many lines, and white space at both ends."""
    conv.prepare()
    _raises(conv, "ValueError", "\n one\r\ntwo\n\n\tthree \n")


@case("err/message-of-64-kibibytes", "OPS-2", "WIRE-5", checks=2, needs=RAISE, heavy=True)
def message_of_64_kibibytes(conv: Conversation) -> None:
    """The message of a failure may be as large as a pipe."""
    conv.prepare()
    _raises(conv, "ValueError", "0123456789abcdef" * 4096)


@case("err/exceptions-that-end-programs", "ERR-4", checks=7, needs=RAISE)
def exceptions_that_end_programs(conv: Conversation) -> None:
    """A task that raises what usually ends a program gives a failure like others."""
    conv.prepare()
    for type_name in ("SystemExit", "KeyboardInterrupt", "GeneratorExit"):
        _raises(conv, type_name, "3")
    conv.ask_sample()


@case("err/type-of-any-name", "OPS-2", checks=4, needs=RAISE)
def type_of_any_name(conv: Conversation) -> None:
    """The type's name is a text, and need not be that of an exception that exists."""
    conv.prepare()
    _raises(conv, "NoSuchTypeAnywhere", "its message")
    _raises(conv, "int", "5")


@case("err/type-of-any-characters", "OPS-2", "DATA-3", checks=12, needs=RAISE)
def type_of_any_characters(conv: Conversation) -> None:
    """The type's name keeps every character, NUL, line ends and none at all among them."""
    conv.prepare()
    for type_name in ("\0", "with\0NUL", "two words", "", "line\nend", "\u6f22\u5b57 \U0001f600"):
        _raises(conv, type_name, "its message")


@case("err/sends-text-not-objects", "ERR-3", "PKL-10", checks=4, needs="failure")
def sends_text_not_objects(conv: Conversation) -> None:
    """A failure is made of text: no exception object crosses."""
    conv.prepare()
    _fails(conv)
    _fails(conv)


@case("err/usable-after-a-failure", "ERR-2", checks=4, needs="failure")
def usable_after_a_failure(conv: Conversation) -> None:
    """After a failure the worker takes the next request."""
    conv.prepare()
    conv.ask_sample()
    _fails(conv)
    conv.ask_sample()


@case("err/usable-after-a-hundred-failures", "ERR-2", "ERR-4", checks=201, needs="failure")
def usable_after_a_hundred_failures(conv: Conversation) -> None:
    """After a hundred failures the worker still takes requests."""
    conv.prepare()
    for _ in range(100):
        _fails(conv)
    conv.ask_sample()


@case("err/requests-behind-a-failure", "ERR-2", "RUN-6", checks=4, needs="failure", dialects=TAGGED)
def requests_behind_a_failure(conv: Conversation) -> None:
    """Requests that were sent behind one that fails are answered."""
    conv.prepare()
    failing, _ = conv.failing()
    behind = [conv.sample() for _ in range(3)]
    conv.send(failing, *behind)
    first = conv.response(failing).first
    came = f"{told(first)} came for {failing}"
    conv.check(isinstance(first, Failure), came, "a failure", NO_OTHER_OUTCOME, requirement="ERR-4")
    for request in behind:
        conv.outcome(request)


@case("err/strange-payloads", "ERR-4", "ERR-2", checks=9)
def strange_payloads(conv: Conversation) -> None:
    """A payload that the task function does not expect gets a response, of any sort, and does not end the worker."""
    conv.prepare()
    strange: tuple[object, ...] = (None, 5, -0.5, "x", [], {}, {"op": "no such op"}, [{"op": None}])
    for payload in strange:
        request = conv.request(payload)
        conv.send(request)
        conv.response(request)
    conv.ask_sample()


@case("err/untagged-failure-is-an-instance", "UNT-5", checks=2, needs="failure", dialects=UNTAGGED)
def untagged_failure_is_an_instance(conv: Conversation) -> None:
    """In the untagged dialect a failure is an instance of a class named RemoteException, with text as args."""
    conv.prepare()
    _fails(conv)


@case("err/long-type-and-message", "OPS-2", "WIRE-5", checks=2, needs=RAISE)
def long_type_and_message(conv: Conversation) -> None:
    """A type's name of 200 characters and a message of 200,000 come whole."""
    conv.prepare()
    _raises(conv, "LongName" * 25, "0123456789" * 20_000)


@case("err/messages-that-look-like-other-values", "OPS-2", "DATA-3", checks=46, needs=RAISE)
def messages_that_look_like_other_values(conv: Conversation) -> None:
    """Messages stay what they are, whatever number, date, markup or format could be read into them."""
    conv.prepare()
    for text in payloads.LOOKALIKES:
        _raises(conv, "ValueError", text)
