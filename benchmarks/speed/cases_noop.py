"""The cases with noop tasks: what a task costs beyond its work."""

from __future__ import annotations

from collections.abc import Sequence

from speed.values import Case, Contestant, Figure, Kind, Load

LOCK_STEP = "ours: template, window=1"
BARE_LOCK_STEP = "bare ping-pong, the same worker"
LEAST_LOOP = "the same through a selector and this project's codec"
IMAP = "multiprocessing.Pool.imap, chunksize=1"
EXECUTOR = "ProcessPoolExecutor.map, chunksize=1"
JOBLIB = "joblib, automatic batches"
DASK = "Dask client.map"
TEMPLATE = "ours: template workers, run()"
SERVE = "ours: serve() workers, run()"
COMPILED_LOCK_STEP = "ours, compiled: template, window=1"
COMPILED_TEMPLATE = "ours, compiled: template workers, run()"
COMPILED_SERVE = "ours, compiled: serve() workers, run()"


def _contestants(share: float) -> list[Contestant]:
    def some(tasks: int, way: str = "", program: str = "template", window: int = 0) -> Load:
        return Load(tasks=max(200, round(tasks * share)), way=way, program=program, window=window)

    return [
        Contestant(TEMPLATE, "ours:noop", some(60_000, "run")),
        Contestant("ours: template workers, stream()", "ours:noop", some(60_000, "stream")),
        Contestant(SERVE, "ours:noop", some(100_000, "run", "serve")),
        Contestant("ours: serve() workers, stream()", "ours:noop", some(100_000, "stream", "serve")),
        Contestant(COMPILED_TEMPLATE, "ours:noop_compiled", some(60_000, "run"), compiled=True),
        Contestant(COMPILED_SERVE, "ours:noop_compiled", some(100_000, "run", "serve"), compiled=True),
        Contestant(IMAP, "peers:pool", some(25_000, "imap")),
        Contestant("multiprocessing.Pool.map, chunksize=1", "peers:pool", some(25_000, "map")),
        Contestant("multiprocessing.Pool.map, automatic chunks", "peers:pool", some(1_000_000, "map automatic")),
        Contestant(EXECUTOR, "peers:executor", some(8_000)),
        Contestant("loky map, chunksize=1", "peers:loky_map", some(5_000)),
        Contestant(JOBLIB, "peers:joblib_parallel", some(100_000)),
        Contestant("joblib, batch_size=1", "peers:joblib_parallel", some(3_000, window=1)),
        Contestant("mpire, automatic chunks", "peers:mpire_map", some(100_000)),
        Contestant("mpire, chunk_size=1", "peers:mpire_map", some(6_000, window=1)),
        Contestant("execnet channels, one task at each", "peers:execnet_channels", some(10_000, window=1)),
        Contestant("execnet channels, 64 tasks ahead at each", "peers:execnet_channels", some(10_000, window=64)),
        Contestant(DASK, "peers:dask_map", some(2_000), limit_s=90),
        Contestant("bare pickles over pipes, 1 worker, lock-step", "raw:ping_pong", some(30_000, "", "bare", 1)),
        Contestant("bare pickles over pipes, 1 worker, 64 ahead", "raw:ping_pong", some(100_000, "", "bare", 64)),
        Contestant("the same with the template as the worker", "raw:ping_pong", some(60_000, "", "template", 64)),
    ]


def _faster(who: str, row: str, reference: str, at_least: float, aim: float) -> Figure:
    return Figure(f"{who} against {reference}", row, Kind.FASTER, (who, "us"), (reference, "us"), at_least, aim)


def _figures() -> list[Figure]:
    all_ours = (TEMPLATE, SERVE, COMPILED_TEMPLATE, COMPILED_SERVE)
    return [
        *(_faster(who, "imap", IMAP, 4, 7) for who in all_ours),
        *(_faster(who, "executor", EXECUTOR, 20, 40) for who in all_ours),
        *(_faster(who, "joblib", JOBLIB, 0.6, 1.5 if "serve()" in who else 1.0) for who in all_ours),
        *(_faster(who, "dask", DASK, 300, 600) for who in all_ours),
    ]


def noop_cases(share: float) -> Sequence[Case]:
    """
    Give the cases.

    Args:
        share: Of the tasks of a full run.
    """
    return [
        Case(
            "noop",
            "Noop tasks, 2 workers",
            "A task gives back the int that it gets. Pools are warm: they have done 600 tasks before the clock "
            "starts. Each contestant gets as many tasks as keep it busy for about a second. CPU is that of the "
            "calling process alone, all of its threads. Chunks and batches merge tasks into one message: an answer "
            "then comes when its whole batch is done, and whoever dies takes the whole batch along; this project "
            "never does that. The bare loops have one worker, no checks, no failures to tell apart and no order to "
            "keep: the first is the limit of lock-step, the second that of requests sent ahead, written 32 at a time. "
            "What is called compiled is this project's package as `HATCH_BUILD_HOOK_ENABLE_MYPYC=true` builds it.",
            _contestants(share),
            rounds=5,
            shown=[("us", "µs a task"), ("cpu_us", "µs CPU a task")],
            against=IMAP,
            figures=_figures(),
        ),
        Case(
            "lockstep",
            "A round trip, one worker, window=1",
            "Noop tasks, one at a time, on one template worker. The bare loop writes a pickle and reads one, on the "
            "same pipes and with the same worker. The least loop does nothing for the tasks either, but has what a "
            "master of many workers needs: one wait for all pipes, which never block, and a codec that runs no code.",
            [
                Contestant(LOCK_STEP, "ours:noop", Load(round(20_000 * share), 1, window=1)),
                Contestant(
                    COMPILED_LOCK_STEP, "ours:noop_compiled", Load(round(20_000 * share), 1, window=1), compiled=True
                ),
                Contestant(BARE_LOCK_STEP, "raw:ping_pong", Load(round(20_000 * share), 1, window=1)),
                Contestant(LEAST_LOOP, "raw:least_loop", Load(round(20_000 * share), 1, window=1)),
            ],
            rounds=7,
            shown=[("us", "µs a task"), ("cpu_us", "µs CPU a task")],
            against=BARE_LOCK_STEP,
            figures=[
                Figure(
                    f"{words} against a bare ping-pong",
                    "lock-step",
                    Kind.TIMES,
                    (who, "us"),
                    (BARE_LOCK_STEP, "us"),
                    1.5,
                    1.25,
                )
                for who, words in ((LOCK_STEP, "round trip"), (COMPILED_LOCK_STEP, "round trip, compiled"))
            ],
        ),
    ]
