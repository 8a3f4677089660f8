"""Cases: hostile workers."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.masters.staging import ENDED_WITHIN_S, SOON_S, Deed, each_once, first_at, raw_answer, written
from spreadjobs_conform.registry import JSON, PICKLE

MEBIBYTE: Final = 1 << 20
MOST_BYTES: Final = MEBIBYTE
ENDLESS_BYTES: Final = 64 * MEBIBYTE
PAUSE_S: Final = ENDED_WITHIN_S / 60
"""After each mebibyte: a master that has seen the violation may read on until the worker has ended."""
NAMED: Final = re.compile(r"my_analysis\.results\W{1,3}Result")
"""Not as it stands in the bytes, which are quoted anyway."""
DEEP: Final = 400_000
MOST_MEMORY_BYTES: Final = 1 << 30


def _text(text: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text


POSIX_SYSTEM: Final = _text(b"posix") + _text(b"system") + b"\x93"


@master_case("master-security/no-code-runs", "SEC-1", checks=15, codecs=PICKLE)
def no_code_runs(play: Play) -> None:
    """Pickles that call a function of the worker's choice, in each way there is, call nothing and end their worker."""
    with TemporaryDirectory(prefix="spread-jobs-") as folder:
        trace = Path(folder, "trace")
        command = f"touch {trace}"
        shell = _text(command.encode())
        code = _text(f"open({str(trace)!r}, 'w')".encode())
        deeds: list[tuple[str, Deed]] = [
            ("called os.system by REDUCE", _pushed(b"cos\nsystem\n" + shell + b"\x85R")),
            (
                "called posix.system by STACK_GLOBAL",
                _pushed(POSIX_SYSTEM + shell + b"\x85R"),
            ),
            ("called eval by REDUCE", _pushed(b"cbuiltins\neval\n" + code + b"\x85R")),
            ("called os.system by INST", _pushed(b"(" + shell + b"ios\nsystem\n")),
            ("called os.system by OBJ", _pushed(b"(cos\nsystem\n" + shell + b"o")),
            ("called exec by NEWOBJ", _pushed(b"cbuiltins\nexec\n" + code + b"\x85\x81")),
            ("changed the class Fraction by BUILD", _pushed(b"cfractions\nFraction\n}X\x05\0\0\0limitK\x07sb")),
        ]
        each_once(play, deeds, "SEC-1")
        play.check("SEC-1", not trace.exists(), f"the command {command!r} was run in the master", "nothing is run")


def _pushed(opcodes: bytes) -> Deed:
    return written(lambda task_id: raw_answer(task_id, opcodes))


@master_case("master-security/deep-nesting", "SEC-1", "SEC-2", checks=5, codecs=PICKLE)
def deep_nesting(play: Play) -> None:
    """Nesting of 400,000 levels, in a tuple and in the key of a dict, ends its worker and not the master."""
    nested = b"N" + b"\x85" * DEEP
    deeds: list[tuple[str, Deed]] = [
        ("nested tuples", _pushed(nested)),
        ("nested tuples in a key", _pushed(b"}" + nested + b"Ns")),
    ]
    _survives(play, deeds)


@master_case("master-security/deep-arrays", "SEC-1", "SEC-2", checks=5, codecs=JSON)
def deep_arrays(play: Play) -> None:
    """Arrays and objects nested 400,000 levels deep end their worker and not the master."""
    arrays, objects = b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"0" + b"}" * DEEP
    deeds: list[tuple[str, Deed]] = [
        ("nested arrays", written(lambda task_id: b"[[%d,%b],null,null]\n" % (task_id, arrays))),
        ("nested objects", written(lambda task_id: b"[[%d,%b],null,null]\n" % (task_id, objects))),
    ]
    _survives(play, deeds)


def _survives(play: Play, deeds: list[tuple[str, Deed]]) -> None:
    """Refused, or taken: the master must be there afterwards, with the other answers."""
    met: set[str] = set()

    def role(actor: Actor) -> None:
        if actor.slot < len(deeds) and actor.incarnation == 1:
            request = actor.request()
            if request is not None:
                met.add(deeds[actor.slot][0])
                deeds[actor.slot][1](actor, request)
                actor.ended_within(ENDED_WITHIN_S)
        play.wait(lambda: len(met) == len(deeds), 10, f"only {met} came about", "all")
        echo(actor)

    tasks = [f"task {number}" for number in range(4)]
    play.run(Job(tasks=tasks, workers=len(deeds) + 1, max_attempts=9, shutdown_timeout_s=SOON_S), role)
    play.check_count("SEC-1")
    play.check("SEC-1", len(met) == len(deeds), f"only {sorted(met)} came about", "all of it")
    after = [request.payload for actor in play.actors for request in actor.requests]
    for task in tasks[:3]:
        play.check("SEC-1", task in after, f"{task} was sent to nobody", "work goes on")


@master_case("master-security/claims", "SEC-2", checks=12, codecs=PICKLE)
def claims(play: Play) -> None:
    """A few bytes that claim much, a memo of 2**31 entries or a text of 2**60 bytes, cost the master no memory."""
    most = 2**31 - 1
    deeds: list[tuple[str, Deed]] = [
        ("claimed a memo of 2**31 entries", _pushed(b"Nr" + struct.pack("<I", most))),
        ("claimed a memo of 2**31 entries in digits", _pushed(b"Np%d\n" % most)),
        ("wrote a fraction of 30 million digits", _pushed(b"cfractions\nFraction\n" + _text(b"1e30000000") + b"\x85R")),
        ("wrote an int of 2**31 bytes, but not its bytes", _endless(b"\x8b" + struct.pack("<i", most))),
        ("wrote a text of 2**60 bytes, but not its bytes", _endless(b"\x8d" + struct.pack("<Q", 2**60))),
    ]
    each_once(play, deeds, "SEC-2", Job(max_message_bytes=MOST_BYTES))
    peak = play.peak_bytes
    play.check("SEC-2", peak < MOST_MEMORY_BYTES, f"the master took {peak >> 20} MiB", "less than 1024 MiB")


def _endless(opcodes: bytes) -> Deed:
    return written(lambda task_id: raw_answer(task_id, opcodes)[:-5] + b"x" * (2 * MOST_BYTES))


@master_case("master-security/size-limit", "SEC-2", checks=4)
def size_limit(play: Play) -> None:
    """A worker that goes on with a message beyond the limit of the job is ended long before it has written 64 MiB."""
    begun: list[str] = []

    def boundless(actor: Actor) -> None:
        request = actor.request()
        if request is None:
            return
        start = actor.encoded(((request.task_id, "x" * MEBIBYTE), None, None))[: MEBIBYTE // 2]
        if play.codec == "pickle":
            start = raw_answer(request.task_id, b"\x8d" + struct.pack("<Q", 2 * ENDLESS_BYTES))[:-5]
        begun.append(actor.name)
        actor.write(start, "the beginning of a message")
        for _ in range(ENDLESS_BYTES // MEBIBYTE):
            actor.write(b"x" * MEBIBYTE, "a mebibyte more of it")
            actor.rest(PAUSE_S)
        came = f"{actor.name} wrote 64 MiB of one message, where the limit is 1 MiB, and was not ended"
        play.spoil(came, "its end, at the limit", "SEC-2")

    def patient(actor: Actor) -> None:
        play.wait(lambda: bool(begun), 10, "the first of two workers was given no task", "one for each")
        echo(actor)

    job = Job(tasks=["a", "b"], workers=2, max_message_bytes=MOST_BYTES, shutdown_timeout_s=SOON_S)
    play.run(job, first_at(0, boundless, patient))
    play.check_answers(["a", "b"])
    play.check("SEC-2", bool(begun), "the first of two workers was given no task", "one for each")


@master_case("master-security/classes", "SEC-3", checks=5, codecs=PICKLE)
def classes(play: Play) -> None:
    """An object of a class that was not admitted is refused, and the class is named."""
    deeds: list[tuple[str, Deed]] = [
        ("wrote an object", _pushed(b"cmy_analysis.results\nResult\n)\x81}X\x01\0\0\0aK\x01sb")),
    ]
    each_once(play, deeds, "SEC-3")
    came = f"the master said: {play.last_words()}"
    named = bool(NAMED.search(play.said))
    play.check("SEC-3", named, came, "the name of the class: my_analysis.results.Result")
