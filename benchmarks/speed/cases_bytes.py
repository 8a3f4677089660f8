"""The cases in which bytes and memory count: large answers, long lists, ten million tasks."""

from __future__ import annotations

from collections.abc import Sequence

from speed.pairs import LISTS
from speed.values import Case, Contestant, Figure, Kind, Load

MEGABYTE = 10**6
GIBIBYTE = 2**30
IN_TURN = "one bare loop, a worker after the other"


def _large(share: float, program: str, who: str) -> Case:
    load = Load(tasks=2 * round(400 * share), program=program, size_bytes=MEGABYTE)
    ours = f"ours: {who}, stream()"
    return Case(
        f"large-{program.split()[0]}",
        f"Answers of 1 MB, 2 workers: {who}",
        "An answer is a bytes object. The bare loops use `pickle.load` on the pipe's buffered reader and check "
        "nothing but the length; a further request always waits at each worker, as with ours.",
        [
            Contestant(ours, "ours:large_answers", load),
            Contestant(IN_TURN, "raw:large_in_turn", load),
            Contestant("a bare loop in a thread a worker", "raw:large_in_threads", load),
        ],
        rounds=7,
        shown=[("ms", "ms an answer"), ("mb_s", "MB/s")],
        against=IN_TURN,
        figures=[Figure(f"1 MB, {who}", "large", Kind.SHARE, (ours, "ms"), (IN_TURN, "ms"), 80, 95)],
    )


def _huge() -> Case:
    load = Load(workers=1, program="straight bytes", size_bytes=GIBIBYTE)
    return Case(
        "huge",
        "One answer of 1 GiB",
        "From the request to the object in the master. The worker holds the bytes already and writes them from where "
        "they lie, so that reading is what takes the time. Peak is the most memory that the master's process, a fresh"
        " one, ever had resident, the interpreter included.",
        [
            Contestant("ours", "ours:huge_answer", load, limit_s=90),
            Contestant("pickle.load on the pipe", "raw:huge_answer", load, limit_s=90),
        ],
        rounds=5,
        shown=[("s", "s"), ("peak_of_payload", "peak / payload")],
        against="pickle.load on the pipe",
        figures=[
            Figure("1 GiB, time", "huge time", Kind.TIMES, ("ours", "s"), ("pickle.load on the pipe", "s"), 1.5, 1.2),
            Figure(
                "1 GiB, peak memory / payload",
                "huge memory",
                Kind.PER_UNIT,
                ("ours", "peak"),
                None,
                2.2,
                1.1,
                due=GIBIBYTE,
            ),
        ],
    )


def _lists() -> Case:
    kinds = [(way, protocol) for way in LISTS for protocol in (2, 5)]
    names = {kind: f"{kind[0]}, protocol {kind[1]}" for kind in kinds}
    return Case(
        "lists",
        "An answer of 1.8 MB of list items",
        "A response that holds a long list, from bytes to a checked message: the decoder that the master has for each"
        " worker, fed in reads of 256 KiB as the loop does it, against `pickle.loads` of the whole. Both in turn, 15 "
        "times in a child; a round's value is the median.",
        [
            Contestant(names[kind], "pairs:decode_list", Load(way=kind[0], protocol=kind[1]), limit_s=90)
            for kind in kinds
        ],
        rounds=5,
        shown=[("ours", "s, ours"), ("bare", "s, pickle.loads"), ("bytes", "bytes")],
        figures=[
            Figure(f"list of {name}", "lists", Kind.TIMES, (name, "ours"), (name, "bare"), 1.5, 1.2)
            for name in names.values()
        ],
    )


def _memory(tasks: int) -> Case:
    who = f"ours: template workers, {tasks:,} tasks"
    return Case(
        "memory",
        "Peak memory of a long stream",
        "`stream()` over a generator of ints, no answer kept; the peak is that of the master's whole process.",
        [Contestant(who, "ours:streamed_memory", Load(tasks=tasks), limit_s=600)],
        rounds=1,
        shown=[("peak", "bytes at the peak"), ("us", "µs a task")],
        figures=[
            Figure(f"{tasks:,} tiny tasks streamed", "memory", Kind.MEGABYTES, (who, "peak"), None, 100, 100),
        ],
    )


def bytes_cases(share: float) -> Sequence[Case]:
    """
    Give the cases.

    Args:
        share: Of the tasks of a full run.
    """
    return [
        _large(share, "template bytes", "template workers"),
        _large(share, "serve bytes", "serve() workers"),
        _huge(),
        _lists(),
        _memory(round(10_000_000 * share * share)),
    ]
