"""
Our master, with ``LEGACY``, drives real workers under Python 2.7 that import gmisclib.

    python3 our_master.py PYTHON2 FOLDER...

PYTHON2: a Python 2.7. FOLDER...: where gmisclib, and what it imports, can be imported from. Prints what was checked;
the exit status is 1 if anything differs.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from pathlib import Path
from typing import Final

import attrs

from spreadjobs import LEGACY, RemoteException, main, notComputed

HERE: Final = Path(__file__).resolve().parent
REFERENCE: Final = HERE.parents[1] / "workers" / "python2" / "worker.py"
LIMIT_S: Final = 120


@attrs.define
class Checks:
    """What was compared."""

    different: int = 0

    def check(self, what: str, came: object, due: object) -> None:
        """Compare values and their types."""
        same = repr(came) == repr(due)
        print("same    " if same else "DIFFERS ", what)
        if not same:
            self.different += 1
            print(f"  came: {came!r}\n  due:  {due!r}")


def failure_of(todo: list[object], worker: list[str], preparation: list[object]) -> RemoteException | None:
    """Give what is raised for the tasks."""
    try:
        main(todo, [worker], stdin=preparation, settings=LEGACY)
    except RemoteException as error:
        return error
    return None


def ancestors_worker(python: str, checks: Checks) -> None:
    """A worker with the loop and the classes of gmisclib."""
    worker = [python, "-B", str(HERE / "ancestor_worker.py")]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        todo: list[object] = [*range(300), "refuses", "prints", "text é", ("a", None), 2**70]
        spread = main(todo, [worker], stdin=["model é"], settings=LEGACY)
    due = [*(2 * number for number in range(300)), *todo[300:]]
    checks.check("the answers of gmisclib's worker, two refusals among them", spread.results, due)
    refusals = "#slot so300 ------\nno licence\n" * 2
    checks.check("its lines", out.getvalue(), f"{refusals}#slot so301 ------\none\ncafé\n")
    checks.check("its lines on standard error", "#slot se301 ------\nto stderr\n" in err.getvalue(), True)  # noqa: FBT003
    checks.check("what it wrote at its end", spread.outputs, [["prepared with model é\n"]])
    spread = main(range(300), [worker, worker, worker], stdin=["m"], settings=LEGACY)
    checks.check("300 answers of three of them", spread.results, [2 * number for number in range(300)])
    error = failure_of([1, "raises", 3], worker, ["m"])
    checks.check("its RemoteException is raised", error and (error.type_name, error.message), ("ValueError", "café"))
    checks.check("the task, its lines", error and (error.task_index, error.out), (1, ["before it raised\n"]))
    checks.check("answers so far", error and list(error.partial), [2, notComputed, notComputed])


def reference_worker(python: str, checks: Checks) -> None:
    """Our worker for Python 2.7, which takes gmisclib's classes in the untagged dialect."""
    worker = [python, "-B", str(REFERENCE), "--dialect", "untagged"]
    busy = {"op": "busy", "key": "k", "delay_s": 0.01, "times": 2}
    todo = ["three short words", {"op": "echo", "value": [b"\xff", "é"]}, busy, {"op": "prepared"}]
    spread = main(todo, [worker], stdin=["é", None], settings=LEGACY)
    checks.check("the answers of our worker beside gmisclib", spread.results, [3, [b"\xff", "é"], "done", ["é"]])
    error = failure_of([{"op": "raise", "type": "Boom", "message": "é"}], worker, [None])
    checks.check("its RemoteException is raised", error and (error.type_name, error.message), ("Boom", "é"))


def run(python: str, folders: list[str]) -> int:
    """Drive both, and give the exit status."""
    signal.alarm(LIMIT_S)
    os.environ["PYTHONPATH"] = os.pathsep.join(str(Path(folder).resolve()) for folder in folders)
    checks = Checks()
    ancestors_worker(python, checks)
    reference_worker(python, checks)
    return 1 if checks.different else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(run(sys.argv[1], sys.argv[2:]))
