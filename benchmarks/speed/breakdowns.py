"""The profiles that a run makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from speed.report import Breakdown
from speed.values import Contestant, Load, Reading

STAGES: Final = (
    "CPU time without any profiler. The parts that are marked so were done alone, on the same messages, and fit "
    "together only roughly. Wall time is less than the sum of the CPU times, since master and workers run side by "
    "side; it cannot be less than the CPU of the master, nor than all CPU divided by the cores."
)
FUNCTIONS: Final = (
    "cProfile: the time in each function itself, without what it calls. The profiler makes every call dearer, by more"
    " than a short function takes; so compare the rows with each other, not with the clock. Waiting counts: in poll "
    "for answers, and in a write or read while another process has the core. Calls a task are exact: below 1 they "
    "show how many tasks one system call carries."
)


def _contestants(tasks: int) -> list[tuple[Contestant, str]]:
    def of(name: str, job: str, program: str, text: str) -> tuple[Contestant, str]:
        return Contestant(name, f"profiling:{job}", Load(tasks, program=program), limit_s=90), text

    return [
        of("The master, 2 template workers: stages", "master_stages", "template", STAGES),
        of("The master, 2 serve() workers: stages", "master_stages", "serve", STAGES),
        of("The master, 2 serve() workers: functions", "master_functions", "serve", FUNCTIONS),
        of(
            "A template worker that never waits: stages",
            "worker_stages",
            "template",
            f"Requests come from a file and answers go to /dev/null: no pipe, no waiting, no other process. {STAGES}",
        ),
        of(
            "A serve() worker that never waits",
            "worker_stages",
            "serve",
            "As above, all of it. Its parts are below.",
        ),
        of("A serve() worker that never waits: functions", "worker_functions", "serve", FUNCTIONS),
        of("The least worker that never waits", "worker_stages", "bare", "pickle.load, pickle.dumps, os.write."),
    ]


def profiles(measure: Callable[[Contestant], Reading], *, quick: bool) -> list[Breakdown]:
    """Make all of them."""
    tasks = 10_000 if quick else 50_000
    return [Breakdown(contestant.name, text, measure(contestant)) for contestant, text in _contestants(tasks)]
