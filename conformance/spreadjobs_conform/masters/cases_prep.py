"""Cases of preparation."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.values import show

ITEMS: Final = ("first", 2, None, ["third", {"a": 1.5}])


@master_case("master-prep/items-in-order", "PREP-1", checks=6)
def items_in_order(play: Play) -> None:
    """The preparation items come first, each as one message, in their order, and nothing comes beside them."""
    came: list[list[object]] = []

    def role(actor: Actor) -> None:
        items = actor.prepare(len(ITEMS))
        came.append(items)
        echo(actor)

    play.run(Job(tasks=["a", "b", "c"], preparation=ITEMS, workers=2), role)
    play.check_answers(["a", "b", "c"])
    play.check("PREP-1", bool(came), "no worker was started", "two")
    for items in came:
        play.check("PREP-1", items == list(ITEMS), f"the items came as {show(items)}", show(list(ITEMS)))


@master_case("master-run/answers-come-back", "JOB-1", checks=4)
def answers_come_back(play: Play) -> None:
    """Every task is answered with what its worker wrote."""
    play.run(Job(tasks=[1, "two", [3.5]], workers=1), echo)
    play.check_answers([1, "two", [3.5]])


@master_case("master-wire/json-lines", "JSON-5", checks=2, codecs=("json",))
def json_lines(play: Play) -> None:
    """An answer in JSON is read."""
    play.run(Job(tasks=["x"], workers=1), echo)
    play.check_answers(["x"])
