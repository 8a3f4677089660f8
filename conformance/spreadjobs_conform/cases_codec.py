"""Family wire, the part that is about one codec. Spec PKL-2 to PKL-10, JSON-1 to JSON-4."""

from __future__ import annotations

import json
from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.asking import Request
from spreadjobs_conform.candidate import Ops
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.registry import JSON, PICKLE, Case, case
from spreadjobs_conform.responses import Failure, Refusal

ECHO: Final = "op:echo"
EACH_OUTCOME: Final = "op:echo op:raise op:busy op:print"
RARE: Final = "type:bytes type:bytearray type:complex"


def _values_of_a_protocol(conv: Conversation) -> None:
    conv.prepare()
    conv.ask_sample()
    conv.ask_sample()
    if conv.candidate.ops is not Ops.ABSENT and ECHO not in conv.candidate.lacks:
        conv.echo(
            [None, True, -1, 255, 65_536, 2**31, 2**40, 1.5, "text", "\u6f22", [], {"k": ["v"]}, "x" * 300, [0] * 3]
        )
        conv.echo(
            [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {"k": 1, "l": 2}, 300, False, -(2**31), "\u6f22" * 200]
        )
        # So many that the pickler refers to the last ones in the long form.
        many = [f"text {number}" for number in range(300)]
        conv.echo([*many, many[-1], many[0]])


@case("wire/pickle-of-the-declared-protocol", "PKL-2", checks=2, codecs=PICKLE)
def pickle_of_the_declared_protocol(conv: Conversation) -> None:
    """Pickles of the declared protocol are read, whatever opcodes the values in them take."""
    _values_of_a_protocol(conv)


def _protocol_case(number: int) -> Case:
    def body(conv: Conversation) -> None:
        _values_of_a_protocol(conv)

    body.__doc__ = f"Pickles of protocol {number} are read."
    make = case(f"wire/pickle-protocol-{number}", "PKL-3", checks=2, codecs=PICKLE, pickle_protocol=number)
    return make(body)


PROTOCOLS: Final = tuple(_protocol_case(number) for number in range(2, 6))


def _each_outcome(conv: Conversation) -> None:
    conv.ask(payloads.echo("a"), "a")
    request = conv.request(payloads.raising("ValueError", "as asked"))
    conv.send(request)
    conv.expect_sort(request, conv.response(request), Failure, op="raise")
    request = conv.request(payloads.busy(f"key of {request.number}", 0.0, 1))
    conv.send(request)
    conv.expect_sort(request, conv.response(request), Refusal, op="busy")
    conv.ask(payloads.printing(["a\n"], ["a\n"]), None)


@case("wire/responses-begin-as-tuple-or-list", "PKL-4", "PKL-9", checks=8, needs=EACH_OUTCOME, codecs=PICKLE)
def responses_begin_as_tuple_or_list(conv: Conversation) -> None:
    """Every sort of response is one pickle of a protocol up to 5 whose first byte is one of the three that may be."""
    conv.prepare()
    _each_outcome(conv)


def _takes_each_outcome(conv: Conversation, *values: object) -> None:
    """Has every sort of response, and echoes: what counts is that they can be read, not what they say."""
    conv.prepare()
    asked = (
        payloads.raising("ValueError", "as asked"),
        payloads.busy("key", 0.5, 1),
        payloads.printing(["a\n"], ["b\n"]),
    )
    for payload in (*asked, *map(payloads.echo, values)):
        request = conv.request(payload)
        conv.send(request)
        conv.response(request)


@case("wire/pickles-without-extensions", "PKL-9", checks=8, needs=f"{EACH_OUTCOME} {RARE}", codecs=PICKLE)
def pickles_without_extensions(conv: Conversation) -> None:
    """No response has a persistent id, an extension code or an out-of-band buffer, whatever its value."""
    large = [b"\0" * 70_000, bytearray(70_000)]
    _takes_each_outcome(conv, b"bytes", bytearray(b"more"), 2j, ["text", 1.5, b"", {"k": 1 - 1j}], large)


@case("wire/pickles-of-plain-values", "PKL-10", checks=8, needs=EACH_OUTCOME, codecs=PICKLE)
def pickles_of_plain_values(conv: Conversation) -> None:
    """Every sort of response holds values of the data model alone, and no object of the worker's own."""
    _takes_each_outcome(conv, 0, -1.5, "text", [True, None, (1, [2.5])], {"k": {"l": [3]}})


@case("wire/reads-with-an-empty-memo", "PKL-8", checks=8, needs=ECHO, codecs=PICKLE)
def reads_with_an_empty_memo(conv: Conversation) -> None:
    """References inside a message mean what stands in that message, not what stood in an earlier one."""
    conv.prepare()
    for number in range(4):
        text, items = f"shared text {number}", [f"shared item {number}", number]
        conv.echo([text, items, text, items])


@case("wire/writes-with-an-empty-memo", "PKL-7", checks=16, needs=EACH_OUTCOME, codecs=PICKLE)
def writes_with_an_empty_memo(conv: Conversation) -> None:
    """What was written before is written again in full: each sort of response twice, with the same content."""
    conv.prepare()
    _each_outcome(conv)
    _each_outcome(conv)


@case("wire/json-lines", "JSON-1", "JSON-4", checks=12, needs=EACH_OUTCOME, codecs=JSON)
def json_lines(conv: Conversation) -> None:
    """Every sort of response is one line, and line ends in a value do not cut it."""
    conv.prepare()
    _each_outcome(conv)
    conv.echo("one\ntwo\r\nthree\u2028four\u0085")
    conv.echo(["\n", {"\n": "\r"}])


def _ask_raw(conv: Conversation, request: Request, due: object) -> None:
    conv.send(request)
    conv.expect_value(request, conv.response(request), due, op="echo")


@case("wire/json-white-space", "JSON-2", checks=4, needs=ECHO, codecs=JSON)
def json_white_space(conv: Conversation) -> None:
    """White space is allowed wherever RFC 8259 allows it, a CR before the LF too."""
    conv.prepare()
    value = [1, {"k": "v"}]
    text = ' \t[ %d\t,\r { "op" :\t"echo" , "value" : [ 1 ,{ "k":"v" } ] } ] \r\n'
    _ask_raw(conv, conv.raw_request(payloads.echo(value), lambda task_id: (text % task_id).encode("ascii")), value)
    turned = '[%d,{"value":[1,{"k":"v"}],"op":"echo"}]\n'
    _ask_raw(conv, conv.raw_request(payloads.echo(value), lambda task_id: (turned % task_id).encode("ascii")), value)


@case("wire/json-negative-zero", "JSON-2", "OPS-5", checks=4, needs=f"{ECHO} op:sleep", codecs=JSON)
def json_negative_zero(conv: Conversation) -> None:
    """Zero may be written with a minus sign, and is zero."""
    conv.prepare()
    slept = '[%d,{"op":"sleep","seconds":-0}]\n'
    _ask_raw(conv, conv.raw_request(payloads.sleeping(0), lambda task_id: (slept % task_id).encode("ascii")), None)
    told = '[%d,{"op":"echo","value":[-0,-0.0,-0e1]}]\n'
    value = [0, 0, 0]
    _ask_raw(conv, conv.raw_request(payloads.echo(value), lambda task_id: (told % task_id).encode("ascii")), value)


@case("wire/json-escapes", "JSON-2", checks=2, needs=ECHO, codecs=JSON)
def json_escapes(conv: Conversation) -> None:
    """Every escape of RFC 8259 is read, in keys too, and numbers with exponents."""
    conv.prepare()
    value = ['\u00e9\U0001f600/"\\\b\f\n\r\t\0A', {"key": 1}, 1500, 0.25]
    text = (
        '[%d,{"\\u006fp":"\\u0065cho","value":["\\u00E9\\ud83d\\uDE00\\/\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u0041",'
        '{"\\u006bey":1},1.5e+3,25E-2]}]\n'
    )
    _ask_raw(conv, conv.raw_request(payloads.echo(value), lambda task_id: (text % task_id).encode("ascii")), value)


@case("wire/json-unescaped-text", "JSON-2", "DATA-3", checks=2, needs=ECHO, codecs=JSON)
def json_unescaped_text(conv: Conversation) -> None:
    """Text beyond ASCII may come as it is, in UTF-8."""
    conv.prepare()
    value = "\u00e9 \u6f22\u5b57 \U0001f600 \u2028 \x7f"

    def render(task_id: int) -> bytes:
        return json.dumps([task_id, payloads.echo(value)], ensure_ascii=False).encode("utf-8") + b"\n"

    _ask_raw(conv, conv.raw_request(payloads.echo(value), render), value)


@case("wire/json-characters-cut", "WIRE-2", "JSON-1", checks=1, needs=ECHO, codecs=JSON)
def json_characters_cut(conv: Conversation) -> None:
    """A character of several bytes is read right when each of them comes alone."""
    conv.prepare()
    value = "\u00e9 \u6f22\u5b57 \U0001f600"
    payload = payloads.echo(value)
    request = conv.raw_request(
        payload, lambda task_id: json.dumps([task_id, payload], ensure_ascii=False).encode("utf-8") + b"\n"
    )
    conv.expect_requests(request)
    conv.send_pieces([request.data[at : at + 1] for at in range(len(request.data))], str(request))
    conv.expect_value(request, conv.response(request), value, op="echo")
