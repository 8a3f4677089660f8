"""
A soak: many tasks on workers that misbehave without end, and every task is answered exactly once, with the right value.

    python tests/soak.py [--tasks N] [--workers W] [--seed N] [--codec pickle|json] [--timeout-s S]
                         [--broken wrong|lost|doubled]

Exits with 1 if a task was lost, doubled, wrong or not answered, if a process, thread or descriptor is left, or if there
was no such chaos as there should be. ``--broken`` spoils the outcome of one task, to show that this is found.

What the settings must be for that follows from the odds; ``Needs`` computes it. Its reasons, all of them in
``spreadjobs/ledger.py`` (``charge``), ``spreadjobs/endings.py`` (``release``, ``settle``) and spec JOB-2 to JOB-5:

- What becomes of a request is one draw: answered, refused, or its worker ends. A refusal changes nothing, it is drawn
  again. A task is charged only with the end of a worker on which it was alone, which is less often than its own draws
  say. So ends of one kind, with probability ``p`` against ``a`` for an answer, charge a task ``m`` times before it is
  answered with a probability of ``(p / (p + a)) ** m`` at most, whatever else befalls it in between.
- Ends by KILL (kill, truncate) count apart, up to ``max_kills``; the others (stall, garbage) up to ``max_attempts``.
- A slot is given up after so many ends without any answer so far: the same sum, with slots in place of tasks, for
  ``restarts`` and ``max_kills``. Once it has answered, the ends of workers that held a task do not count, and chaos
  ends no others.
- Garbage is a violation, and those are counted over the whole run: no slot has more of them than there are in all. The
  number of garbages before the last answer is bounded by Chernoff: of ``n`` draws with chance ``q``, a share ``s > q``
  or more has a probability of ``exp(-n * (s * log(s / q) + (1 - s) * log((1 - s) / (1 - q))))`` at most.
- ``task_timeout_s`` is what each stall costs. It is short, and on a busy machine others than the stalled may be late:
  ``SPARE`` of all draws may be, and were more than that late, the soak fails and says so.

Each of the four has a quarter of ``CHANCE``, by the sum of the probabilities.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import attrs
from processes import belongings

from spreadjobs import Answered, Master, Outcome, Settings, WorkerReport
from spreadjobs.chaos import Chaos, Misdeed

CHANCE: Final = 1e-6
"""Of a single task set aside, or a single slot given up, in the whole run."""
SPARE: Final = 0.01
"""So large a part of the responses may be late though nothing befell them."""
LONGEST_SILENCE_S: Final = 120
LARGE_EVERY: Final = 500
LARGE_BYTES: Final = 100_000
"""More than a pipe holds, and than one read takes."""
MISDEEDS: Final[tuple[Misdeed, ...]] = ("kill", "stall", "garbage", "busy", "truncate")

Broken = Literal["wrong", "lost", "doubled"]

# Not the worker of the library: 25,000 of them are started, and this one starts three times as fast.
WORKER: Final = f"""
import sys
requests, answers = sys.stdin.buffer, sys.stdout.buffer
if sys.argv[1] == "json":
    import json
    take, newline = lambda: json.loads(requests.readline() or "null"), "\\n"
    give = lambda response: (json.dumps(response) + newline).encode()
else:
    import _pickle
    give = lambda response: _pickle.dumps(response, 4) + b"\\n"
    def take():
        try:
            return _pickle.load(requests)
        except EOFError:
            return None
while True:
    request = take()
    if request is None:
        break
    task_id, number = request
    size = {LARGE_BYTES} if number % {LARGE_EVERY} == 0 else number % 50
    value = [number, pow(number, 3, 1000003), chr(97 + number % 26) * size]
    answers.write(give(((task_id, value), None, None)))
    answers.flush()
"""


def right(number: int) -> list[object]:
    """What the answer to a task must be."""
    size = LARGE_BYTES if number % LARGE_EVERY == 0 else number % 50
    return [number, number**3 % 1000003, "abcdefghijklmnopqrstuvwxyz"[number % 26] * size]


@attrs.frozen(kw_only=True)
class Soak:
    """What is to be done."""

    tasks: int
    workers: int = 8
    seed: int = 7
    codec: Literal["pickle", "json"] = "pickle"
    timeout_s: float = 0.25
    broken: Broken | None = None


def fewest(ratio: float, trials: int, chance: float) -> int:
    """The least m of which ``trials * ratio ** m`` is no more than the chance."""
    return max(1, math.ceil(math.log(trials / chance) / -math.log(ratio)))


def most_before(answers: int, ratio: float, chance: float) -> int:
    """A number that the events before so many answers do not reach but with this chance; ratio: of events to both."""
    events = math.ceil(answers * ratio / (1 - ratio)) + 1
    while True:
        draws = answers + events - 1
        share, rest = events / draws, (draws - events) / draws
        if share > ratio:
            exponent = share * math.log(share / ratio) + (rest * math.log(rest / (1 - ratio)) if rest else 0.0)
            if draws * exponent >= -math.log(chance):
                return events
        events += 1


@attrs.frozen
class Needs:
    """The settings under which a soak goes well but for ``CHANCE``. The reasons are at the head of this file."""

    max_attempts: int
    max_kills: int
    restarts: int
    max_violations: int

    @classmethod
    def of(cls, chaos: Chaos, soak: Soak) -> Needs:
        """Compute them."""
        answer = 1 - chaos.kill - chaos.stall - chaos.garbage - chaos.busy - chaos.truncate - SPARE
        kills, others = chaos.kill + chaos.truncate, chaos.stall + chaos.garbage + SPARE
        part = CHANCE / 4
        return cls(
            max_attempts=fewest(others / (others + answer), soak.tasks, part),
            max_kills=fewest(kills / (kills + answer), soak.tasks + soak.workers, part),
            restarts=fewest(others / (others + answer), soak.workers, part),
            max_violations=most_before(soak.tasks, chaos.garbage / (chaos.garbage + answer), part),
        )


@attrs.define
class Tally:
    """What came of it."""

    seen: Counter[int] = attrs.field(factory=Counter)
    outcomes: Counter[str] = attrs.field(factory=Counter)
    wrong: list[int] = attrs.field(factory=list)
    most_attempts: int = 0
    most_kills: int = 0

    def take(self, outcome: Outcome[object]) -> None:
        """One outcome."""
        index = outcome.task_index
        self.seen[index] += 1
        self.outcomes[type(outcome).__name__] += 1
        kills = sum(attempt.cause == "killed" for attempt in outcome.attempts)
        self.most_kills = max(self.most_kills, kills)
        self.most_attempts = max(self.most_attempts, len(outcome.attempts) - kills)
        if isinstance(outcome, Answered) and outcome.value != right(index):
            self.wrong.append(index)


def faults(soak: Soak, tally: Tally) -> Iterator[str]:
    """What must not be."""
    if lost := [index for index in range(soak.tasks) if not tally.seen[index]]:
        yield f"{len(lost)} lost: {lost[:9]}"
    if doubled := [index for index, times in tally.seen.items() if times > 1]:
        yield f"{len(doubled)} doubled: {doubled[:9]}"
    if unknown := [index for index in tally.seen if not 0 <= index < soak.tasks]:
        yield f"{len(unknown)} never given: {unknown[:9]}"
    if tally.wrong:
        yield f"{len(tally.wrong)} wrong: {tally.wrong[:9]}"
    if set(tally.outcomes) != {"Answered"}:
        yield f"not all were answered: {dict(tally.outcomes)}"


def calm(soak: Soak, chaos: Chaos, timed_out: int) -> Iterator[str]:
    """That it was no such chaos as it should be, if it was none: nothing was shown then."""
    done = Counter(incident.misdeed for incident in chaos.incidents)
    answer = 1 - chaos.kill - chaos.stall - chaos.garbage - chaos.busy - chaos.truncate
    for misdeed in MISDEEDS:
        due = soak.tasks * float(getattr(chaos, misdeed)) / answer
        if done[misdeed] < max(1.0, due - 5 * math.sqrt(due)):  # five standard deviations
            yield f"no chaos: {done[misdeed]} of {due:.0f} times {misdeed}"
    spurious = timed_out - done["stall"]
    if spurious > SPARE * soak.tasks:
        yield f"{spurious} workers were late and not stalled: --timeout-s {soak.timeout_s} is too short here"
    # Some that are stalled may be ended for something else first, such as at the end of the run.
    if timed_out < done["stall"] // 2:
        yield f"only {timed_out} workers were late, though {done['stall']} were stalled: what counts them is wrong"


def spoilt(outcomes: Iterator[Outcome[object]], soak: Soak) -> Iterator[Outcome[object]]:
    """The outcomes, but for one if it is to be broken."""
    for outcome in outcomes:
        struck = soak.broken is not None and outcome.task_index == soak.tasks // 2
        if struck and soak.broken == "wrong" and isinstance(outcome, Answered):
            yield attrs.evolve(outcome, value=[])
            continue
        if struck and soak.broken == "lost":
            continue
        yield outcome
        if struck and soak.broken == "doubled":
            yield outcome


def run(soak: Soak, chaos: Chaos, worker: Path) -> tuple[Tally, Sequence[WorkerReport]]:
    """Do the tasks."""
    needs = Needs.of(chaos, soak)
    settings = Settings(codec=soak.codec, task_timeout_s=soak.timeout_s, **attrs.asdict(needs))
    say(f"chances {odds(chaos)}; settings {attrs.asdict(needs)}, task_timeout_s={soak.timeout_s}")
    tally = Tally()
    watchdog = Watchdog(soak, tally)
    begun_s = time.monotonic()
    arguments = [sys.executable, "-I", "-S", str(worker), soak.codec]
    with Master([arguments] * soak.workers, chaos, settings=settings) as master:
        for count, outcome in enumerate(spoilt(master.outcomes(range(soak.tasks), ordered=False), soak), 1):
            tally.take(outcome)
            watchdog.restart()
            if count % max(1, soak.tasks // 10) == 0:
                say(f"{count} of {soak.tasks} after {time.monotonic() - begun_s:.0f} s")
    watchdog.stop()
    return tally, master.workers


class Watchdog:
    """Ends a soak in which nothing comes any more: a task that never ends is as bad as one that is lost."""

    def __init__(self, soak: Soak, tally: Tally) -> None:
        self._soak = soak
        self._tally = tally
        signal.signal(signal.SIGALRM, self._bite)
        self.restart()

    def restart(self) -> None:
        """Something came."""
        signal.alarm(LONGEST_SILENCE_S)

    def stop(self) -> None:
        """All has come."""
        signal.alarm(0)

    def _bite(self, *_: object) -> None:
        missing = [index for index in range(self._soak.tasks) if not self._tally.seen[index]]
        raise TimeoutError(f"nothing for {LONGEST_SILENCE_S} s; {len(missing)} tasks have not ended: {missing[:9]}")


def odds(chaos: Chaos) -> str:
    """How likely each misdeed is."""
    return ", ".join(f"{misdeed} {getattr(chaos, misdeed)}" for misdeed in MISDEEDS)


def late(reports: Sequence[WorkerReport]) -> int:
    """How many workers were ended because a response was late."""
    return sum("no response to its oldest request" in report.reason for report in reports)


def summary(chaos: Chaos, tally: Tally, reports: Sequence[WorkerReport]) -> str:
    """What was done to the workers, and what came of it."""
    done: Counter[Misdeed] = Counter(incident.misdeed for incident in chaos.incidents)
    made = ", ".join(f"{done[misdeed]} {misdeed}" for misdeed in MISDEEDS)
    return (
        f"{len(chaos.incidents)} times chaos: {made}\n"
        f"{len(reports)} workers were started, {late(reports)} of them were late; "
        f"a task was charged with {tally.most_attempts} ends at most, and with {tally.most_kills} kills"
    )


def main() -> int:
    """Run the soak and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    parser.add_argument("--tasks", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--codec", choices=["pickle", "json"], default="pickle")
    parser.add_argument("--timeout-s", type=float, default=0.25)
    parser.add_argument("--broken", choices=["wrong", "lost", "doubled"])
    soak = Soak(**vars(parser.parse_args()))
    chaos = Chaos(seed=soak.seed)
    before = belongings()
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        worker = Path(folder, "worker.py")
        worker.write_text(WORKER, encoding="utf-8")
        tally, reports = run(soak, chaos, worker)
    took_s = time.monotonic() - begun_s
    say(f"{soak.tasks} tasks on {soak.workers} workers in {took_s:.1f} s, seed {soak.seed}, {soak.codec}")
    say(summary(chaos, tally, reports))
    found = [*calm(soak, chaos, late(reports)), *faults(soak, tally)]
    if (after := belongings()) != before:
        found.append(f"left: processes, threads, descriptors are {after} and were {before}")
    say("\n".join(found) or "each task ended once, answered rightly; no process, thread or descriptor is left")
    return 1 if found else 0


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
