"""
The workers' programs, written into a folder of the run.

Those on the template are ``workers/python/worker.py`` as it is shipped, with the part after its mark replaced: what
every reader of the README gets. Those on ``serve()`` are the README's three lines.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TEMPLATE: Final = ROOT / "workers/python/worker.py"
MARK: Final = "# ---- your part"
FOLDER_VARIABLE: Final = "SPREADJOBS_BENCH_FOLDER"
"""Where a measuring child finds the programs."""
COMPILED_VARIABLE: Final = "SPREADJOBS_BENCH_COMPILED"
"""Where the package lies whose hot modules are compiled, if there is one."""

_NO_PREPARATION: Final = "\n\ndef prepare(items):\n    pass\n"
_MAIN: Final = '\n\nif __name__ == "__main__":\n    main()\n'
_SERVE: Final = '\n\nif __name__ == "__main__":\n    serve(task)\n'

NOOP: Final = "\n\ndef task(payload):\n    return payload\n"
NAP: Final = """
import os
import time


def task(payload):
    if payload[1]:
        time.sleep(payload[1])
    return os.getpid() if payload[0] is None else payload[0]
"""
"""Sleeps for the seconds of the pair (index, seconds) and gives the index back, or for None says who it is."""
BYTES: Final = """

HELD = {}


def task(size):
    if size not in HELD:
        HELD[size] = b"." * size
    return HELD[size]
"""
"""Gives so many bytes, each of them the opcode that ends a pickle, which it makes once."""

BARE: Final = """\
import os, pickle
requests = os.fdopen(0, "rb")
while True:
    try:
        task_id, payload = pickle.load(requests)
    except EOFError:
        break
    os.write(1, pickle.dumps(((task_id, payload), None, None), 4))
"""
"""The least that answers requests: no capture of prints, no refusals, no errors, no codec but this."""

STRAIGHT: Final = """\
import os, pickle
requests, answers = os.fdopen(0, "rb"), os.fdopen(1, "wb", 0)
held = {}
while True:
    try:
        task_id, size = pickle.load(requests)
    except EOFError:
        break
    if size not in held:
        held[size] = b"." * size
    pickle.dump(((task_id, held[size]), None, None), answers, 4)
"""
"""Gives so many bytes without a copy in the worker: pickle writes a large object from where it lies."""


def _template(part: str) -> str:
    head, mark, _ = TEMPLATE.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{TEMPLATE} has no line that begins with {MARK!r}: the benchmark replaces what follows it")
    return f"{head}{MARK}\n{_NO_PREPARATION}{part}{_MAIN}"


def _serve(part: str) -> str:
    return f"from spreadjobs.worker import serve\n{part}{_SERVE}"


def texts() -> dict[str, str]:
    """Give the text of each program, by its name."""
    return {
        "template": _template(NOOP),
        "serve": _serve(NOOP),
        "template nap": _template(NAP),
        "serve nap": _serve(NAP),
        "template bytes": _template(BYTES),
        "serve bytes": _serve(BYTES),
        "bare": BARE,
        "straight bytes": STRAIGHT,
    }


def ends_with_newline(program: str) -> bool:
    """Whether it writes a newline after each answer, which a bare ``pickle.load`` would stumble over. Spec PKL-5."""
    return not program.startswith(("bare", "straight"))


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(' ', '_')}.py"


def write_programs(folder: Path) -> None:
    """Write all of them."""
    for name, text in texts().items():
        _path(folder, name).write_text(text, encoding="utf-8")


def command(name: str) -> list[str]:
    """Give the argument list of a worker."""
    return [sys.executable, str(_path(Path(os.environ[FOLDER_VARIABLE]), name))]
