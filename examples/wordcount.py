"""
Count the words of all source files of the Python standard library over a worker a core; then their lines by ``wc -l``.

    python examples/wordcount.py [FOLDER]

The workers are ``wordcount_worker.py`` beside this file: a copy of ``workers/python/worker.py`` with its task function
replaced. FOLDER is another folder of ``*.py`` files. Exit status 0 if all totals agree with counts made in one process,
otherwise 1.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from wordcount_worker import count_words

from spreadjobs import main

T = TypeVar("T")
Files = dict[Path, bytes]
WORKER = Path(__file__).with_name("wordcount_worker.py")


def source_files(folder: Path) -> Files:
    """Read all ``*.py`` below a folder, installed packages left out."""
    paths = sorted(path for path in folder.rglob("*.py") if path.is_file())
    return {path: path.read_bytes() for path in paths if not {"site-packages", "dist-packages"} & {*path.parts}}


def cores() -> int:
    """How many processes can run at once: on Linux, those that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def as_counter(answer: object) -> Counter[str]:
    """Take one answer of a worker. This gives ``main()`` its type, and refuses an answer of another shape."""
    if not isinstance(answer, dict):
        raise TypeError(f"a dict of words and numbers was due, a {type(answer).__name__} came")
    counts = Counter[str]()
    for word, number in answer.items():
        if not isinstance(word, str) or not isinstance(number, int):
            raise TypeError(f"a word and a number were due, {word!r} and {number!r} came")
        counts[word] = number
    return counts


def total(counts: list[Counter[str]]) -> Counter[str]:
    """Add the counts of all files."""
    words = Counter[str]()
    for each in counts:
        words.update(each)
    return words


def count_in_workers(files: Files, workers: int) -> Counter[str]:
    """Count the words of each file in one of the workers: a task a file."""
    spread = main(files.values(), [[sys.executable, str(WORKER)]] * workers, answer=as_counter)
    for worker in spread.workers:
        print(f"    worker {worker.name}: {worker.answered} files, busy for {worker.busy_s:.2f} s")
    return total(spread.results)


def count_here(files: Files) -> Counter[str]:
    """Count the same words by the same function in this process."""
    return total([Counter(count_words(text)) for text in files.values()])


def lines_by_command(files: Files) -> dict[str, int]:
    """Count lines with a plain Linux command as the worker: one ``wc -l`` a folder."""
    folders: dict[Path, list[str]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(str(file))
    _, outputs = main([], [["wc", "-l", *paths] for paths in folders.values()])
    lines: dict[str, int] = {}
    for paths, output in zip(folders.values(), outputs, strict=True):
        # One line a file in the order asked for; then, for more than one file, their total.
        for path, line in zip(paths, output, strict=False):
            number, _, name = line.strip().partition(" ")
            if name == path:
                lines[path] = int(number)
    return lines


def timed(job: Callable[[], T]) -> tuple[T, float]:
    """Do a job; return its result and how many seconds it took."""
    started = time.perf_counter()
    return job(), time.perf_counter() - started


def compare_words(files: Files, workers: int) -> bool:
    """Count words over workers and here, and report. Returns whether the counts agree."""
    words, workers_s = timed(lambda: count_in_workers(files, workers))
    expected, here_s = timed(lambda: count_here(files))
    print("The twenty commonest words:")
    for word, number in words.most_common(20):
        print(f"    {number:8} {word}")
    print(f"{workers} worker(s), their start included: {workers_s:.2f} s")
    print(f"this process alone: {here_s:.2f} s, {here_s / workers_s:.2f} times as long")
    if here_s < workers_s:
        each_ms = here_s / len(files) * 1e3
        print(f"    (at {each_ms:.2f} ms a file, carrying it to a worker costs more than counting it here)")
    print(
        f"{words.total()} words, {len(words)} different ones: the counts {'agree' if words == expected else 'DIFFER'}"
    )
    return words == expected


def compare_lines(files: Files) -> bool:
    """Count lines by commands and here, and report. Returns whether the counts agree."""
    lines, commands_s = timed(lambda: lines_by_command(files))
    expected, here_s = timed(lambda: {str(path): text.count(b"\n") for path, text in files.items()})
    folders = {path.parent for path in files}
    print(f"{len(folders)} commands `wc -l`, one a folder: {commands_s:.2f} s; this process alone: {here_s:.2f} s")
    print(f"{sum(lines.values())} lines: the counts {'agree' if lines == expected else 'DIFFER'}")
    return lines == expected


def run(folder: Path) -> int:
    """Do both jobs. Returns the exit status."""
    files = source_files(folder)
    size_bytes = sum(len(text) for text in files.values())
    print(f"{len(files)} source files below {folder}, {size_bytes / 1e6:.1f} MB, now all in memory")
    agreed = [compare_words(files, cores()), compare_lines(files)] if files else [False]
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(sysconfig.get_path("stdlib"))))
