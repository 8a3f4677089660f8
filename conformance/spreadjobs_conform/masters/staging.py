"""What several cases have their played workers do."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import attrs

from spreadjobs_conform.masters.actor import Actor, Request
from spreadjobs_conform.masters.cast import Role
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo

ENDED_WITHIN_S: Final = 5.0
"""So soon a master that has seen a violation has ended the worker, where the limit of shutdown is ``SOON_S``."""
SOON_S: Final = 0.5
"""The limit of shutdown of jobs in which a worker must be ended: a master may wait so long before each signal."""
MANY_ATTEMPTS: Final = 100
"""For cases in which a task may meet several workers that do wrong."""
WRONG: Final = "a wrong answer"

FIRST: Final = "first"
"""A payload that each slot answers before anything happens to it."""

Deed: TypeAlias = Callable[[Actor, Request], None]


def raw_answer(task_id: int, pushed: bytes) -> bytes:
    """
    A pickle of an answer.

    Args:
        task_id: Of the request.
        pushed: The opcodes that push the value.
    """
    return b"\x80\x02((\x8a\x08" + struct.pack("<q", task_id) + pushed + b"tNNt."


def instance(module: bytes, name: bytes, arguments: bytes) -> bytes:
    """A response the first of which is an object: class and arguments, out and err. Spec codecs.md, P5."""
    return b"\x80\x02c" + module + b"\n" + name + b"\n" + arguments + b"RNN\x87."


def written(make: Callable[[int], bytes]) -> Deed:
    """The deed of writing bytes that depend on the task id."""

    def deed(actor: Actor, request: Request) -> None:
        actor.write(make(request.task_id))

    return deed


def said(make: Callable[[int], object]) -> Deed:
    """The deed of writing a message that depends on the task id."""

    def deed(actor: Actor, request: Request) -> None:
        value = make(request.task_id)
        actor.write(actor.encoded(value), repr(value)[:200])

    return deed


def each_once(play: Play, deeds: Sequence[tuple[str, Deed]], requirement: str, job: Job | None = None) -> None:
    """
    A worker a deed: its first incarnation does it at its first request, and must be ended for it; all else is right.

    Args:
        play: The case's.
        deeds: In words, and what is done.
        requirement: Broken by a master that does not end the worker.
        job: Its settings; the tasks and the number of workers are set here.

    Raises:
        Finding: A worker was not ended, or a task is not answered rightly.
    """
    tasks = [f"task {number}" for number in range(2 * len(deeds) + 1)]
    reached: set[int] = set()

    def role(actor: Actor) -> None:
        if actor.incarnation == 1 and actor.slot < len(deeds):
            request = actor.request()
            if request is None:
                play.spoil(f"worker {actor.name} was sent no request: its input was closed", "a task for each worker")
            words, deed = deeds[actor.slot]
            try:
                deed(actor, request)
            finally:
                reached.add(actor.slot)
            if not actor.ended_within(ENDED_WITHIN_S):
                came = f"worker {actor.name} {words}; {ENDED_WITHIN_S:.0f} s later the master had not ended it"
                play.spoil(came, "the end of that worker", requirement)
        play.wait(lambda: len(reached) == len(deeds), 15, "not every worker was given a task", "a task for each worker")
        echo(actor)

    settings = Job() if job is None else job
    settings = attrs.evolve(
        settings, tasks=tasks, workers=len(deeds) + 1, max_attempts=MANY_ATTEMPTS, shutdown_timeout_s=SOON_S
    )
    play.run(settings, role, limit_s=30)
    play.check_answers(tasks, requirement)
    done = sorted(reached)
    play.check(requirement, done == list(range(len(deeds))), f"workers {done} came so far", "each of them")


def first_at(slot: int, role: Role, otherwise: Role = echo) -> Role:
    """The first incarnation of a slot does one thing, every other worker another."""

    def chosen(actor: Actor) -> None:
        (role if actor.slot == slot and actor.incarnation == 1 else otherwise)(actor)

    return chosen


def read_to_the_end(actor: Actor) -> None:
    """Waits for the end of the input, whatever comes before it."""
    while actor.message() is not None:
        pass


def ending(
    play: Play, end: Callable[[Actor], None], *, workers: int = 2, held: Callable[[Actor], None] | None = None
) -> Role:
    """
    Ends at the payload ``x``, after each slot has answered one.

    A master may hold the deaths of a program that never answered anything against the program, and not the task.

    Args:
        play: The case's.
        end: What becomes of a worker that was sent ``x``; if it returns, the task is answered.
        workers: How many slots there are, and at least so many tasks with the payload ``FIRST``.
        held: What is waited for before any other task is answered.
    """

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == "x":
                end(actor)
            elif request.payload != FIRST and held is not None:
                held(actor)
            if request.payload == FIRST:
                play.wait(lambda: len(play.actors) >= workers, 10, "not all workers were started", "one for each task")
            actor.answer(request, request.payload)

    return role
