"""Cases: what a master sends before the first request."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform.masters.actor import Actor, GoneError
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.values import difference, show

ENDED: Final[tuple[object, ...]] = ("first", {"limit": 3}, None)
ITEMS: Final[tuple[object, ...]] = (
    "first",
    {"limit": 3, "names": ["a"]},
    [],
    None,
    0,
    [1, [2, [3]]],
    "",
    0.5,
    False,
)


def _check_items(play: Play, requirement: str, due: list[object]) -> None:
    for actor in play.actors:
        came = [message.value for message in actor.messages[: len(due)]]
        different = difference(due, came, by_number=play.codec == "json")
        text = f"worker {actor.name} was first sent {show(came)}: {different}"
        play.check(requirement, different is None, text, show(due))


def _check_next(play: Play, requirement: str, count: int) -> None:
    """What follows the items is a request: a pair with an int."""
    for actor in play.actors:
        for message in actor.messages[count : count + 1]:
            value = message.value
            is_request = isinstance(value, list | tuple) and len(value) == 2 and type(value[0]) is int  # noqa: PLR2004
            came = f"behind {count} preparation items worker {actor.name} was sent {show(value)}"
            play.check(requirement, is_request, came, "requests alone: neither a count nor a terminator", CURE)


CURE = "send the items of the job as they are; whoever wants a terminator gives it as an item"


@master_case("master-prep/items-in-order", "PREP-1", checks=2)
def items_in_order(play: Play) -> None:
    """Each preparation item reaches each worker as one message, in order, and the first request follows at once."""

    def role(actor: Actor) -> None:
        actor.prepare(len(ITEMS))
        _follow(actor)

    play.run(Job(tasks=["a", "b"], workers=2, preparation=ITEMS), role)
    _check_items(play, "PREP-1", list(ITEMS))
    _check_next(play, "PREP-1", len(ITEMS))


@master_case("master-prep/no-items", "PREP-1", checks=1)
def no_items(play: Play) -> None:
    """Without preparation items the first message is a request."""
    play.run(Job(tasks=["a", "b"]), _follow)
    _check_next(play, "PREP-1", 0)


@master_case("master-prep/none-alone", "OPS-9", "PREP-1", checks=2)
def none_alone(play: Play) -> None:
    """A preparation that is one None, as for a worker that serves the conformance payloads, arrives as that."""

    def role(actor: Actor) -> None:
        actor.prepare(1)
        _follow(actor)

    play.run(Job(tasks=["a", "b"], preparation=[None]), role)
    _check_items(play, "OPS-9", [None])
    _check_next(play, "OPS-9", 1)


@master_case("master-prep/replacements", "PREP-2", checks=6)
def replacements(play: Play) -> None:
    """All workers of a run and every replacement are sent equal items."""

    def role(actor: Actor) -> None:
        actor.prepare(len(ENDED))
        if actor.incarnation == 1 and actor.slot == 0:
            actor.request()
            actor.exit(3)
        play.wait(
            lambda: any(each.incarnation > 1 for each in play.actors), 10, "nobody was started anew", "a replacement"
        )
        echo(actor)

    tasks = list(range(4))
    play.run(Job(tasks=tasks, workers=2, preparation=ENDED), role)
    _check_items(play, "PREP-2", list(ENDED))
    play.check_answers(tasks)


def _follow(actor: Actor) -> None:
    """Answers what looks like a request, and reads over the rest: the case looks at all that was sent."""
    try:
        while (message := actor.message()) is not None:
            value = message.value
            if isinstance(value, list | tuple) and len(value) == 2 and type(value[0]) is int:  # noqa: PLR2004
                actor.respond((value[0], value[1]))
    except GoneError:
        return
    actor.exit(0)
