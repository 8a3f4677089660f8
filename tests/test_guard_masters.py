"""Masters with guarded workers: one that is killed, one that stops a worker, the conformance kit."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from guarded import GONE, NAMES, WAYS, guarded, python
from kit_runs import kit
from processes import ENVIRONMENT, group, identity, logged, survivors
from programs import TEMPLATE

from spreadjobs import Answered, Master, Quarantined, Settings

ways = pytest.mark.parametrize("options", WAYS, ids=NAMES)

MASTER = """
import json, os, sys
from spreadjobs import Master
with Master([json.loads(sys.argv[1])]) as master:
    print(master.run([{"do": "answer_pid", "log": sys.argv[2]}])[0], flush=True)
    if sys.argv[3]:
        master.run([{"do": sys.argv[3], "log": sys.argv[2]}])
    sys.stdin.read()
"""
UNAWARE = """
import pickle, sys
sys.path.insert(0, sys.argv[1])
import busy
while True:
    try:
        task_id, payload = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    pickle.dump(((task_id, busy.work(payload)), None, None), sys.stdout.buffer)
    sys.stdout.flush()
"""
"""A worker that looks at nothing while it works."""
WORKER = python(UNAWARE, Path(__file__).parent)
HASTY = Settings(task_timeout_s=1.0, max_attempts=1)
WARM_UP = {"do": "nothing", "log": ""}


def is_there(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    return False


@ways
@pytest.mark.parametrize(
    ("do", "processes"), [("", 1), ("sleep", 2), ("wait_for_child", 3), ("wait_for_stubborn_child", 3)]
)
def test_workers_end_with_a_master_that_is_killed(tmp_path: Path, options: list[str], do: str, processes: int) -> None:
    """Idle or busy, with their children and their guards. [SHUT-10]"""
    log = tmp_path / "log"
    command = [sys.executable, "-c", MASTER, json.dumps(guarded(WORKER, *options)), str(log), do]
    with subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as master:
        assert master.stdout is not None
        worker = int(master.stdout.readline())
        everyone = [*logged(log, processes), identity(worker)]
        leader = int(Path(f"/proc/{worker}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[2])
        assert leader != worker

        master.kill()

        assert survivors([*everyone, *group(leader)]) == []


@ways
def test_a_worker_that_takes_too_long_is_stopped_with_its_guard(tmp_path: Path, options: list[str]) -> None:
    """The master's signals go to the group: the program has TERM, and the master sees it end by that. [SHUT-10]"""
    log = tmp_path / "log"
    with Master([guarded(WORKER, *options)], settings=HASTY) as master:
        master.run([WARM_UP])
        (outcome,) = master.outcomes([{"do": "sleep", "log": str(log)}])

    assert isinstance(outcome, Quarantined)
    assert master.workers[0].signal == "SIGTERM"
    assert not is_there(int(log.read_text(encoding="ascii")))


@ways
def test_a_master_works_with_guarded_workers(options: list[str]) -> None:
    """They end in good order. [SHUT-5]"""
    with Master([guarded(WORKER, *options)] * 2) as master:
        outcomes = list(master.outcomes([{"do": "nothing", "log": ""}] * 100))

    assert all(isinstance(outcome, Answered) for outcome in outcomes)
    assert [(report.status, report.stderr) for report in master.workers] == [(0, ())] * 2
    assert GONE not in str(master.workers)


@ways
@pytest.mark.parametrize("codec", ["pickle", "json"])
def test_a_guarded_worker_is_conformant(options: list[str], codec: str) -> None:
    """The kit sees no difference: ends, pipes, messages of every size. [EXEC-2]"""
    cases = ["exec/*", "eof/*", "wire/[mos]*", "run/exit*", "prep/in-one-write*"]
    chosen = [word for case in cases for word in ("--case", case)]

    run = kit("--codec", codec, *chosen, "--", *guarded(TEMPLATE, *options, "--codec", codec), "--codec", codec)

    assert run.status == 0, run.out


@ways
def test_a_guarded_command_is_conformant(options: list[str]) -> None:
    """In command mode, too. [CMD-5]"""
    run = kit("--class", "command", "--", *guarded(["echo", "hello"], *options))

    assert run.status == 0, run.out


def test_no_signal_of_the_master_is_for_the_guard_alone(tmp_path: Path) -> None:
    """A worker with a handler of TERM is sent it once; the master waits for its end. [SHUT-10]"""
    log = tmp_path / "log"
    with Master([guarded(WORKER)], settings=HASTY) as master:
        master.run([WARM_UP])
        list(master.outcomes([{"do": "clean_up", "log": str(log)}]))

    assert (tmp_path / "log.atexit").exists()
    assert master.workers[0].status == 3
