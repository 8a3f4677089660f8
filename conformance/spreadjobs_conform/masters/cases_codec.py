"""Cases: the two codecs, from the master's side."""

from __future__ import annotations

import struct
from typing import Final

from spreadjobs_conform.findings import NotTestable
from spreadjobs_conform.masters.account import Answered
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.reading import FIRST_DECLARING_PROTOCOL, protocol_of
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.masters.staging import Deed, each_once, raw_answer, written
from spreadjobs_conform.registry import JSON, PICKLE
from spreadjobs_conform.values import show

LATER_S: Final = 0.2
DEFAULT_PROTOCOL: Final = 4
CANNOT_TRAVEL: Final = (
    (b"raw", ("bytes",)),
    ({"key": [{1, 2}]}, ("set",)),
    (1 + 2j, ("complex",)),
    (float("nan"), ("nan",)),
    ([float("-inf")], ("inf",)),
    ("lone \ud800", ("surrogate", "unicode", "utf-8")),
    ({7: "seven"}, ("key",)),
    ([[2**53]], ("9007199254740992", "2**53", "integer")),
)
"""Values, and words of which an error that names them has one."""


@master_case("master-pickle/declared-protocol", "PKL-1", checks=7, codecs=PICKLE)
def declared_protocol(play: Play) -> None:
    """Every message, preparation items and requests, is in the pickle protocol of the job: 0, 2, 4 and 5 are tried."""
    tasks: list[object] = [b"bytes", "\u00e4", {"a": (1, 2.5, None)}, 2**70, {3, 4}]

    def role(actor: Actor) -> None:
        actor.prepare(2)
        echo(actor)

    for protocol in (4, 0, 2, 5):
        try:
            play.run(Job(tasks=tasks, preparation=[b"item", None], pickle_protocol=protocol), role)
        except NotTestable:
            if protocol == DEFAULT_PROTOCOL:
                raise
            continue
        for message in play.first.messages:
            found = protocol_of(message.raw)
            right = found == protocol if protocol >= FIRST_DECLARING_PROTOCOL else found <= protocol
            came = f"{show(message.value)} came in pickle protocol {found}: {message.raw[:40]!r}"
            play.check("PKL-1", right, came, f"protocol {protocol}, which the job declares")


@master_case("master-pickle/newline", "PKL-6", checks=7, codecs=PICKLE)
def newline(play: Play) -> None:
    """A newline directly after a message is ignored, also one that comes 0.2 s later, while nothing is unanswered."""

    def role(actor: Actor) -> None:
        count = 0
        while (request := actor.request()) is not None:
            count += 1
            if actor.slot == 1:
                # The run goes on until the late newline of the other worker has been there for a while.
                play.wait(lambda: bool(late), 10, "worker 1.1 was given nothing", "a task for each worker")
            actor.respond((request.task_id, request.payload), newline=count % 2 == 0)
            if actor.slot == 0 and count % 2:
                actor.rest(LATER_S)
                actor.write(b"\n", "a newline, by itself")
                actor.rest(LATER_S)
                late.append(actor.name)
        actor.exit(0)

    late: list[str] = []
    tasks = list(range(6))
    play.run(Job(tasks=tasks, workers=2), role)
    play.check_answers(tasks)
    ends = [actor.name for actor in play.actors if actor.eof_s is None]
    play.check("PKL-6", not ends and len(play.actors) == 2, f"workers {ends} were ended", "two, to the end")  # noqa: PLR2004


@master_case("master-pickle/python-2-strings", "PKL-11", checks=4, codecs=PICKLE)
def python_2_strings(play: Play) -> None:
    """Byte strings of Python 2, in each of the three opcodes, are read as UTF-8 with surrogateescape."""
    text = b"caf\xc3\xa9 \xff"
    pushed = (
        b"U" + bytes([len(text)]) + text,
        b"T" + struct.pack("<i", len(text)) + text,
        b"S'caf\\xc3\\xa9 \\xff'\n",
    )

    def role(actor: Actor) -> None:
        number = 0
        while (request := actor.request()) is not None:
            actor.write(raw_answer(request.task_id, pushed[number]), "an answer with a byte string of Python 2")
            number += 1
        actor.exit(0)

    play.run(Job(tasks=[0, 1, 2]), role)
    play.check_answers(["caf\u00e9 \udcff"] * 3)


@master_case("master-json/what-cannot-travel", "JSON-5", checks=32, codecs=JSON)
def what_cannot_travel(play: Play) -> None:
    """A payload that JSON cannot carry is an error that names it, and nothing of it is sent."""
    for value, words in CANNOT_TRAVEL:
        account = play.run(Job(tasks=["before", value]), echo)
        due = f"an error that names {show(value)}"
        sent = [message.value for actor in play.actors for message in actor.messages]
        others = [each for each in sent if not (isinstance(each, list) and each[1:] == ["before"])]
        play.check("JSON-5", not others, f"{show(others)} was sent for {show(value)}", "nothing of it")
        left = [actor.leftover for actor in play.actors if actor.leftover]
        play.check("JSON-5", not left, f"{left} was sent of {show(value)}", "nothing of it")
        fates = account.fates
        taken = len(fates) > 1 and isinstance(fates[1], Answered)
        play.check("JSON-5", not taken, f"the task with {show(value)} is answered", due)
        text = f"{account.error} {fates[1:]}".lower()
        named = any(word in text for word in (*words, ascii(value).lower().strip("[]{}")))
        came = f"the error {account.error!r}, the outcome {show(fates[1]) if len(fates) > 1 else 'missing'}"
        play.check("JSON-5", named, came, f"{due}, with the word {words[0]!r}")


@master_case("master-json/preparation-that-cannot-travel", "JSON-5", checks=2, codecs=JSON)
def preparation_that_cannot_travel(play: Play) -> None:
    """A preparation item that JSON cannot carry is an error that names it, before anything is sent."""

    def role(actor: Actor) -> None:
        actor.prepare(2)
        echo(actor)

    account = play.run(Job(tasks=["a"], preparation=["fine", b"raw"]), role)
    sent = [message.value for actor in play.actors for message in actor.messages]
    others = [each for each in sent if each != "fine"]
    play.check("JSON-5", not others, f"{show(others)} was sent", "nothing of it")
    said = f"{account.error} {account.fates}".lower()
    play.check("JSON-5", "bytes" in said, f"the error {account.error!r}", "an error that names the bytes")


def _answered_with(text: bytes) -> Deed:
    return written(lambda task_id: b"[[%d,%b],null,null]\n" % (task_id, text))


@master_case("master-json/violations", "JSON-6", checks=15, codecs=JSON)
def json_violations(play: Play) -> None:
    """A repeated key, NaN, an infinity, an integer beyond 2**53-1 and text that is not UTF-8 are violations."""
    texts = (
        ("a repeated key", b'{"key":1,"key":2}'),
        ("a repeated key in two spellings", b'{"key":1,"\\u006bey":2}'),
        ("NaN", b"NaN"),
        ("an infinity", b"-Infinity"),
        ("9007199254740992", b"[9007199254740992]"),
        ("bytes that are not UTF-8", b'"\xff"'),
        ("a surrogate in UTF-8", b'"\xed\xa0\x80"'),
        ("a number beyond binary64", b"1e999"),
    )
    deeds = [(f"answered with {words}", _answered_with(text)) for words, text in texts]
    each_once(play, deeds, "JSON-6")


@master_case("master-json/no-texts", "VIO-1", "JSON-6", checks=9, codecs=JSON)
def no_texts(play: Play) -> None:
    """An empty line, a byte order mark, two texts on a line, and an id in an array are violations."""
    deeds = [
        ("wrote an empty line before its answer", written(lambda task_id: b'\n[[%d,"wrong"],null,null]\n' % task_id)),
        ("wrote a byte order mark", written(lambda task_id: b'\xef\xbb\xbf[[%d,"wrong"],null,null]\n' % task_id)),
        ("wrote two texts on a line", written(lambda task_id: b'[[%d,"wrong"],null,null] []\n' % task_id)),
        ("wrote its id in an array", written(lambda task_id: b'[[[%d],"wrong"],null,null]\n' % task_id)),
    ]
    each_once(play, deeds, "VIO-1")


@master_case("master-json/no-line-end", "JSON-6", checks=2, codecs=JSON)
def no_line_end(play: Play) -> None:
    """A last line without LF is a violation, not an answer, though it is complete but for that."""

    def role(actor: Actor) -> None:
        request = actor.request()
        if request is not None and request.payload == "x" and actor.incarnation == 1:
            actor.write(b'[[%d,"without LF"],null,null]' % request.task_id)
            actor.exit(0)
        if request is not None:
            actor.answer(request, request.payload)
        echo(actor)

    play.run(Job(tasks=["x"], workers=1), role)
    play.check_answer(0, "x")
    play.check("JSON-6", len(play.actors) > 1, "the task was answered by the first worker", "by another one")
