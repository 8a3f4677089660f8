"""
Runs the fuzz target for a time, prints its coverage, and says how to see a finding again. ``make fuzz`` calls it.

    python fuzz/run.py SECONDS FOLDER [--keep]

FOLDER gets what this run found new (``corpus``) and the findings (``findings``). ``--keep`` puts into fuzz/corpus what
adds coverage, with as few files as do. The exit status is 0 if there was no finding.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE / "corpus"
MOST_KEPT = 280
"""The smallest of them: what is kept is in the repository."""
LIMITS = ["-timeout=20", "-rss_limit_mb=3072", "-max_len=4096"]


def fuzzer(*arguments: str) -> int:
    """Run the target with libFuzzer's arguments; give its exit status."""
    command = [sys.executable, str(HERE / "feed.py"), *LIMITS, *arguments]
    return subprocess.run(command, check=False, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}).returncode


def fill(corpus: Path) -> None:
    """Put the seeds and the kept inputs where the fuzzer works."""
    from fuzz_seeds import inputs  # noqa: PLC0415 - it imports the library

    corpus.mkdir(parents=True, exist_ok=True)
    for index, data in enumerate(inputs()):
        (corpus / f"seed-{index:03}").write_bytes(data)
    for path in KEPT.iterdir():
        shutil.copy(path, corpus / path.name)


def keep(folder: Path) -> int:
    """Make the kept corpus anew from all inputs: those that together reach all that was reached."""
    least = folder / "least"
    shutil.rmtree(least, ignore_errors=True)
    least.mkdir()
    status = fuzzer("-set_cover_merge=1", "-verbosity=0", str(least), str(folder / "corpus"), str(KEPT))
    if not status and any(least.iterdir()):
        shutil.rmtree(KEPT)
        KEPT.mkdir()
        for path in sorted(least.iterdir(), key=lambda path: path.stat().st_size)[:MOST_KEPT]:
            shutil.copy(path, KEPT / path.name)
        print(
            f"{len(list(KEPT.iterdir()))} inputs, {sum(path.stat().st_size for path in KEPT.iterdir())} bytes in {KEPT}"
        )
    return status


def main(arguments: list[str]) -> int:
    """Fuzz; see the module's text."""
    if importlib.util.find_spec("atheris") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        print(
            f"atheris is not installed for Python {version}. It has wheels for CPython 3.11 to 3.14 on Linux; name "
            "another interpreter: make clean fuzz PYTHON=python3.11",
            file=sys.stderr,
        )
        return 2
    seconds, folder = arguments[0], Path(arguments[1])
    findings = folder / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    fill(folder / "corpus")
    status = fuzzer(
        f"-max_total_time={seconds}", f"-artifact_prefix={findings}/", "-print_final_stats=1", str(folder / "corpus")
    )
    for path in sorted(set(findings.iterdir()) - before):
        status = status or 1
        print(f"\nA finding: {path}\nSee it again: {sys.executable} {HERE / 'feed.py'} {path}")
    if not status:
        print(f"\nno finding in {seconds} s")
        status = keep(folder) if "--keep" in arguments else 0
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
