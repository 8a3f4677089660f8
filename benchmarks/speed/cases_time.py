"""The cases in which workers, and the time that things take to begin and to end, count."""

from __future__ import annotations

from collections.abc import Sequence

from speed.values import Case, Contestant, Figure, Kind, Load

NAP = "template nap"
MANY = "1,000 workers, tasks of 1 s"
SAME_RATE = "2 workers, tasks of 2 ms, window=1"
FEW = "2 workers, tasks of 1 s"
NO_PAUSE = "2 workers, noop tasks, window=1"


def _last_answer(share: float) -> Case:
    load = Load(max(100, round(1000 * share)), 4, 0.05, NAP)
    return Case(
        "last",
        "Tasks of 50 ms on 4 workers: the last answer",
        "Tasks sleep. Workers are warm, since the start of an interpreter takes as long as a task does. The ideal is "
        f"{load.tasks} x 50 ms / 4; what is over it includes what `time.sleep` itself oversleeps.",
        [Contestant("ours", "ours:last_answer", load)],
        rounds=3,
        shown=[("s", "s"), ("over_ideal", "of the ideal")],
        figures=[
            Figure("the last answer, over the ideal", "last answer", Kind.OVER, ("ours", "over_ideal"), None, 2.0, 2.0)
        ],
    )


def _many(share: float) -> Case:
    tasks, key = max(2_000, round(10_000 * share)), "cpu_us"
    return Case(
        "many",
        "1,000 workers: the master's CPU time a task",
        "CPU time of the master's thread. Two workers would need more than an hour for as many tasks of 1 s; so they "
        "get as many at the same rate, 1,000 a second: tasks of 2 ms, with window=1, since tasks of 1 s are never "
        "sent ahead either. As a harder reference they also get noop tasks with window=1, where the master never "
        "waits for long and its caches stay warm. Below are a few tasks of 1 s on 2 workers, where the master mostly "
        "waits, one answer at a time, and looks around twice a second. Workers are warm.",
        [
            Contestant(MANY, "ours:many_workers", Load(tasks, 1000, 1.0, NAP), limit_s=240),
            Contestant(SAME_RATE, "ours:many_workers", Load(tasks, 2, 0.002, NAP, window=1), limit_s=120),
            Contestant(NO_PAUSE, "ours:many_workers", Load(tasks, 2, 0.0, NAP, window=1), limit_s=120),
            Contestant(FEW, "ours:many_workers", Load(max(4, round(10 * share)), 2, 1.0, NAP), limit_s=120),
        ],
        rounds=2,
        shown=[("cpu_us", "µs CPU a task"), ("s", "s in all")],
        against=SAME_RATE,
        figures=[
            Figure(
                f"master CPU a task, 1,000 workers against {few}", "many", Kind.TIMES, (MANY, key), (few, key), 2.0, 1.2
            )
            for few in (SAME_RATE, NO_PAUSE)
        ],
    )


def _start(program: str, who: str, text: str) -> Case:
    load = Load(workers=64, program=program)
    return Case(
        f"start-{program.split()[0]}",
        f"Starting 64 workers: {who}",
        f"{text} From making the Master to the return of the last Popen, against the same Popen, with three pipes and"
        " a session of its own, 64 times in a loop.",
        [
            Contestant("ours", "starting:ours", load),
            Contestant("64 bare Popen", "starting:bare", load),
        ],
        rounds=9,
        shown=[("s", "s until the last was started")],
        against="64 bare Popen",
        figures=[
            Figure(f"start of 64: {who}", "start", Kind.TIMES, ("ours", "s"), ("64 bare Popen", "s"), 1.3, 1.1),
        ],
    )


def _fixed(share: float) -> Case:
    return Case(
        "fixed",
        "One task from nothing",
        "`main([1], [worker])` in a process in which all is imported, against a bare Popen of the same worker (the "
        "template, which does a noop), a request, an answer, the end of its input and the wait for its exit. Both in "
        "turn; a round's value is the median.",
        [Contestant("one task", "pairs:fixed_cost", Load(max(5, round(25 * share))))],
        rounds=5,
        shown=[("ours", "s, main()"), ("bare", "s, bare")],
        figures=[
            Figure(
                "fixed cost of main()", "fixed", Kind.MORE_MS, ("one task", "ours"), ("one task", "bare"), 10.0, 3.0
            ),
        ],
    )


def _consumer(share: float, way: str, text: str) -> Case:
    load = Load(max(50, round(200 * share)), 4, 0.02, NAP, way)
    return Case(
        f"consumer-{way}",
        f"A caller that {text}",
        "Tasks sleep for 20 ms on 4 warm workers, the answers come one by one and in order.",
        [
            Contestant("ours: stream()", "ours:slow_consumer", load),
            Contestant("Pool.imap, chunksize=1", "peers:slow_consumer", load),
        ],
        rounds=3,
        shown=[("s", "s")],
        against="Pool.imap, chunksize=1",
        figures=[
            Figure(
                f"a caller that {text}",
                "consumer",
                Kind.TIMES,
                ("ours: stream()", "s"),
                ("Pool.imap, chunksize=1", "s"),
                1.5,
                1.05,
            )
        ],
    )


def time_cases(share: float) -> Sequence[Case]:
    """
    Give the cases.

    Args:
        share: Of the tasks of a full run.
    """
    return [
        _last_answer(share),
        _many(share),
        _start("template nap", "template workers", "A task of 1 s waits for each of them."),
        _start("cat", "cat, without tasks", "Commands without tasks, whose input is closed at once."),
        _fixed(share),
        _consumer(share, "sleep", "sleeps 12 ms an answer"),
        _consumer(share, "compute", "computes for 12 ms an answer"),
        _consumer(share, "pause", "pauses 0.25 s every 25 answers"),
    ]
