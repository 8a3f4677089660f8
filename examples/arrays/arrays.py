"""
Large arrays for workers that are not in Python: in a file of shared memory, of which the payload has the path.

python examples/arrays/arrays.py [--mib 64]

Prints the time of each way in turn: a worker in C and one in Perl that read the file, and the same C worker that gets
all numbers as JSON. It needs numpy; the worker in C needs a C compiler and jansson. What is not here is skipped.
"""

from __future__ import annotations

import argparse
import itertools
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from spreadjobs import Master, Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

HERE: Final = Path(__file__).resolve().parent
WORKERS: Final = HERE.parents[1] / "workers"
SHARED: Final = Path("/dev/shm")  # noqa: S108 - memory that looks like a folder; any folder will do
PARTS: Final = 4
JSON_SHARE: Final = 16
"""As JSON one part of the array in so many is sent: all of it would take minutes."""


@contextmanager
def in_a_file(array: NDArray[np.float64]) -> Iterator[dict[str, object]]:
    """Give a payload that says where the array is. The file goes when the block is left, in whatever way."""
    where = SHARED if SHARED.is_dir() else None
    with tempfile.NamedTemporaryFile(prefix="spreadjobs-", suffix=".f8", dir=where) as file:
        array.astype("<f8", copy=False).tofile(file)
        file.flush()
        yield {"path": file.name, "dtype": "<f8", "shape": list(array.shape)}


def parts(payload: dict[str, object], size: int) -> list[dict[str, object]]:
    """The same file for several tasks: each takes its part of the numbers."""
    bounds = [size * number // PARTS for number in range(PARTS + 1)]
    return [{**payload, "first": a, "count": b - a} for a, b in itertools.pairwise(bounds)]


def with_my_part(template: Path, mine: Path, target: Path) -> None:
    """Write a worker: the template down to the line where its user's part begins, and then this part."""
    before, mark, _ = template.read_text(encoding="utf-8").partition("---- your part")
    if not mark:
        raise ValueError(f"{template} has no line '---- your part', after which {mine.name} belongs")
    target.write_text(before + mark + "\n" + mine.read_text(encoding="utf-8"), encoding="utf-8")


def worker_in_c(folder: Path) -> list[str]:
    """Build the worker in C; what it answers is the reason where that cannot be done."""
    if shutil.which("cc") is None:
        raise LookupError("there is no C compiler (Debian: apt-get install gcc libjansson-dev)")
    with_my_part(WORKERS / "c" / "worker.c", HERE / "task.c", folder / "worker.c")
    build = ["cc", "-O2", "-o", "worker", "worker.c", "-ljansson", "-lm"]
    built = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False)
    if built.returncode:
        if "jansson.h" in built.stderr:
            raise LookupError("there is no jansson (Debian: apt-get install libjansson-dev)")
        raise RuntimeError(built.stderr)
    return [str(folder / "worker")]


def worker_in_perl(folder: Path) -> list[str]:
    """Write the worker in Perl."""
    if shutil.which("perl") is None:
        raise LookupError("there is no perl")
    with_my_part(WORKERS / "perl" / "worker.pl", HERE / "task.pl", folder / "worker.pl")
    return ["perl", str(folder / "worker.pl")]


def totals(worker: list[str], payloads: list[object]) -> tuple[float, float, float]:
    """Sum, norm, and the seconds that it took, with two workers that have started."""
    with Master([worker, worker], settings=Settings(codec="json")) as master:
        master.run([[0.0], [0.0]])
        begun_s = time.perf_counter()
        answers = master.run(payloads)
        taken_s = time.perf_counter() - begun_s
    sums, squares = 0.0, 0.0
    for answer in answers:
        match answer:
            case {"sum": float() | int() as part, "norm": float() | int() as norm}:
                sums, squares = sums + part, squares + norm**2
            case _:
                raise TypeError(f"{answer!r} came; sum and norm are due")
    return sums, math.sqrt(squares), taken_s


def compare(array: NDArray[np.float64], folder: Path) -> Iterator[str]:
    """Have sum and norm of the array made in each way, and say what they took."""
    for language, make in (("C", worker_in_c), ("Perl", worker_in_perl)):
        try:
            worker = make(folder)
        except LookupError as reason:
            yield f"SKIP {language}: {reason}"
            continue
        begun_s = time.perf_counter()
        with in_a_file(array) as payload:
            written_s = time.perf_counter() - begun_s
            found, norm, taken_s = totals(worker, [*parts(payload, array.size)])
        check(found, norm, array)
        yield f"{language}, by a file: {written_s + taken_s:.3f} s, of which {written_s:.3f} s to write it"
        if language == "C":
            few = array[: array.size // JSON_SHARE]
            begun_s = time.perf_counter()
            lists: list[object] = [part.tolist() for part in np.array_split(few, PARTS)]
            found, norm, _ = totals(worker, lists)
            as_json_s = (time.perf_counter() - begun_s) * JSON_SHARE
            check(found, norm, few)
            yield f"{language}, as JSON: {as_json_s:.3f} s, {as_json_s / (written_s + taken_s):.0f} times as long"


def check(found: float, norm: float, array: NDArray[np.float64]) -> None:
    """Stop at a wrong answer."""
    if not math.isclose(found, array.sum(), rel_tol=1e-9) or not math.isclose(
        norm, np.linalg.norm(array), rel_tol=1e-9
    ):
        raise ValueError(f"a wrong answer: sum {found!r} and norm {norm!r}")


def main() -> None:
    """Do all that."""
    parser = argparse.ArgumentParser(description="Large arrays for workers that are not in Python.")
    parser.add_argument("--mib", type=int, default=64, help="the size of the array")
    options = parser.parse_args()
    array = np.random.default_rng(1).random(options.mib * 2**20 // 8)
    with tempfile.TemporaryDirectory() as folder:
        for line in compare(array, Path(folder)):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
