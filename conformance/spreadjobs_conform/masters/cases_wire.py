"""Cases: how responses may arrive."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Final

from spreadjobs_conform.masters.actor import Actor, Request
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.registry import JSON, PICKLE

TASKS: Final = ("one", {"two": [2, 2.5, None]}, ["three", "\u00e4\U0001f600"], 4, "five", "six")
MEBIBYTE: Final = 1 << 20
BESIDE_S: Final = 0.15
BETWEEN_S: Final = 0.002
"""So that bytes are read one by one, unless the machine is very busy."""


def _response(actor: Actor, request: Request, *, newline: bool = True) -> bytes:
    return actor.encoded(((request.task_id, request.payload), None, None), newline=newline)


@master_case("master-wire/single-bytes", "WIRE-6", checks=7)
def single_bytes(play: Play) -> None:
    """Responses that come byte by byte."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            data = _response(actor, request, newline=False)
            for at in range(len(data)):
                actor.write(data[at : at + 1], f"byte {at + 1} of {len(data)}")
                actor.rest(BETWEEN_S)
        actor.exit(0)

    play.run(Job(tasks=TASKS), role)
    play.check_answers(TASKS)


@master_case("master-wire/cut-with-a-pause", "WIRE-6", checks=7)
def cut_with_a_pause(play: Play) -> None:
    """Responses of which one half comes 0.15 s after the other, cut at another place each time."""

    def role(actor: Actor) -> None:
        for number, request in enumerate(_requests(actor)):
            data = _response(actor, request)
            cut = 1 + number * (len(data) - 2) // len(TASKS)
            actor.write(data[:cut], "the first part of a response")
            actor.rest(BESIDE_S)
            actor.write(data[cut:], "the rest of it")

    play.run(Job(tasks=TASKS), role)
    play.check_answers(TASKS)


@master_case("master-wire/several-in-one-piece", "WIRE-6", "RUN-12", checks=13)
def several_in_one_piece(play: Play) -> None:
    """Alive twice, and the responses to all requests that have come, in one write but for half of the last one."""

    def role(actor: Actor) -> None:
        for request in _requests(actor):
            waiting = [request]
            while (further := actor.request(BESIDE_S)) is not None:
                waiting.append(further)
            alive = actor.encoded((("Alive", request.task_id), None, None))
            data = alive + alive + b"".join(_response(actor, each) for each in waiting)
            cut = len(data) - len(_response(actor, waiting[-1])) // 2
            actor.write(data[:cut], f"Alive twice, and the responses to {len(waiting)} requests but for the last bytes")
            actor.rest(BESIDE_S)
            actor.write(data[cut:], "the last bytes")

    tasks = [*TASKS, *TASKS]
    play.run(Job(tasks=tasks), role)
    play.check_answers(tasks)


@master_case("master-wire/large-answer", "WIRE-6", checks=3)
def large_answer(play: Play) -> None:
    """An answer of six mebibytes, in as many pieces as the pipe makes of it."""
    large = "\u00e4b" * (2 * MEBIBYTE)

    def role(actor: Actor) -> None:
        for request in _requests(actor):
            actor.answer(request, large if request.payload == "large" else request.payload)

    play.run(Job(tasks=["large", "small"]), role)
    play.check_answers([large, "small"])


@master_case("master-wire/any-pickle-protocol", "WIRE-6", "PKL-4", checks=7, codecs=PICKLE)
def any_pickle_protocol(play: Play) -> None:
    """Responses in each of the pickle protocols 0 to 5, as tuples and as lists."""

    def role(actor: Actor) -> None:
        for number, request in enumerate(_requests(actor)):
            first: object = [request.task_id, request.payload] if number % 2 else (request.task_id, request.payload)
            message: object = [first, [], None] if number % 2 else (first, None, [])
            actor.write(pickle.dumps(message, number % 6), f"a response in pickle protocol {number % 6}")

    play.run(Job(tasks=TASKS), role)
    play.check_answers(TASKS)


@master_case("master-wire/any-json-text", "WIRE-6", "JSON-3", checks=4, codecs=JSON)
def any_json_text(play: Play) -> None:
    """White space wherever RFC 8259 has it, escapes, CR before the LF, and a task id as a number that is equal."""

    def role(actor: Actor) -> None:
        for number, request in enumerate(_requests(actor)):
            task_id = (f"{request.task_id}.0", f"{request.task_id}e0", f"{request.task_id * 10}e-1")[number % 3]
            text = f' [ [\t{task_id} ,"\\u0061\\ud83d\\ude00\\/" ] , null,[ ] ] \r\n'
            actor.write(text.encode())

    play.run(Job(tasks=[1, 2, 3]), role)
    play.check_answers(["a\U0001f600/"] * 3)


def _requests(actor: Actor) -> Iterator[Request]:
    """Each request, then the exit."""
    while (request := actor.request()) is not None:
        yield request
    actor.exit(0)
