"""
Random jobs for a master, with workers that do right and wrong things at random and cut their bytes anywhere.

    python tests/masters/explore.py --seed 1 --count 100 --codec json -- python tests/masters/ours.py

Each task has a list of deeds, one for each time that it is sent, and the last one answers it: whatever the order in
which workers get what, it must be answered rightly, once. Violations and departures are so few that a worker is left.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.masters.actor import Actor, Request
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Performer, Play

HARMLESS: Final = ("answer", "alive", "refuse", "print", "stderr", "slow")
ENDS: Final = ("die", "kill")
COSTLY: Final = ("noise", "leave", "cut", "twice", "other id")
"""Each may cost a slot: there are fewer of them than slots."""
MANY_ATTEMPTS: Final = 60


@attrs.frozen
class Plot:
    """What one random run is about."""

    job: Job
    deeds: Mapping[int, Sequence[str]]
    """For each task, what is done when it is sent: the first time, the second time ..."""
    answers: Mapping[int, object]
    text: bytes
    seed: int


def plot(seed: int, codec: str) -> Plot:
    """A random job."""
    dice = random.Random(f"{seed} {codec}")  # noqa: S311 - the same for each seed
    slots = dice.randint(1, 5)
    count = dice.choice((1, 2, 7, 20, 60))
    costly = slots - 1
    deeds: dict[int, Sequence[str]] = {}
    for index in range(count):
        wrong: list[str] = []
        while dice.random() < 0.25:
            kind = dice.choice((*HARMLESS[1:], *ENDS, *COSTLY))
            if kind in COSTLY:
                if not costly:
                    continue
                costly -= 1
            wrong.append(kind)
        deeds[index] = [*wrong, dice.choice(("answer", "answer", "answer", "alive", "print", "stderr", "slow"))]
    items = [value(dice, codec) for _ in range(dice.choice((0, 0, 1, 3)))]
    job = Job(
        tasks=list(range(count)),
        workers=slots,
        preparation=[*items, None] if items else [],
        codec=codec,
        max_attempts=MANY_ATTEMPTS,
        pickle_protocol=dice.randint(0, 5),
        task_timeout_s=dice.choice((None, 20.0)),
    )
    answers = {index: value(dice, codec) for index in range(count)}
    return Plot(job, deeds, answers, dice.choice((b"", b"bye\n", b"\xff no line end", b"a\n" * 3000)), seed)


def value(dice: random.Random, codec: str, depth: int = 0) -> object:
    """A random value of the data model."""
    kinds = ["none", "bool", "int", "float", "str", "list", "dict"] + (
        ["bytes", "tuple", "set"] if codec == "pickle" else []
    )
    kind = dice.choice(kinds[:5] if depth > 3 else kinds)
    inner: Callable[[], object] = lambda: value(dice, codec, depth + 1)  # noqa: E731
    size = dice.choice((0, 1, 2, 5)) if depth else dice.choice((0, 1, 3, 40))
    made: dict[str, Callable[[], object]] = {
        "none": lambda: None,
        "bool": lambda: dice.random() < 0.5,
        "int": lambda: dice.choice((0, -1, 2**31, -(2**53 - 1), dice.randint(-1000, 1000))),
        "float": lambda: dice.choice((0.5, -1e300, 5e-324, dice.random())),
        "str": lambda: dice.choice(("", "x", "\u00e9\U0001f600\n\0", "long " * dice.choice((1, 60, 20_000)))),
        "list": lambda: [inner() for _ in range(size)],
        "dict": lambda: {f"key {number}": inner() for number in range(size)},
        "bytes": lambda: dice.randbytes(dice.choice((0, 1, 255, 70_000))),
        "tuple": lambda: tuple(inner() for _ in range(size)),
        "set": lambda: {dice.randint(0, 99) for _ in range(size)},
    }
    return made[kind]()


class Scene:
    """Has the played workers do what the plot says."""

    def __init__(self, plot: Plot) -> None:
        self.plot = plot
        self.sent: dict[int, int] = {}
        self.dice = random.Random(f"cuts of {plot.seed}")  # noqa: S311 - likewise

    def role(self, actor: Actor) -> None:
        """One worker."""
        actor.prepare(len(self.plot.job.preparation))
        while (request := actor.request()) is not None:
            index = request.payload
            assert isinstance(index, int)
            times = self.sent[index] = self.sent.get(index, 0) + 1
            deeds = self.plot.deeds[index]
            self.do(deeds[min(times, len(deeds)) - 1], actor, request, index)
        actor.write(self.plot.text, "text")
        actor.exit(self.dice.choice((0, 0, 1)))

    def do(self, deed: str, actor: Actor, request: Request, index: int) -> None:
        """One deed, and the answer unless it ends the request or the worker."""
        if deed in self.ends:
            return self.ends[deed](actor, request)
        if deed in self.before:
            self.before[deed](actor, request)
        printed = (["out\n"], "err") if deed == "print" else (None, None)
        answer = self.message(actor, (request.task_id, self.plot.answers[index]), *printed)
        if deed == "cut":
            actor.write(answer[: len(answer) // 2])
            return actor.exit(self.dice.choice((0, 3)))
        self.write(actor, answer)
        if deed == "twice":
            self.wrong(actor, self.message(actor, (request.task_id, "WRONG")))
        return None

    @property
    def ends(self) -> Mapping[str, Callable[[Actor, Request], None]]:
        """Deeds in place of an answer."""
        return {
            "refuse": lambda actor, request: self.write(actor, self.message(actor, ("TooBusy", request.task_id, 0.01))),
            "die": lambda actor, _: actor.exit(3),
            "kill": lambda actor, _: actor.die(9),
            "leave": lambda actor, _: actor.exit(0),
            "noise": lambda actor, _: self.wrong(actor, b"noise in the middle\n"),
            "other id": lambda actor, request: self.wrong(
                actor, self.message(actor, (request.task_id + 10**9, "WRONG"))
            ),
        }

    @property
    def before(self) -> Mapping[str, Callable[[Actor, Request], None]]:
        """Deeds before the answer."""
        return {
            "alive": lambda actor, request: self.write(
                actor, self.message(actor, ("Alive", request.task_id)) * self.dice.choice((1, 2, 40))
            ),
            "stderr": lambda actor, _: actor.write_error(b"a line on standard error\n" * self.dice.choice((1, 5000))),
            "slow": lambda actor, _: actor.rest(self.dice.choice((0.01, 0.1))),
        }

    def message(self, actor: Actor, first: object, out: object = None, err: object = None) -> bytes:
        """A response; each worker ends all its messages with a newline, or none (SHUT-9)."""
        return actor.encoded((first, out, err), newline=actor.slot % 2 == 0)

    def write(self, actor: Actor, data: bytes) -> None:
        """In one piece, or cut at random."""
        cuts = sorted(self.dice.randrange(len(data)) for _ in range(self.dice.choice((0, 0, 1, 3, 12))))
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            actor.write(data[start:end], "a piece of a response")

    def wrong(self, actor: Actor, data: bytes) -> None:
        """A violation."""
        actor.write(data)
        actor.ended_within(10)


def check(play: Play, plot: Plot) -> None:
    """
    Whether all is as it must be.

    Raises:
        Finding: It is not.
    """
    play.run(plot.job, Scene(plot).role, limit_s=60)
    for index, answer in plot.answers.items():
        play.check_answer(index, answer, "JOB-1")
    play.check_count("JOB-1")
    ids = [request.task_id for actor in play.actors for request in actor.requests]
    play.check("RUN-2", len(ids) == len(set(ids)), "an id came twice", "a new id for each request")
    for actor in play.actors:
        came = [message.value for message in actor.messages[: len(plot.job.preparation)]]
        whole = len(came) == len(plot.job.preparation)
        play.check("PREP-2", not whole or came == list(plot.job.preparation), f"{actor.name} got {came}", "equal items")
    play.check("SHUT-10", not play.left, f"processes {play.left} were left", "none")
    lines = play.account.outputs
    text = plot.text.decode("utf-8", "surrogateescape")
    ended = [actor for actor in play.actors if actor.eof_s is not None and actor.ending]
    expected = len(text) * len(ended)
    total = sum(len(line) for each in lines for line in each)
    # A response that comes twice is text where the input was closed after the first one.
    excess = any("twice" in deeds for deeds in plot.deeds.values())
    play.check(
        "SHUT-8",
        total == expected or (excess and total > expected),
        f"{total} characters of text came",
        f"{expected}, of {len(ended)} workers",
    )


def main() -> int:
    """Explores; gives 1 if anything was wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--codec", choices=("pickle", "json"), default="pickle")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    began_s, wrong = time.monotonic(), 0
    for seed in range(given.seed, given.seed + given.count):
        chosen = plot(seed, given.codec)
        play = Play(Performer(command=given.command, codec=given.codec), "JOB-1")
        try:
            check(play, chosen)
        except Finding as finding:
            wrong += 1
            lines = [
                f"seed {seed}: {finding}",
                f"  deeds: {chosen.deeds}",
                *play.transcript.last_lines(60),
                play.screen[-1000:],
            ]
            sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.write(f"{given.count} runs, {wrong} wrong, {time.monotonic() - began_s:.0f} s\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
