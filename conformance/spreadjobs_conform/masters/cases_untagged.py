"""Cases: the dialect untagged."""

from __future__ import annotations

from typing import Final

import attrs

from spreadjobs_conform.masters.account import Failed
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.masters.staging import instance
from spreadjobs_conform.registry import PICKLE
from spreadjobs_conform.values import difference, show

PAYLOADS: Final[tuple[object, ...]] = ((7, "x"), "text", ("stop", 1), None, {"a": 1}, [1, 2])
VALUES: Final[tuple[object, ...]] = (
    ("TooBusy", 7, 1.0),
    ("RemoteException", 1, "a", "b", "c"),
    (7, "x"),
    ("Alive", 7),
    None,
    [],
)
QUICK: Final = 60


@master_case("master-untagged/not-in-json", "UNT-1", checks=2)
def not_in_json(play: Play) -> None:
    """A job in JSON with the untagged dialect is refused with an error, and no worker is started."""
    account = play.run(Job(tasks=["a"], codec="json", dialect="untagged"), echo)
    play.check("UNT-1", bool(account.error), f"the error {account.error!r}", "an error that says so")
    play.check("UNT-1", not play.actors, f"{len(play.actors)} workers were started", "none")


@master_case("master-untagged/bare-values", "UNT-2", checks=13, codecs=PICKLE)
def bare_values(play: Play) -> None:
    """A request is the bare payload, and the first of an answer is the value, tuples that look tagged among them."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            number = next((at for at, due in enumerate(PAYLOADS) if request.payload == due), 0)
            actor.answer(request, VALUES[number])
        actor.exit(0)

    play.run(Job(tasks=PAYLOADS, dialect="untagged", workers=1), role)
    came = [message.value for message in play.first.messages]
    for due in PAYLOADS:
        same = any(difference(due, each, by_number=False) is None for each in came)
        play.check("UNT-2", same, f"the requests {show(came)}", f"{show(due)} as a request")
    play.check_answers(VALUES)


@master_case("master-untagged/lock-step", "UNT-3", checks=2, codecs=PICKLE)
def lock_step(play: Play) -> None:
    """No request comes before the last one is answered, however quickly the worker has answered the ones before."""
    ahead: list[object] = []

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if len(actor.requests) > QUICK:
                actor.rest(0.1)
            if len(actor.messages) > len(actor.requests):
                ahead.append(request.payload)
            actor.answer(request, request.payload)
        actor.exit(0)

    tasks = list(range(QUICK + 5))
    play.run(Job(tasks=tasks, dialect="untagged", workers=1), role)
    play.check("UNT-3", not ahead, f"a further request came before {show(ahead)} were answered", "one at a time")
    play.check_answers(tasks)


@master_case("master-untagged/instances", "INST-2", "UNT-2", checks=4, codecs=PICKLE)
def instances(play: Play) -> None:
    """An instance of TooBusy is a refusal of the request that is unanswered, one of RemoteException its failure."""
    refused: list[object] = []

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == "bad":
                texts = b"X\x08\0\0\0KeyErrorX\x03\0\0\0bad\x86"
                actor.write(instance(b"gmisclib.spread_jobs", b"RemoteException", texts), "a RemoteException")
            elif not refused:
                refused.append(request.payload)
                actor.write(instance(b"gmisclib.spread_jobs", b"TooBusy", b"G" + b"\0" * 8 + b"\x85"), "TooBusy(0.0)")
            else:
                actor.answer(request, request.payload)

    job = Job(dialect="untagged", pickle_protocol=2, workers=1)
    play.run(attrs.evolve(job, tasks=["good"]), role)
    play.check_answer(0, "good", "INST-2")
    play.check("INST-2", bool(refused), "nothing was refused", "one refusal")
    play.run(attrs.evolve(job, tasks=["bad"]), role)
    fate = play.fate(0)
    failed = isinstance(fate, Failed) and (fate.type_name, fate.message) == ("KeyError", "bad")
    play.check("INST-2", failed, f"the task ended as {show(fate)}", "failed: KeyError, bad")
    play.check_count()
