"""Runs over connections that misbehave on purpose: what comes of them, and that the same seed does the same."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from chaotic import CODECS, MISDEEDS, QUIET, message, only
from processes import ENVIRONMENT, belongings
from programs import ECHO, echo, program

import spreadjobs.chaos
from spreadjobs import LEGACY, Answered, Arguments, Connection, Master, NoResponse, Settings, SubprocessConnection, main
from spreadjobs.chaos import Chaos, ChaosConnection, Incident, Misdeed
from spreadjobs.settings import Codec

PATIENT = Settings(task_timeout_s=1.0, max_attempts=30, max_kills=30, max_violations=1000)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Whatever a test does, no process, thread or descriptor is left after it. [SHUT-10]"""
    before = belongings()
    yield
    assert belongings() == before


def numbers(count: int) -> list[object]:
    """So many tasks for the template."""
    return [echo(number) for number in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_a_run_comes_through_each_misdeed(misdeed: Misdeed, codec: Codec) -> None:
    """Every answer is there and right, and the workers ended as they had to. [JOB-1, JOB-2, VIO-2, BUSY-3]"""
    arguments = [*QUIET, "--codec", codec]
    chaos = only(misdeed, 0.15)
    settings = Settings(codec=codec, window=1, task_timeout_s=0.5, max_attempts=30, max_kills=30, max_violations=1000)
    done = main(numbers(40), [arguments] * 3, chaos, [None], past_performance=None, settings=settings)

    assert done.results == list(range(40))
    assert {incident.misdeed for incident in chaos.incidents} == {misdeed}
    reasons = "; ".join(report.reason for report in done.workers)
    said = {
        "kill": "killed by SIGKILL",
        "stall": "no response to its oldest request within",
        "garbage": "is due, which begins with" if codec == "pickle" else "came where a JSON text is due",
        "busy": "",
        "truncate": "in the middle of a message",
    }
    assert said[misdeed] in reasons
    ended = sum(incident.misdeed != "busy" for incident in chaos.incidents)
    assert len(done.workers) <= 3 + ended


def fates(incidents: Sequence[Incident]) -> dict[str, list[tuple[int, Misdeed]]]:
    """What befell each worker."""
    found: dict[str, list[tuple[int, Misdeed]]] = defaultdict(list)
    for incident in incidents:
        found[incident.worker].append((incident.response, incident.misdeed))
    return found


def one_after_another(chaos: Callable[[Arguments], Connection], count: int = 40) -> None:
    """A run in which nothing is left to chance but the chaos: one worker, one request at a time."""
    settings = Settings(window=1, max_attempts=30, max_kills=30, max_violations=1000)  # Nobody is late, however slow.
    done = main(numbers(count), [QUIET], chaos, [None], past_performance=None, settings=settings)
    assert done.results == list(range(count))


@pytest.mark.slow
def test_the_same_seed_is_the_same_chaos() -> None:
    """With one worker and one request at a time all of a run is the same, restarts included; not with another seed."""
    first, second, other = Chaos(stall=0, seed=7), Chaos(stall=0, seed=7), Chaos(stall=0, seed=8)
    for chaos in (first, second, other):
        one_after_another(chaos)

    assert len(fates(first.incidents)) > 2
    assert first.incidents == second.incidents
    assert fates(first.incidents) != fates(other.incidents)


@pytest.mark.slow
def test_the_same_worker_has_the_same_fate_in_every_run() -> None:
    """With several workers chance says who does which task, and yet not what becomes of the nth response of ``2.3``."""
    runs = []
    for _ in range(2):
        chaos = Chaos(stall=0, seed=7)
        with Master([QUIET] * 4, chaos, [None], settings=PATIENT) as master:
            outcomes = list(master.outcomes(numbers(300), ordered=False))
        assert all(isinstance(outcome, Answered) for outcome in outcomes)
        runs.append(fates(chaos.incidents))

    both = runs[0].keys() & runs[1].keys()
    assert len(both) > 8
    for name in both:
        shorter, longer = sorted((runs[0][name], runs[1][name]), key=len)
        assert shorter == longer[: len(shorter)], name


@pytest.mark.slow
def test_a_worker_that_was_killed_is_not_killed_for_ever() -> None:
    """As the issue writes it, in a factory of the user's: each start has another name, and so another fate. [JOB-5]"""
    incidents: list[Incident] = []

    def factory(arguments: Arguments) -> ChaosConnection:
        return ChaosConnection(SubprocessConnection(arguments), kill=0.5, stall=0, busy=0, incidents=incidents)

    one_after_another(factory, 8)

    assert {name.partition(".")[0] for name in fates(incidents)} == {"1"}
    assert len({fate[-1][0] for fate in fates(incidents).values()}) > 1


def test_who_is_killed_each_time_answers_nothing() -> None:
    """A chance of 1 leaves no way through, and the run says so instead of going on for ever. [JOB-4]"""
    chaos = only("kill")
    with pytest.raises(NoResponse, match="killed by SIGKILL"):
        main(numbers(3), [QUIET], chaos, [None], past_performance=None, settings=Settings(max_kills=3))

    assert chaos.incidents == [Incident(f"1.{number}", 1, "kill") for number in (1, 2, 3)]


def test_another_factory_starts_the_workers() -> None:
    """It gets the arguments as the master gave them, and what it raises reaches the master. [EXEC-1]"""
    got: list[list[str]] = []

    def factory(arguments: Arguments) -> Connection:
        got.append(list(arguments))
        return SubprocessConnection(arguments)

    chaos = only(None, factory=factory)
    assert main(numbers(3), [QUIET], chaos, [None], past_performance=None).results == [0, 1, 2]
    assert got == [QUIET]
    with pytest.raises(FileNotFoundError):
        chaos(Arguments(["/nowhere/at/all"]))


def test_the_old_dialect_has_its_own_refusals() -> None:
    """Untagged workers bear no ids: an instance of TooBusy comes, and no value is mistaken for one. [UNT-5, INST-2]"""
    chaos = only("busy", 0.4, dialect="untagged")
    worker = [*QUIET, "--dialect", "untagged"]
    done = main(numbers(20), [worker] * 2, chaos, [None], past_performance=None, settings=LEGACY)

    assert done.results == list(range(20))
    assert len(chaos.incidents) > 3


def test_text_after_the_last_answer_is_handed_on() -> None:
    """What a worker says at its end is among the outputs, whatever it looks like, however likely chaos is. [SHUT-8]"""
    program = f"""
import pickle, sys
while True:
    try:
        task_id, payload = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    pickle.dump(((task_id, payload), None, None), sys.stdout.buffer); sys.stdout.flush()
print("(this begins as a pickle does")
print({message([1, 2], "json").decode()!r}, end="")
"""
    chaos = Chaos(kill=0.2, stall=0, garbage=0, busy=0.2, truncate=0.2)
    settings = Settings(max_kills=200)
    done = main([1, 2, 3], [[sys.executable, "-S", "-c", program]], chaos, past_performance=None, settings=settings)

    assert done.outputs == [["(this begins as a pickle does\n", message([1, 2], "json").decode()]]


@pytest.mark.slow
def test_a_run_that_is_left_early_leaves_nothing() -> None:
    """Workers are dying, stalled and at work; what is left of them, and of the chaos, is ended. [SHUT-10]"""
    chaos = Chaos(kill=0.1, stall=0.1, garbage=0.1, busy=0.1, truncate=0.1)
    with Master([QUIET] * 4, chaos, [None], settings=PATIENT) as master:
        stream = master.stream(numbers(1000), ordered=False)
        assert len([next(stream) for _ in range(12)]) == 12
        stream.close()
    with pytest.raises(KeyError), Master([QUIET] * 4, chaos, [None], settings=PATIENT) as master:
        raise KeyError(next(master.stream(numbers(1000), ordered=False)))


def test_the_example_of_the_module_runs(tmp_path: Path) -> None:
    """As it is written, with tasks and a worker beside it; it prints what was done."""
    text = textwrap.dedent(str(spreadjobs.chaos.__doc__).partition("::\n")[2].partition("What a run needs")[0])
    (tmp_path / "worker.py").write_text(program(ECHO)[2], encoding="utf-8")
    (tmp_path / "example.py").write_text(f"todo = range(30)\n{text}print(results)\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        env={**ENVIRONMENT, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    incidents, results = done.stdout.splitlines()
    assert incidents.startswith("[Incident(worker=")
    assert results == str(list(range(30)))
