"""Cases: what is no answer, and what a master does about it."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform.masters.actor import Actor, Request
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.masters.staging import ENDED_WITHIN_S, SOON_S, WRONG, Deed, each_once, first_at, said, written
from spreadjobs_conform.registry import PICKLE

STRAY: Final = b"Epoch 1: loss 0.25\n"
QUOTED: Final = "Epoch 1"
NEVER_SENT: Final = 3
CAUSES: Final = ("print", "standard output", "stdout")


@master_case("master-violation/shapes", "VIO-1", checks=29)
def shapes(play: Play) -> None:
    """A response of another shape is a violation: each of fourteen."""
    deeds: list[tuple[str, Deed]] = [
        ("wrote a pair", said(lambda task_id: ((task_id, WRONG), None))),
        ("wrote four items", said(lambda task_id: ((task_id, WRONG), None, None, None))),
        ("wrote a bare answer", said(lambda task_id: (task_id, WRONG, None))),
        ("wrote an answer of three items", said(lambda task_id: ((task_id, WRONG, None), None, None))),
        ("wrote an answer without a value", said(lambda task_id: ((task_id,), None, None))),
        ("wrote a refusal without a delay", said(lambda task_id: (("TooBusy", task_id), None, None))),
        ("wrote a refusal with a delay below 0", said(lambda task_id: (("TooBusy", task_id, -1.0), None, None))),
        ("wrote a refusal with a str for a delay", said(lambda task_id: (("TooBusy", task_id, "1"), None, None))),
        ("wrote a failure of three items", said(lambda task_id: (("RemoteException", task_id, "E"), None, None))),
        (
            "wrote a failure with an int for a text",
            said(lambda task_id: (("RemoteException", task_id, "E", 1, ""), None, None)),
        ),
        ("wrote a first that is reserved", said(lambda task_id: (("Later", task_id), None, None))),
        ("wrote an int as out", said(lambda task_id: ((task_id, WRONG), 5, None))),
        ("wrote a list of ints as err", said(lambda task_id: ((task_id, WRONG), None, [1]))),
        ("wrote Alive with a line", said(lambda task_id: (("Alive", task_id), ["a line\n"], None))),
    ]
    each_once(play, deeds, "VIO-1")


@master_case("master-violation/task-ids", "VIO-1", checks=15)
def task_ids(play: Play) -> None:
    """A task id that is wrong, repeated, of another type, or was never sent is a violation."""

    def repeated(actor: Actor, request: Request) -> None:
        actor.answer(request, request.payload)
        actor.request(1)
        actor.answer(request, WRONG)

    def refused_twice(actor: Actor, request: Request) -> None:
        actor.refuse(request, 30.0)
        actor.rest(0.2)
        actor.refuse(request, 0.0)

    deeds: list[tuple[str, Deed]] = [
        ("answered with the id + 1000000", said(lambda task_id: ((task_id + 1_000_000, WRONG), None, None))),
        ("answered with an id that was never sent", said(lambda _: ((NEVER_SENT, WRONG), None, None))),
        ("answered with the id as a str", said(lambda task_id: ((str(task_id), WRONG), None, None))),
        ("refused another id", said(lambda task_id: (("TooBusy", task_id + 1_000_000, 0.0), None, None))),
        ("said Alive for an id that was never sent", said(lambda _: (("Alive", NEVER_SENT), None, None))),
        ("answered twice", repeated),
        ("refused twice", refused_twice),
    ]
    each_once(play, deeds, "VIO-1")


@master_case("master-violation/ids-of-other-types", "VIO-1", "RUN-15", checks=5, codecs=PICKLE)
def ids_of_other_types(play: Play) -> None:
    """In pickle a task id that is a float or a str is a violation, though it may be equal to the right one."""
    deeds: list[tuple[str, Deed]] = [
        ("answered with the id as a float", said(lambda task_id: ((float(task_id), WRONG), None, None))),
        ("answered with True for an id", said(lambda _: ((True, WRONG), None, None))),
    ]
    each_once(play, deeds, "VIO-1")


@master_case("master-violation/no-messages", "VIO-1", checks=11)
def no_messages(play: Play) -> None:
    """Bytes that are no message are a violation: a stray line, a traceback, noise, a message that is cut by text."""

    def cut(actor: Actor, request: Request) -> None:
        data = actor.encoded(((request.task_id, WRONG), None, None))
        actor.write(data[: len(data) // 2] + b"\n" + STRAY + data[len(data) // 2 :])

    def dict_message(actor: Actor, request: Request) -> None:
        actor.write(actor.encoded({"id": request.task_id, "value": WRONG}), "a dict")

    deeds: list[tuple[str, Deed]] = [
        ("wrote a stray line", written(lambda _: STRAY)),
        ("wrote a traceback", written(lambda _: b'Traceback (most recent call last):\n  File "w.py", line 1\n')),
        ("wrote noise", written(lambda _: bytes(range(1, 120)) + b"\n")),
        ("wrote a message that is cut by a line", cut),
        ("wrote a dict", dict_message),
    ]
    each_once(play, deeds, "VIO-1")


@master_case("master-violation/before-the-first-request", "VIO-1", checks=4)
def before_the_first_request(play: Play) -> None:
    """A line of a worker that is still in its preparation is a violation."""

    def chatty(actor: Actor) -> None:
        actor.write(b"ready\n")
        if not actor.ended_within(ENDED_WITHIN_S):
            play.spoil(f"{actor.name} wrote 'ready' in its preparation and was not ended", "the end of that worker")

    def role(actor: Actor) -> None:
        actor.prepare(2)
        play.wait(lambda: bool(play.slot(0)), 10, "the first slot has no worker", "one for each")
        echo(actor)

    tasks = ["a", "b", "c"]
    job = Job(tasks=tasks, workers=2, preparation=["item", None], shutdown_timeout_s=SOON_S)
    play.run(job, first_at(0, chatty, role))
    play.check_answers(tasks)


@master_case("master-violation/nothing-unanswered", "VIO-1", checks=5)
def nothing_unanswered(play: Play) -> None:
    """A message of a worker that has answered all it was sent is a violation; the answers before it stand."""
    idle: list[str] = []

    def talker(actor: Actor) -> None:
        request = actor.request()
        while request is not None and (further := _answered(actor, request)) is not None:
            request = further
        if request is None or actor.eof_s is not None:
            return
        idle.append(actor.name)
        actor.write(actor.encoded(((request.task_id, WRONG), None, None)), "its last answer once more")
        if not actor.ended_within(ENDED_WITHIN_S):
            play.spoil(f"{actor.name} answered twice while it had no task, and was not ended", "the end of that worker")

    def holder(actor: Actor) -> None:
        request = actor.request()
        play.wait(lambda: bool(idle) and play.first.gone_s is not None, 15, "the other did not end", "its end")
        if request is not None:
            actor.answer(request, request.payload)
        echo(actor)

    tasks = ["a", "b", "c"]
    job = Job(tasks=tasks, workers=2, shutdown_timeout_s=SOON_S)
    play.run(job, lambda actor: (talker if actor is play.first else holder)(actor))
    play.check_answers(tasks)
    play.check("VIO-1", bool(idle), "the worker was never idle", "a moment in which it has no task")


def _answered(actor: Actor, request: Request) -> Request | None:
    """The next request, if one comes soon."""
    actor.answer(request, request.payload)
    return actor.request(0.5)


@master_case("master-violation/second-newline", "VIO-1", "PKL-6", checks=3, codecs=PICKLE)
def second_newline(play: Play) -> None:
    """A second newline behind a message is a violation."""
    deeds: list[tuple[str, Deed]] = [("wrote two newlines behind its answer", _two_newlines)]
    each_once(play, deeds, "VIO-1")


def _two_newlines(actor: Actor, request: Request) -> None:
    data = actor.encoded(((request.task_id, request.payload), None, None))
    actor.write(data + b"\n", "an answer and two newlines")
    actor.request(0.5)


@master_case("master-violation/what-it-had-answered", "VIO-2", checks=8)
def what_it_had_answered(play: Play) -> None:
    """Answers before the violation are kept, also one in the same write; what was unanswered goes to another worker."""

    def wrongdoer(actor: Actor) -> None:
        for _ in range(2):
            request = actor.request()
            if request is not None:
                actor.answer(request, f"{request.payload} by the first")
        request = actor.request()
        if request is not None:
            data = actor.encoded(((request.task_id, f"{request.payload} by the first"), None, None))
            actor.write(data + STRAY, "an answer, and a stray line right behind it")
        if not actor.ended_within(ENDED_WITHIN_S):
            play.spoil(f"{actor.name} wrote a stray line and was not ended", "the end of that worker")

    def patient(actor: Actor) -> None:
        play.wait(lambda: play.first.gone_s is not None, 15, "worker 1.1 did not end", "its end")
        echo(actor)

    tasks = list("abcdefg")
    job = Job(tasks=tasks, workers=2, shutdown_timeout_s=SOON_S)
    play.run(job, lambda actor: (wrongdoer if actor is play.first else patient)(actor))
    kept = [request.payload for request in play.first.requests]
    for index, task in enumerate(tasks):
        play.check_answer(index, f"{task} by the first" if task in kept else task, "VIO-2")
    again = [request.payload for actor in play.actors[1:] for request in actor.requests if request.payload in kept]
    play.check("VIO-2", not again, f"{again} were sent again", "nothing that was answered")


@master_case("master-violation/quoted", "VIO-3", checks=2)
def quoted(play: Play) -> None:
    """The master's words have the first bytes that it could not take, and that the program prints to its output."""

    def role(actor: Actor) -> None:
        if actor.request() is not None:
            actor.write(STRAY)
            actor.ended_within(ENDED_WITHIN_S)

    play.run(Job(tasks=["x"], workers=1, max_attempts=2, shutdown_timeout_s=SOON_S), role)
    came = f"the master said: {play.last_words()}"
    play.check("VIO-3", QUOTED in play.said, came, f"a quotation of {STRAY!r}")
    caused = any(cause in play.said.lower() for cause in CAUSES)
    play.check("VIO-3", caused, came, "the likely cause: the program prints to its standard output")
