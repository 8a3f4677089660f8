"""Cases: what a master promises about the tasks of a whole run."""

from __future__ import annotations

import re
import signal
from typing import Final

from spreadjobs_conform.masters.account import Answered, Cancelled, Quarantined
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.masters.staging import ENDED_WITHIN_S, FIRST, SOON_S, ending
from spreadjobs_conform.values import show

KILLS: Final = 3
"""As many as deaths set a task aside: how many more are borne is the master's choice."""
QUICK: Final = 300
WAITS: Final = 12
HELD_S: Final = 5.0
DRIBBLES: Final = 40
TRIES: Final = 3
"""On a busy machine tasks take long, and a master that sends short ones ahead may not do so at once."""
AHEAD_S: Final = 0.2
AT_ONCE_S: Final = 15.0
STATUSES: Final = (43, 44)


@master_case("master-job/each-task-ends-once", "JOB-1", checks=42)
def each_task_ends_once(play: Play) -> None:
    """Forty tasks, with workers that refuse, die, leave and write noise: one outcome each, in their order."""
    misdeeds = {3: "refuse", 7: "die", 19: "noise", 23: "leave", 31: "die", 37: "refuse"}
    done: set[object] = set()

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            index = request.payload
            deed = misdeeds.get(index, "") if isinstance(index, int) and index not in done else ""
            done.add(index)
            if deed == "refuse":
                actor.refuse(request, 0.01)
            elif deed == "die":
                actor.exit(3)
            elif deed == "leave":
                actor.exit(0)
            elif deed == "noise":
                actor.write(b"noise\n")
                actor.ended_within(ENDED_WITHIN_S)
            else:
                actor.answer(request, [index, "done"])
        actor.exit(0)

    play.run(Job(tasks=list(range(40)), workers=4, shutdown_timeout_s=SOON_S), role)
    for index in range(40):
        play.check_answer(index, [index, "done"])
    play.check_count()
    play.check("JOB-1", set(misdeeds) <= done, "not every misdeed came about", "all")


@master_case("master-job/alone-is-charged", "JOB-2", checks=3)
def alone_is_charged(play: Play) -> None:
    """A task that was alone on a worker at its death is charged with it, and set aside when two have died."""
    play.run(Job(tasks=[FIRST, FIRST, "x"], workers=2, max_attempts=2), ending(play, lambda actor: actor.exit(3)))
    fate = play.fate(2)
    play.check("JOB-2", isinstance(fate, Quarantined), f"the task ended as {show(fate)}", "set aside")
    tries = sum(request.payload == "x" for actor in play.actors for request in actor.requests)
    play.check("JOB-2", tries == 2, f"it was sent {tries} times", "twice")  # noqa: PLR2004
    play.check_count("JOB-2")


def _payloads(messages: list[object]) -> list[object]:
    return [message[1] for message in messages if isinstance(message, list | tuple) and len(message) > 1]


@master_case("master-job/several-are-not-charged", "JOB-2", "RUN-8", checks=6)
def several_are_not_charged(play: Play) -> None:
    """Where several were unanswered when a worker died, none is charged, and each is then sent alone."""
    died_with: list[object] = []
    beside: list[object] = []
    together: list[object] = []
    ahead: list[bool] = []

    def role(actor: Actor) -> None:
        count = 0
        while (request := actor.request()) is not None:
            count += 1
            held = [request]
            together.extend(payload for payload in _payloads(actor.ahead) if payload in died_with)
            if not died_with and QUICK // 2 <= count < QUICK // 2 + WAITS:
                while (further := actor.request(AHEAD_S)) is not None:
                    held.append(further)
                ahead.append(len(held) > 1)
                if len(held) > 1:
                    died_with.extend(each.payload for each in held)
                    actor.exit(3)
            for each in held:
                if each.payload in died_with:
                    actor.rest(AHEAD_S)
                    if len(actor.messages) > len(actor.requests):
                        beside.append(each.payload)
                actor.answer(each, each.payload)
        actor.exit(0)

    tasks = list(range(QUICK))
    for number in range(TRIES):
        if not died_with and (number == 0 or any(ahead)):
            play.run(Job(tasks=tasks, workers=1, max_attempts=1), role, limit_s=60)
    # A master that sends one at a time never has several unanswered: of that it is shown that it does.
    play.check("JOB-2", not beside, f"with {show(beside)} others were sent along", "each of them alone")
    play.check("JOB-2", not together, f"{show(together)} were sent behind others", "each of them alone")
    answered = sum(isinstance(fate, Answered) for fate in play.account.fates)
    came = f"{answered} of {QUICK} tasks are answered; the worker had died with {show(died_with)} unanswered"
    play.check("JOB-2", answered == QUICK, came, "all: none of several is charged")
    for index in range(3):
        play.check_answer(index, index)


@master_case("master-job/violations-are-charged", "JOB-2", "VIO-2", checks=5)
def violations_are_charged(play: Play) -> None:
    """A violation charges the task that was alone on the worker as a death does, and two set it aside."""

    def end(actor: Actor) -> None:
        actor.write(b"a stray line\n")
        if not actor.ended_within(ENDED_WITHIN_S):
            play.spoil(f"{actor.name} wrote a stray line and was not ended", "its end", "VIO-2")

    tasks = [*[FIRST] * 3, "x"]
    play.run(Job(tasks=tasks, workers=3, max_attempts=2, shutdown_timeout_s=SOON_S), ending(play, end, workers=3))
    for index in range(3):
        play.check_answer(index, FIRST)
    fate = play.fate(3)
    play.check("JOB-2", isinstance(fate, Quarantined), f"the task ended as {show(fate)}", "set aside")
    play.check_count()


@master_case("master-job/set-aside", "JOB-3", checks=7)
def set_aside(play: Play) -> None:
    """A task on which three workers died is set aside, and the others are finished."""
    tasks = [FIRST, FIRST, "x", "c", "d"]
    alone: list[str] = []

    def end(actor: Actor) -> None:
        alone.extend([actor.name] * (not actor.ahead))
        actor.exit(3)

    def held(actor: Actor) -> None:
        actor.until(lambda: len(alone) > 2, HELD_S)  # noqa: PLR2004 - the others are not done before, if that can be

    play.run(Job(tasks=tasks, workers=2), ending(play, end, held=held))
    for index, task in enumerate(tasks):
        if task != "x":
            play.check_answer(index, task)
    fate = play.fate(2)
    play.check("JOB-3", isinstance(fate, Quarantined), f"the task ended as {show(fate)}", "set aside")
    came = f"it was alone on {len(alone)} workers that died"
    play.check("JOB-3", len(alone) == 3, came, "three: max_attempts")  # noqa: PLR2004
    play.check_count()


@master_case("master-job/no-worker-is-left", "JOB-4", checks=4)
def no_worker_is_left(play: Play) -> None:
    """Where every worker dies at its start, the master says soon that work is missing, and how they ended."""

    def role(actor: Actor) -> None:
        actor.exit(STATUSES[actor.slot])

    account = play.run(Job(tasks=["a", "b"], workers=2), role, limit_s=AT_ONCE_S)
    missing = [fate for fate in account.fates if isinstance(fate, Cancelled | Quarantined)]
    play.check("JOB-4", len(missing) == 2, f"the outcomes {show(account.fates)}", "neither is answered")  # noqa: PLR2004
    said = "\n".join([account.error or "", *(fate.why for fate in missing)])
    for status in STATUSES:
        told = re.search(rf"(?<![\w.]){status}(?!\w)", said) is not None
        play.check("JOB-4", told, f"the master said {said!r}", f"why each worker ended, one of them: status {status}")
    play.check_count("JOB-4")


@master_case("master-job/nothing-can-be-started", "JOB-4", checks=3)
def nothing_can_be_started(play: Play) -> None:
    """Where the program of the only worker is not there, the master says soon that all is missing, and what."""
    job = Job(tasks=["a", "b"], workers=1, absent=(0,))
    account = play.run(job, echo, limit_s=AT_ONCE_S)
    missing = [fate for fate in account.fates if isinstance(fate, Cancelled | Quarantined)]
    said = "\n".join([account.error or "", *(fate.why for fate in missing)])
    answered = [fate for fate in account.fates if fate not in missing]
    play.check("JOB-4", not answered, f"the outcomes {show(account.fates)}", "no answer")
    play.check("JOB-4", bool(missing) or bool(account.error), "nothing is said", "what is missing")
    play.check("JOB-4", "spread-jobs-worker" in said, f"the master said {said!r}", "the program that is not there")


@master_case("master-job/one-cannot-be-started", "JOB-4", "JOB-1", checks=4)
def one_cannot_be_started(play: Play) -> None:
    """Where the program of one of two workers is not there, the other one does all the work."""
    tasks = ["a", "b", "c"]
    play.run(Job(tasks=tasks, workers=2, absent=(0,)), echo)
    play.check_answers(tasks)


@master_case("master-job/some-is-missing", "JOB-4", "RUN-14", checks=4)
def some_is_missing(play: Play) -> None:
    """Where the only worker leaves with work unfinished, its answer is there, and the rest is said to be missing."""

    def role(actor: Actor) -> None:
        request = actor.request()
        if request is not None and actor.incarnation == 1:
            actor.answer(request, request.payload)
            actor.request()
        actor.exit(0)

    account = play.run(Job(tasks=["a", "b", "c"], workers=1), role, limit_s=AT_ONCE_S)
    done = [request.payload for request in play.first.requests[:1]]
    play.check("JOB-4", bool(done), "the worker was sent no request", "a task")
    play.check_answer(["a", "b", "c"].index(str(done[0])), done[0], "JOB-4")
    answered = sum(isinstance(fate, Answered) for fate in account.fates)
    play.check("JOB-4", answered == 1, f"{answered} tasks are answered", "one")
    play.check_count("JOB-4")
    said = [fate for fate in account.fates if isinstance(fate, Cancelled | Quarantined) and fate.why]
    play.check("JOB-4", len(said) == 2, f"the outcomes {show(account.fates)}", "two that say why")  # noqa: PLR2004


@master_case("master-job/killed-from-outside", "JOB-5", checks=3)
def killed_from_outside(play: Play) -> None:
    """A task whose workers were killed by KILL three times is still answered, where three deaths set a task aside."""
    kills: list[int] = []

    def end(actor: Actor) -> None:
        if len(kills) < KILLS:
            kills.append(actor.incarnation)
            actor.die(signal.SIGKILL)

    tasks = [FIRST, FIRST, "x"]
    play.run(Job(tasks=tasks, workers=2, max_attempts=3), ending(play, end), limit_s=40)
    play.check_answers(tasks)
    play.check("JOB-5", len(kills) == KILLS, f"{len(kills)} workers were killed", f"{KILLS}")


@master_case("master-job/time-limits-are-charged", "JOB-2", "JOB-3", checks=4, idle=True)
def time_limits_are_charged(play: Play) -> None:
    """A task on which two workers have taken too long is set aside, where two is the number."""

    def end(actor: Actor) -> None:
        if not actor.ended_within(10):
            play.spoil(f"{actor.name} held a task for 10 s, where the limit is 2 s", "its end", "SHUT-10")

    tasks = [FIRST, FIRST, "x"]
    job = Job(tasks=tasks, workers=2, max_attempts=2, task_timeout_s=2.0, shutdown_timeout_s=SOON_S)
    play.run(job, ending(play, end), limit_s=40)
    play.check_answer(0, FIRST)
    play.check_answer(1, FIRST)
    fate = play.fate(2)
    play.check("JOB-2", isinstance(fate, Quarantined), f"the task ended as {show(fate)}", "set aside")
    play.check_count()


@master_case("master-job/time-limit-of-a-dribbler", "RUN-12", "SHUT-10", checks=4, idle=True)
def time_limit_of_a_dribbler(play: Play) -> None:
    """A worker that goes on writing a message, a byte at a time, is ended at the limit: Alive alone restarts it."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == "slow" and not held:
                held.append(actor.name)
                for byte in actor.encoded(((request.task_id, "late" * 40), None, None))[:DRIBBLES]:
                    actor.write(bytes([byte]), "a byte of a response")
                    actor.rest(0.25)
                play.spoil(f"{actor.name} dribbled for 10 s, where the limit is 2 s", "its end", "RUN-12")
            actor.answer(request, request.payload)

    held: list[str] = []
    play.run(Job(tasks=["slow", "b"], workers=2, task_timeout_s=2.0, shutdown_timeout_s=SOON_S), role)
    play.check_answers(["slow", "b"])
    play.check("RUN-12", bool(held), "no worker held it", "one")


@master_case("master-job/lives-on-without-output", "SHUT-10", checks=4, idle=True)
def lives_on_without_output(play: Play) -> None:
    """A worker that closes its standard output while it has a task, and lives on, does not hold up the run."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == "x" and not closed:
                closed.append(actor.name)
                actor.close_output()
                actor.ended_within(15)
            actor.answer(request, request.payload)

    closed: list[str] = []
    play.run(Job(tasks=["x", "b"], workers=2, shutdown_timeout_s=SOON_S), role)
    play.check_answers(["x", "b"])
    play.check("SHUT-10", bool(closed), "no worker closed its output", "one")


@master_case("master-job/time-limit", "JOB-2", "SHUT-10", checks=5, idle=True)
def time_limit(play: Play) -> None:
    """A worker that holds a task beyond the limit is ended, with its group, and the task goes to another one."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == "slow" and not held:
                held.append(actor.name)
                actor.ignore_term()
                actor.start_child(60.0, ignores_term=True)
                if not actor.ended_within(10):
                    play.spoil(f"{actor.name} held a task for 10 s, where the limit is 2 s", "its end", "SHUT-10")
            actor.answer(request, request.payload)
        actor.exit(0)

    held: list[str] = []
    play.run(Job(tasks=["slow", "b", "c"], workers=2, task_timeout_s=2.0, shutdown_timeout_s=SOON_S), role)
    play.check_answers(["slow", "b", "c"])
    play.check("SHUT-10", not play.left, f"processes {play.left} of its group are left", "none")
    play.check("JOB-2", bool(held), "no worker held it", "one")
