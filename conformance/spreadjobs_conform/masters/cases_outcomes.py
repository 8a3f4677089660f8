"""Cases: captured lines, refusals and failures."""

from __future__ import annotations

import re
import time
from typing import Final

from spreadjobs_conform.masters.account import Failed
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.masters.staging import first_at, instance
from spreadjobs_conform.registry import PICKLE
from spreadjobs_conform.values import show

LONGER_S: Final = 0.3
"""By so much at least a rest must be longer, where a delay is longer by a second."""
LONG_DELAY_S: Final = 4.0
NOTHING_FOR_S: Final = 0.5
HELD_S: Final = 3.0


@master_case("master-out/position-and-order", "OUT-3", checks=8)
def position_and_order(play: Play) -> None:
    """The lines of out and err reach the user with the position of their task, in the order of the responses."""
    printing = {17: (["out of 17\n", "more of 17\n"], None), 41: (None, ["err of 41\n"]), 29: ("out of 29\n", ())}
    order: list[object] = []

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            index = request.payload
            out, err = printing.get(index, (None, None)) if isinstance(index, int) else (None, None)
            if index == 17:  # noqa: PLR2004
                actor.until(lambda: len(order) > 1, HELD_S)  # The others are done first, unless they wait behind it.
            actor.answer(request, index, out, err)
            order.extend([index] * (index in printing))

    play.run(Job(tasks=list(range(50)), workers=2), role)
    places: list[int] = []
    lines = play.screen.splitlines()
    for index in order:
        for text in (f"out of {index}", f"more of {index}", f"err of {index}"):
            if not any(text in str(part) for part in printing[int(str(index))]):
                continue
            found = [number for number, line in enumerate(lines) if text in line]
            play.check("OUT-3", len(found) == 1, f"{text!r} is {len(found)} times on the screen", "once")
            places.append(found[0])
            if text.startswith("more"):
                continue  # It may stand below the line before it.
            head = lines[found[0]].partition(text)[0] + " ".join(lines[max(found[0] - 1, 0) : found[0]])
            numbers = {int(digits) for digits in re.findall(r"\d+", head)}
            position = int(str(index))
            with_position = bool(numbers & {position, position + 1})
            came = f"the screen has {lines[found[0]]!r}"
            play.check("OUT-3", with_position, came, f"the position of the task, {position}, before or above it")
    play.check("OUT-3", places == sorted(places), f"the lines came in the order {places}", "that of the responses")


@master_case("master-out/every-form", "OUT-3", "OUT-1", checks=7)
def every_form(play: Play) -> None:
    """None, a str, a list and a tuple of str are taken, of out and err alike."""
    forms: tuple[object, ...] = (None, "", [], ["list of lines\n"], ("tuple of lines\n",), "a str\nof two lines")

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            form = forms[request.payload] if isinstance(request.payload, int) else None
            actor.answer(request, request.payload, form, form)
        actor.exit(0)

    play.run(Job(tasks=list(range(len(forms)))), role)
    play.check_answers(list(range(len(forms))))
    for text in ("list of lines", "tuple of lines", "a str", "of two lines"):
        play.check("OUT-3", play.screen.count(text) > 1, f"{text!r} is not on the screen for both", "out and err")


@master_case("master-out/lines-of-every-outcome", "OUT-3", checks=5)
def lines_of_every_outcome(play: Play) -> None:
    """The lines that go with a refusal and with a failure are shown as those of an answer are."""
    refused: list[str] = []

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if not refused:
                refused.append(actor.name)
                actor.respond(("TooBusy", request.task_id, 0.0), ["out of the refusal\n"], ["err of the refusal\n"])
            else:
                first = ("RemoteException", request.task_id, "ValueError", "bad", "")
                actor.respond(first, ["out of the failure\n"], ["err of the failure\n"])

    play.run(Job(tasks=["x"], workers=1), role)
    for text in ("out of the refusal", "err of the refusal", "out of the failure", "err of the failure"):
        play.check("OUT-3", text in play.screen, f"{text!r} is not on the screen", "the lines, whatever the response")
    play.check_count()


@master_case("master-busy/put-back", "BUSY-3", checks=4)
def put_back(play: Play) -> None:
    """A task that is refused three times is answered at the fourth, where two ends set a task aside."""
    refused: list[object] = []

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == "x" and len(refused) < 3:  # noqa: PLR2004
                refused.append(request.payload)
                actor.refuse(request, 0.0)
            else:
                actor.answer(request, request.payload)
        actor.exit(0)

    play.run(Job(tasks=["x", "y"], max_attempts=2), role, limit_s=60)
    play.check_answers(["x", "y"])
    play.check("BUSY-3", len(refused) == 3, f"it was refused {len(refused)} times", "three times")  # noqa: PLR2004


@master_case("master-busy/rest", "BUSY-3", checks=4, idle=True)
def rest(play: Play) -> None:
    """A worker that has refused is left alone for longer if it asked for a second than if it asked for nothing."""
    rests: list[float] = []
    delays = (0.0, 1.0)

    def role(actor: Actor) -> None:
        request = actor.request()
        if request is None:
            return
        actor.refuse(request, delays[len(rests)])
        began_s = time.monotonic()
        again = actor.request()
        rests.append(time.monotonic() - began_s)
        if again is not None:
            actor.answer(again, again.payload)
        echo(actor)

    for _ in delays:
        play.run(Job(tasks=["x"], workers=1), role, limit_s=40)
        play.check_answer(0, "x")
    play.check("BUSY-3", len(rests) == len(delays), "the worker was sent nothing", "its task, and the task again")
    came = f"after a refusal with delay 0 the worker rested for {rests[0]:.2f} s, with delay 1 for {rests[1]:.2f} s"
    play.check("BUSY-3", rests[1] >= rests[0] + LONGER_S, came, "a rest that grows with the delay")


@master_case("master-busy/others-go-on", "BUSY-3", checks=5)
def others_go_on(play: Play) -> None:
    """While a worker rests, it is sent nothing, and another one does its task and all others."""
    sent_early: list[object] = []

    def refuser(actor: Actor) -> None:
        held = [actor.request()]
        while held[-1] is not None:  # Those too that were sent ahead.
            held.append(actor.request(0.1))
        for request in filter(None, held):
            actor.refuse(request, LONG_DELAY_S)
        further = actor.request(NOTHING_FOR_S)
        if further is not None:
            sent_early.append(further.payload)
            actor.answer(further, further.payload)
        echo(actor)

    def other(actor: Actor) -> None:
        play.wait(lambda: bool(play.slot(0) and play.slot(0)[0].requests), 10, "worker 1.1 has no task", "one for each")
        while (request := actor.request()) is not None:
            actor.rest(0.2)
            actor.answer(request, request.payload)
        actor.exit(0)

    tasks = ["a", "b", "c", "d"]
    play.run(Job(tasks=tasks, workers=2), first_at(0, refuser, other))
    play.check("BUSY-3", not sent_early, f"{sent_early} came within {NOTHING_FOR_S} s of a delay of 4 s", "nothing")
    play.check_answers(tasks)


@master_case("master-err/told-to-the-caller", "ERR-5", checks=7)
def told_to_the_caller(play: Play) -> None:
    """The caller is told type, message, traceback, the position of the task and the name of the worker."""
    texts = ("Va\u0308lueError", "bad \U0001f600\nin two lines", "Traceback:\n  line 1\n")

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == 2:  # noqa: PLR2004
                actor.fail(request, *texts)
            else:
                actor.answer(request, request.payload)
        actor.exit(0)

    play.run(Job(tasks=[0, 1, 2], workers=1), role)
    _check_failure(play, 2, texts)


def _check_failure(play: Play, index: int, texts: tuple[str, str, str]) -> None:
    fate = play.fate(index)
    play.check("ERR-5", isinstance(fate, Failed), f"task {index} ended as {show(fate)}", "failed")
    if not isinstance(fate, Failed):
        return
    actor = play.first
    hint = actor.hello.hints.get("SPREAD_JOBS_WORKER", actor.name)
    name = hint if fate.worker == hint else actor.name
    for what, came, due in (
        ("type's name", fate.type_name, texts[0]),
        ("message", fate.message, texts[1]),
        ("traceback", fate.traceback, texts[2]),
        ("position", fate.task, index),
        ("worker", fate.worker, name),
    ):
        play.check("ERR-5", came == due, f"the {what} {came!r}", f"{due!r}")
    play.check_count()


@master_case("master-pickle/instances", "INST-2", checks=16, codecs=PICKLE)
def instances(play: Play) -> None:
    """An instance of TooBusy or RemoteException, of any of the four modules, is the response to its request."""
    for module in (b"spreadjobs", b"gmisclib.spread_jobs", b"spread_jobs", b"__main__"):
        refused: list[object] = []

        def role(actor: Actor, module: bytes = module, refused: list[object] = refused) -> None:
            while (request := actor.request()) is not None:
                if not refused:
                    refused.append(request.payload)
                    actor.write(instance(module, b"TooBusy", b"G" + b"\0" * 8 + b"\x85"), "an instance of TooBusy")
                else:
                    texts = b"X\x09\0\0\0LookupErrX\x03\0\0\0badX\x02\0\0\0tb\x87"
                    actor.write(instance(module, b"RemoteException", texts), "an instance of RemoteException")

        play.run(Job(tasks=["x"], workers=1), role)
        fate = play.fate(0)
        came = f"with instances of {module.decode()} the task ended as {show(fate)}"
        failed = isinstance(fate, Failed) and (fate.type_name, fate.message) == ("LookupErr", "bad")
        play.check("INST-2", failed, came, "failed, LookupErr: bad, after a refusal")
        play.check("INST-2", bool(refused), "nothing was refused", "a refusal")
        play.check("INST-2", len(play.actors) == 1, f"{len(play.actors)} workers were started", "one, which did all")
        play.check_count()
