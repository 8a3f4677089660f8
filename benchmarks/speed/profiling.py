"""
Where the time of a noop task goes, in the master and in a worker: jobs for children, as all measuring.

Two views. Stages are CPU times without a profiler: the whole, and those parts that can be done alone, on the same
messages. Functions are what cProfile says: it makes calls dearer than they are, most of all short ones, so its times
are only good for comparing functions with each other; its numbers of calls are exact.
"""

from __future__ import annotations

import cProfile
import importlib.util
import marshal
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final, TypeAlias

from speed.clock import check, warm
from speed.ours import make_master
from speed.programs import command
from speed.values import Load
from spreadjobs import Settings
from spreadjobs.codec import make_decoder, make_encoder

Stats: TypeAlias = Mapping[tuple[str, int, str], tuple[int, int, float, float, object]]
"""By file, line and name of a function: calls, in two ways of counting, seconds in itself, in all, and its callers."""
CALLS: Final = " calls"
"""The key of a function's number of calls a task ends so."""
AHEAD: Final = 64
FUNCTIONS: Final = 28
PROFILER: Final = """\
import cProfile, runpy, sys
program, result = sys.argv[1:]
sys.argv = [program]
profile = cProfile.Profile()
try:
    profile.runcall(runpy.run_path, program, run_name="__main__")
finally:
    profile.dump_stats(result)
"""


def _cpu_us(do: Callable[[], object], tasks: int) -> float:
    """CPU time of this thread a task."""
    begun_s = time.thread_time()
    do()
    return 1e6 * (time.thread_time() - begun_s) / tasks


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _system_s() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_stime


def master_stages(load: Load) -> dict[str, float]:
    """CPU of the master a task, and of it what encoding and decoding take when they are done alone."""
    before_s = _children_s()
    with make_master(load) as master:
        warm(master.run)
    without_s = _children_s() - before_s
    before_s = _children_s()
    with make_master(load) as master:
        warm(master.run)
        system_s, begun_s = _system_s(), time.perf_counter()
        cpu_us = _cpu_us(lambda: check(master.run(range(load.tasks)), range(load.tasks)), load.tasks)
        wall_us = 1e6 * (time.perf_counter() - begun_s) / load.tasks
        system_us = 1e6 * (_system_s() - system_s) / load.tasks
    workers_us = 1e6 * (_children_s() - before_s - without_s) / load.tasks
    encoding_us, decoding_us, loading_us = _codec_alone(load.tasks)
    return {
        "wall time a task": wall_us,
        "CPU of the master": cpu_us,
        "- of it encoding the requests, done alone": encoding_us,
        "- of it decoding and checking the bytes of the answers, done alone, in reads of 64 answers": decoding_us,
        "- - of that pickle.loads, done alone": loading_us,
        "- the rest: reads, writes and waits; the plan, the books, the states, the order of the answers": (
            cpu_us - encoding_us - decoding_us
        ),
        "- in the kernel, wherever that was; the system samples it, so it is rough": system_us,
        "CPU of the workers, all together": workers_us,
    }


def _codec_alone(tasks: int) -> tuple[float, float, float]:
    encode, feed = make_encoder(Settings()).encode, make_decoder(Settings()).feed
    answers = [pickle.dumps(((100_000 + index, index), [], []), 4) + b"\n" for index in range(tasks)]
    reads = [b"".join(answers[start : start + AHEAD]) for start in range(0, tasks, AHEAD)]
    return (
        _cpu_us(lambda: [encode((100_000 + index, index)) for index in range(tasks)], tasks),
        _cpu_us(lambda: [feed(data) for data in reads], tasks),
        _cpu_us(lambda: [pickle.loads(answer) for answer in answers], tasks),
    )


def master_functions(load: Load) -> dict[str, float]:
    """What cProfile says of the master: time in each function itself, and calls, a task."""
    profile = cProfile.Profile()
    with make_master(load) as master:
        warm(master.run)
        answers = profile.runcall(master.run, range(load.tasks))
        check(answers, range(load.tasks))
        profile.create_stats()
    return _functions(profile.stats, load.tasks)


def _functions(stats: Stats, tasks: int) -> dict[str, float]:
    """The functions that take most, a task."""
    own: list[tuple[float, float, str]] = []
    for (file, line, function), (_, calls, own_s, _, _) in stats.items():
        name = f"{Path(file).stem}.{function}, line {line}" if line else function
        own.append((1e6 * own_s / tasks, calls / tasks, name))
    own.sort(reverse=True)
    values: dict[str, float] = {}
    for us, calls_a_task, name in own[:FUNCTIONS]:
        values[name], values[name + CALLS] = us, calls_a_task
    return values


def worker_functions(load: Load) -> dict[str, float]:
    """What cProfile says of a worker that reads its requests from a file, so that it never waits."""
    with tempfile.TemporaryDirectory() as folder:
        requests, result = _requests(Path(folder), load.tasks), Path(folder) / "result"
        with requests.open("rb") as stdin:
            arguments = [sys.executable, "-c", PROFILER, command(load.program)[-1], str(result)]
            subprocess.run(arguments, stdin=stdin, stdout=subprocess.DEVNULL, check=True)
        stats: Stats = marshal.loads(result.read_bytes())  # the form in which cProfile keeps it
    return _functions(stats, load.tasks)


def _requests(folder: Path, tasks: int) -> Path:
    path = folder / "requests"
    path.write_bytes(b"".join(pickle.dumps((100_000 + index, index), 4) for index in range(tasks)))
    return path


def worker_stages(load: Load) -> dict[str, float]:
    """CPU of a worker a task when it never waits; for the template, also its parts done alone."""
    with tempfile.TemporaryDirectory() as folder:
        whole_us = _worker_cpu_us(Path(folder), load)
        if load.program != "template":
            return {"CPU of the worker": whole_us}
        loading_us, parts = _template_alone(_requests(Path(folder), load.tasks), load.tasks)
    rest_us = whole_us - loading_us - sum(parts.values())
    return {
        "CPU of the worker": whole_us,
        "- pickle.load of the request, done alone": loading_us,
        **parts,
        "- the rest: the loop around these": rest_us,
    }


def _worker_cpu_us(folder: Path, load: Load) -> float:
    """From the difference to a worker that gets one task, which is its start and end."""
    taken: list[float] = []
    for tasks in (1, load.tasks):
        before_s = _children_s()
        with _requests(folder, tasks).open("rb") as stdin:
            subprocess.run(command(load.program), stdin=stdin, stdout=subprocess.DEVNULL, check=True)
        taken.append(_children_s() - before_s)
    return 1e6 * (taken[1] - taken[0]) / load.tasks


def _template_alone(requests: Path, tasks: int) -> tuple[float, dict[str, float]]:
    template = _module(Path(command("template")[-1]))
    options = Namespace(codec="pickle", dialect="tagged")
    respond: Callable[[int, int, Namespace], bytes] = template.respond
    encode: Callable[[object, str], bytes] = template.encode
    with requests.open("rb") as file:
        loading_us = _cpu_us(lambda: [pickle.load(file) for _ in range(tasks)], tasks)
    responding_us = _cpu_us(lambda: [respond(100_000 + index, index, options) for index in range(tasks)], tasks)
    encoding_us = _cpu_us(
        lambda: [encode(((100_000 + index, index), [], []), "pickle") for index in range(tasks)], tasks
    )
    data = encode(((100_000, 1), [], []), "pickle")
    with Path(os.devnull).open("wb") as sink:
        writing_us = _cpu_us(lambda: [os.write(sink.fileno(), data) for _ in range(tasks)], tasks)
    return loading_us, {
        "- pickle.dumps of the response and its newline, done alone": encoding_us,
        "- catching what the task prints, and the task: respond() less the dumps": responding_us - encoding_us,
        "- os.write, to /dev/null, done alone": writing_us,
    }


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("template_alone", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
