"""Cases: requests and their ids, Alive, leaving."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform.masters.account import Quarantined
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.masters.staging import FIRST, ending
from spreadjobs_conform.values import difference, show

MAX_TASK_ID: Final = 2**53 - 1
FIRST_START: Final = 10**4
LAST_START: Final = 2**31
NESTED: Final[list[object]] = []
"""Lists 90 deep: DATA-2 has 100 with what stands around them."""
for _ in range(90):
    NESTED[:] = [list(NESTED)]
VALUES: Final[tuple[object, ...]] = (
    [3.141592653589793, 0.1, 1e300, 5e-324, -2.5e-300],
    [9007199254740991, -9007199254740991, 2147483648],
    ["e\u0301 \u00e9 \u2028 \ufb01", "nul\0", "\U0001f600", " a \r\n"],
    {"__proto__": 1, "": 2, "constructor": {"length": 3}},
    NESTED,
    [True, False, None, [], {}, "", 0],
    "x" * 70_000,
    [{"a": [1, {"b": []}]}, "1", 1],
)
PICKLED: Final[tuple[object, ...]] = (
    [2**64, -(2**70), 2**63],
    [bytearray(b"ab"), b"\xff\0", b""],
    [frozenset({1}), {2, 3}, set()],
    [-0.0, float("inf"), float("nan"), 1j],
    [(), (1,), (1, (2, [3]))],
    {1: "int", (2, 3): "tuple", b"k": 0, None: 1},
)
PAYLOADS: Final[tuple[object, ...]] = ("text", 0, None, [1, 2], ["stop", 3], {"op": "x"}, [], 2.5, True, "")


@master_case("master-run/requests-are-pairs", "RUN-1", checks=20)
def requests_are_pairs(play: Play) -> None:
    """Each request is the pair of an id and the payload as it is in the job, whatever the payload looks like."""
    play.run(Job(tasks=PAYLOADS), echo)
    came = [request.payload for request in play.first.requests]
    for due in PAYLOADS:
        same = [each for each in came if difference(due, each, by_number=play.codec == "json") is None]
        play.check("RUN-1", bool(same), f"no request had {show(due)}; they had {show(came)}", "each payload as it is")
    play.check_answers(PAYLOADS)


@master_case("master-run/values-travel", "RUN-1", "JOB-1", "DATA-1", checks=16)
def values_travel(play: Play) -> None:
    """Payloads reach a worker and answers the caller as they are: the last digit, each character, each type."""
    values = [*VALUES, *(PICKLED if play.codec == "pickle" else ())]
    play.run(Job(tasks=values, workers=1), echo)
    sent = [request.payload for request in play.first.requests]
    for due in values:
        same = any(difference(due, each, by_number=play.codec == "json") is None for each in sent)
        play.check("RUN-1", same, f"no request had {show(due)}", "each payload as it is")
    for index, due in enumerate(values):
        play.check_answer(index, due, "JOB-1")


@master_case("master-run/nothing-but-requests", "RUN-10", "SHUT-1", checks=6)
def nothing_but_requests(play: Play) -> None:
    """From the first request to the end of the input comes no message but requests: none that begins with a str."""

    def role(actor: Actor) -> None:
        while (message := actor.message()) is not None:
            value = message.value
            if isinstance(value, list | tuple) and len(value) == 2 and not isinstance(value[0], str):  # noqa: PLR2004
                actor.respond((value[0], value[1]))
        actor.exit(0)

    tasks = ["stop", ["quit"], "x"]
    play.run(Job(tasks=tasks), role)
    for message in play.first.messages:
        value = message.value
        starts = isinstance(value, list | tuple) and bool(value) and not isinstance(value[0], str)
        came = f"{show(value)} was sent"
        play.check("RUN-10", starts, came, "requests alone; the end of the input ends a worker", "close its input")
    play.check_answers(tasks, "RUN-10")


def _restless(actor: Actor) -> None:
    """Refuses each fourth request, and dies of some."""
    count = 0
    while (request := actor.request()) is not None:
        count += 1
        if count % 4 == 0:
            actor.refuse(request, 0.01)
        elif count % 9 == 0 and actor.incarnation < 3:  # noqa: PLR2004
            actor.exit(3)
        else:
            actor.answer(request, request.payload)
    actor.exit(0)


@master_case("master-run/new-ids", "RUN-2", checks=40)
def new_ids(play: Play) -> None:
    """Every request of a run bears an id of its own, an int from 0 to 2**53-1, also a task that is sent again."""
    tasks = list(range(40))
    play.run(Job(tasks=tasks, workers=2, max_attempts=20), _restless)
    seen: dict[int, object] = {}
    for actor in play.actors:
        for request in actor.requests:
            task_id = request.task_id
            play.check("RUN-2", 0 <= task_id <= MAX_TASK_ID, f"the id {task_id}", "0 to 2**53-1")
            came = f"the id {task_id} came with {show(seen.get(task_id))}, and again with {show(request.payload)}"
            play.check("RUN-2", task_id not in seen, came, "a new id for every request", "count them up over the run")
            seen[task_id] = request.payload
    play.check("RUN-2", len(seen) > len(tasks), f"{len(seen)} requests for {len(tasks)} tasks", "some sent again")
    play.check_answers(tasks)


@master_case("master-run/random-start", "RUN-16", checks=8)
def random_start(play: Play) -> None:
    """The ids of a run count up by one, from a start between 10**4 and 2**31 that is another one in three runs."""
    starts: list[int] = []
    for _ in range(3):
        play.run(Job(tasks=list(range(9)), workers=2), echo)
        ids = sorted(request.task_id for actor in play.actors for request in actor.requests)
        play.check("RUN-16", len(ids) >= 9, f"{len(ids)} requests were sent", "nine")  # noqa: PLR2004
        play.check("RUN-16", FIRST_START <= ids[0] < LAST_START, f"the first id {ids[0]}", "10**4 to 2**31")
        play.check("RUN-16", ids == list(range(ids[0], ids[0] + len(ids))), f"the ids {ids}", "ids that count up")
        starts.append(ids[0])
    play.check("RUN-16", len(set(starts)) > 1, f"three runs began with {starts[0]}", "a random start")


@master_case("master-run/alive-restarts-the-limit", "RUN-12", checks=3, idle=True)
def alive_restarts_the_limit(play: Play) -> None:
    """A worker that says Alive every 0.4 s may take 3 s for a task although the limit is 1.5 s."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            for _ in range(8):
                actor.alive(request)
                actor.rest(0.4)
            actor.answer(request, request.payload)
        actor.exit(0)

    play.run(Job(tasks=["long"], task_timeout_s=1.5, workers=1), role)
    play.check_answer(0, "long")
    sent = [request for actor in play.actors for request in actor.requests]
    play.check("RUN-12", len(sent) == 1, f"the task was sent {len(sent)} times", "once: Alive restarts the time limit")
    play.check_count()


@master_case("master-run/alive-is-no-response", "RUN-12", checks=5)
def alive_is_no_response(play: Play) -> None:
    """Alive answers nothing: the response that follows it is that of the same task, for which nothing else is done."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            actor.alive(request)
            actor.rest(0.1)
            actor.alive(request)
            actor.answer(request, request.payload)
        actor.exit(0)

    tasks = ["a", "b", "c"]
    play.run(Job(tasks=tasks, workers=1), role)
    play.check_answers(tasks)
    play.check("RUN-12", len(play.actors) == 1, f"{len(play.actors)} workers were started", "one, which did all")


@master_case("master-run/leaving", "RUN-14", checks=10)
def leaving(play: Play) -> None:
    """What a worker had answered before it left counts, and the task that it held goes to another one."""

    def leaver(actor: Actor) -> None:
        for _ in range(2):
            request = actor.request()
            if request is None:
                return
            actor.answer(request, "by the leaver")
        actor.request()
        actor.exit(0)

    def patient(actor: Actor) -> None:
        play.wait(lambda: play.first.gone_s is not None, 10, "worker 1.1 was given too few tasks", "three")
        echo(actor)

    def role(actor: Actor) -> None:
        (leaver if actor is play.first else patient)(actor)

    tasks = [f"task {number}" for number in range(9)]
    play.run(Job(tasks=tasks, workers=2), role)
    kept = {request.payload for request in play.first.requests[:2]}
    for index, task in enumerate(tasks):
        play.check_answer(index, "by the leaver" if task in kept else task, "RUN-14")
    again = [request.payload for actor in play.actors[1:] for request in actor.requests if request.payload in kept]
    play.check("RUN-14", not again, f"{again} were sent again", "nothing that was answered")


@master_case("master-run/leaving-is-not-charged", "RUN-14", checks=3)
def leaving_is_not_charged(play: Play) -> None:
    """A task whose worker left, then one that died, is answered by the third, where two ends set a task aside."""
    ends = [0, 3]

    def end(actor: Actor) -> None:
        if ends:
            actor.exit(ends.pop(0))

    tasks = [*[FIRST] * 4, "x"]
    play.run(Job(tasks=tasks, workers=4, max_attempts=2), ending(play, end, workers=4))
    play.check_answers(tasks, "RUN-14")
    play.check("RUN-14", not ends, f"the ends {ends} did not come about", "both")


@master_case("master-run/leaving-at-each-try", "RUN-14", "JOB-3", checks=7)
def leaving_at_each_try(play: Play) -> None:
    """A task on which three workers left is set aside, and the others are finished by the workers that are left."""
    alone: list[str] = []

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == "x":
                alone.extend([actor.name] * (not actor.ahead))
                actor.exit(0)
            actor.answer(request, request.payload)

    tasks = ["a", "b", "x", "c", "d"]
    play.run(Job(tasks=tasks, workers=6, max_attempts=3), role)
    for index, task in enumerate(tasks):
        if task != "x":
            play.check_answer(index, task, "RUN-14")
    fate = play.fate(tasks.index("x"))
    play.check("RUN-14", isinstance(fate, Quarantined), f"the task ended as {show(fate)}", "set aside")
    # Where others were unanswered with it, nobody knows which one it was.
    play.check("RUN-14", len(alone) == 3, f"it was alone on {len(alone)} workers that left", "three")  # noqa: PLR2004
    play.check_count()
