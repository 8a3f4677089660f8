"""
What it costs to send a numpy array to a worker and back: time, and copies by the peak of memory.

python benchmarks/array_copies.py [--mib 256] [--rounds 3]

It needs numpy and Linux. Every measurement has a master and a worker of its own, so that their peaks (VmHWM) are those
of three arrays sent one after another and of nothing else. All ways take turns in each round, and ratios are of one
round.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from spreadjobs import NUMPY, Master, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
TASKS: Final = 3
WAYS: Final = ("bare", "template 4", "template 5", "serve 4", "serve 5")
DIRECTIONS: Final = ("in", "out")
PART: Final = """
import numpy as np
kept = []

def task(payload):
    if isinstance(payload, str):
        return os.getpid()
    if isinstance(payload, int):
        kept.append(np.ones(payload))
        return None
    return kept[0] if payload is None else payload.size
"""
"""The worker: says its id, makes an array, gives it, or takes one."""
BARE: Final = f"""
import os, pickle, sys
{PART}
requests, answers = open(0, "rb"), open(1, "wb")
while True:
    try:
        payload = pickle.load(requests)
    except EOFError:
        break
    pickle.dump(task(payload), answers, 5)
    answers.flush()
    del payload
"""


def memory(pid: int | str, what: str) -> int:
    """Bytes of memory that a process has (VmRSS), or had at its peak (VmHWM)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"no {what} in /proc/{pid}/status; Linux is due")


def worker(folder: Path, kind: str) -> list[str]:
    """Write the program of a worker, and give its command."""
    if kind == "bare":
        text, command = BARE, [sys.executable, "worker.py"]
    elif kind == "serve":
        text, command = f"import os\n{PART}", [sys.executable, "-m", "spreadjobs.worker", "worker:task"]
    else:
        template = (ROOT / "workers/python/worker.py").read_text(encoding="utf-8")
        before, mark, _ = template.partition("# ---- your part")
        text = f'{before}{mark}\n{PART}\n\ndef prepare(items): pass\n\nif __name__ == "__main__":\n    main()\n'
        command = [sys.executable, "worker.py"]
    (folder / "worker.py").write_text(text, encoding="utf-8")
    return command


def bare(folder: Path, command: list[str]) -> Iterator[Callable[[object], object]]:
    """Give what sends a payload and waits for its answer, with nothing but pickle."""
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        requests, answers = process.stdin, process.stdout
        if requests is None or answers is None:
            raise TypeError("pipes were asked for")

        def ask(payload: object) -> object:
            pickle.dump(payload, requests, 5)
            requests.flush()
            answer: object = pickle.load(answers)
            return answer

        yield ask
        requests.close()


def asked(folder: Path, command: list[str], protocol: int) -> Iterator[Callable[[object], object]]:
    """The same by a Master."""
    os.chdir(folder)
    with Master([command], settings=Settings(pickle_protocol=protocol, allow=[NUMPY])) as master:
        yield lambda payload: master.run([payload])[0]


def measure(way: str, direction: str, size: int) -> dict[str, float]:
    """Send some arrays of so many bytes one after another: seconds for each, and copies in master and worker."""
    kind, _, protocol = way.partition(" ")
    with tempfile.TemporaryDirectory() as name:
        command = worker(Path(name), kind)
        asking = bare(Path(name), command) if kind == "bare" else asked(Path(name), command, int(protocol))
        ask = next(asking)
        pid = ask("pid")
        if not isinstance(pid, int):
            raise TypeError(f"{pid!r} came; a process id is due")
        array = np.ones(size // 8 if direction == "in" else 1)
        if direction == "out":
            ask(size // 8)
        payload = array if direction == "in" else None
        held = memory("self", "VmRSS"), memory(pid, "VmRSS")
        seconds = []
        for _ in range(TASKS):
            begun_s = time.perf_counter()
            answer = ask(payload)
            seconds.append(time.perf_counter() - begun_s)
            if (answer.size if isinstance(answer, np.ndarray) else answer) != size // 8:
                raise ValueError(f"{answer!r:.80} came; {size // 8} numbers are due")
            del answer
        peaks = memory("self", "VmHWM") - held[0], memory(pid, "VmHWM") - held[1]
        next(asking, None)
    return {"s": statistics.median(seconds), "master": peaks[0] / size, "worker": peaks[1] / size}


def memcpy(size: int) -> float:
    """Seconds to copy as many bytes to memory that is there already."""
    source, target = np.ones(size // 8), np.zeros(size // 8)
    target[:] = 2
    begun_s = time.perf_counter()
    target[:] = source
    return time.perf_counter() - begun_s


def report(found: dict[tuple[str, str], list[dict[str, float]]], copied: list[float], mib: int) -> str:
    """Give a table in Markdown, with the medians of all rounds."""
    lines = [
        f"{mib} MiB of float64; memcpy takes {statistics.median(copied):.3f} s",
        "",
        "| worker, protocol of the payload | array | s | of bare | of memcpy | copies in master | copies in worker |",
        "|---|---|---|---|---|---|---|",
    ]
    for (way, direction), rounds in found.items():
        bare_s = [one["s"] for one in found["bare", direction]]
        numbers = [
            statistics.median(one["s"] for one in rounds),
            statistics.median(one["s"] / base_s for one, base_s in zip(rounds, bare_s, strict=True)),
            statistics.median(one["s"] / base_s for one, base_s in zip(rounds, copied, strict=True)),
            statistics.median(one["master"] for one in rounds),
            statistics.median(one["worker"] for one in rounds),
        ]
        cells = (f"{number:.{digits}f}" for number, digits in zip(numbers, (2, 1, 0, 1, 1), strict=True))
        lines.append(" | ".join((f"| {way}", direction, *cells)) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure all ways, or one of them as a child."""
    parser = argparse.ArgumentParser(description="What it costs to send a numpy array to a worker and back.")
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = options.mib * 2**20
    if options.child:
        way, direction = options.child
        sys.stdout.write(json.dumps(measure(way, direction, size)))
        return
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    copied = []
    for _ in range(options.rounds):
        copied.append(memcpy(size))
        for way, direction in itertools.product(WAYS, DIRECTIONS):
            child = [sys.executable, __file__, "--mib", str(options.mib), "--child", way, direction]
            done = subprocess.run(child, stdout=subprocess.PIPE, check=True, text=True)
            found.setdefault((way, direction), []).append(json.loads(done.stdout))
    sys.stdout.write(report(found, copied, options.mib))


if __name__ == "__main__":
    main()
