"""
Of the 46 situations in which gmisclib 0.73.0 hangs, freezes or never lets its process end: inputs, ends, interrupts.

What stands under ``ancestor`` was measured by running it. Ids are the names of those
experiments, as far as they had one.
"""

from __future__ import annotations

import itertools
import sys
import types
from typing import Final

import attrs
from programs import ECHO, TEMPLATE, echo, program

from faults.calls import replace_by, run_with_a_callback_that_raises
from faults.programs_that_fail import GOOD, at_once, behind, once, second
from faults.scenario import FOREVER, PATIENT, QUICK, TIMED, Scenario
from spreadjobs import notComputed


def _of_a_class_that_is_only_here() -> object:
    module = types.ModuleType("only_here")
    sys.modules["only_here"] = module
    module.__dict__["Payload"] = payload = type("Payload", (), {"__module__": "only_here"})
    return payload()


def _deep(levels: int) -> object:
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


INPUTS: Final = [
    Scenario(
        id="prep_generator2",
        situation="preparation items are given as a generator, to two workers",
        ancestor="the first worker uses it up; hangs",
        workers=[TEMPLATE] * 2,
        stdin=lambda: iter(["one", 2, None]),
        todo=lambda: [{"op": "prepared"}] * 4,
        answers=[["one", 2]] * 4,
        ends=2,
    ),
    Scenario(
        id="prep_big_worker_noread",
        situation="a worker does not read its preparation (1 MB)",
        ancestor="hangs, and starts no other worker",
        workers=[["sleep", "900"], program("read()", ECHO)],
        stdin=lambda: [b"x" * 10**6],
        todo=lambda: [1, 2, 3],
        settings=attrs.evolve(PATIENT, start_timeout_s=2.0),
        answers=[1, 2, 3],
        says=[r"1\.1: no first answer within [0-9.]+ s; it read none of the \d+ bytes that it was sent"],
        within="start_timeout_s + GRACE_S",
    ),
    Scenario(
        id="task_big_worker_noread",
        situation="a worker does not read its task (3 MB)",
        ancestor="hangs",
        workers=[second(FOREVER)],
        todo=lambda: ["x", b"x" * 3_000_000, "xyz"],
        settings=TIMED,
        answers=[1, 3_000_000, 3],
        says=[r"1\.1: no response to its oldest request.*; it read \d+ of the \d+ bytes that it was sent, and no more"],
        within="task_timeout_s + GRACE_S",
    ),
    Scenario(
        id="task_unpicklable",
        situation="a task cannot be pickled",
        ancestor="hangs",
        workers=[GOOD],
        todo=lambda: [1, lambda: 2, 3],
        raises="UnencodableTask",
        answers=[1, notComputed, 3],
        says=[r"task 1: its payload, of type function"],
        ends=1,
    ),
    Scenario(
        id="payload_deep",
        situation="a task is nested too deep to be pickled",
        ancestor="hangs (3,000 levels)",
        workers=[GOOD],
        todo=lambda: [1, _deep(200_000), 3],
        raises="UnencodableTask",
        answers=[1, notComputed, 3],
        says=[r"task 1: its payload, of type list"],
        ends=1,
    ),
    Scenario(
        id="task_of_unknown_class",
        situation="a task is of a class that the workers do not know",
        ancestor="each worker dies of it in turn; hangs",
        workers=[GOOD],
        todo=lambda: [1, _of_a_class_that_is_only_here(), 3],
        settings=PATIENT,
        raises="PoisonTask",
        answers=[1, notComputed, 3],
        says=[r"task 1 was alone on a worker that ended, 3 times", r"No module named 'only_here'"],
    ),
    Scenario(
        id="empty_arglist",
        situation="an argument list is empty, behind a good one",
        ancestor="IndexError, and the process never exits",
        workers=[GOOD, []],
        todo=lambda: [1],
        raises="ValueError",
        says=[r"list_of_args\[1\] is empty"],
    ),
    Scenario(
        id="timing_callback_raises",
        situation="the timing callback raises",
        ancestor="the process never exits",
        workers=[GOOD],
        todo=lambda: [1, 2, 3],
        call=run_with_a_callback_that_raises,
        raises="ZeroDivisionError",
        within="GRACE_S",
        ends=1,
    ),
    Scenario(
        id="replace_loop",
        situation="`Replace` with a replacement that matches its pattern",
        ancestor="loops for ever",
        call=replace_by("a"),
        answers=[["x", "a"]],
    ),
    Scenario(
        id="replace_grows",
        situation="... and is longer than what it replaces",
        ancestor="loops for ever, and takes all memory",
        call=replace_by("a", "a"),
        answers=[["x", "a", "a"]],
    ),
]

ENDS: Final = [
    Scenario(
        id="all_exit_at_once",
        situation="all workers exit at once",
        ancestor="hangs, silently",
        workers=[program("sys.exit(3)"), program("os.kill(os.getpid(), 9)")],
        todo=lambda: [1],
        settings=attrs.evolve(QUICK, max_kills=1),
        raises="NoResponse",
        answers=[notComputed],
        says=[r"exit status 3", r"killed by SIGKILL"],
        ends=2,
    ),
    Scenario(
        id="all_die_midway",
        situation="all workers die in the middle of the work",
        ancestor="hangs, silently",
        workers=[once("os.kill(os.getpid(), 9)")] * 2,
        todo=lambda: range(20),
        answers=range(20),
        checks=[r"[12]\.1: killed by SIGKILL"],
    ),
    *(
        Scenario(
            id=f"poison_cost_{count}",
            situation=f"a task ends every worker that gets it, {count} workers",
            ancestor="hangs; the 20 other answers are lost",
            workers=[TEMPLATE] * count,
            stdin=lambda: [None],
            todo=lambda: [echo(i) if i != 5 else {"op": "exit", "status": 3} for i in range(21)],
            settings=attrs.evolve(QUICK, restarts=None),
            raises="PoisonTask",
            answers=[i if i != 5 else notComputed for i in range(21)],
            says=[r"task 5 was alone on a worker that ended, 3 times", r"died: exit status 3"],
        )
        for count in (2, 4)
    ),
    Scenario(
        id="echo_with_todo",
        situation="`echo hello` as a worker with tasks to do",
        ancestor="hangs",
        workers=[["echo", "hello"]],
        todo=lambda: [1],
        raises="NoResponse",
        answers=[notComputed],
        says=[r"the bytes begin b'hello\\n'"],
        checks=[r"spec PKL-4|spec PREP-3"],
        ends=1,
    ),
    Scenario(
        id="cat_with_todo",
        situation="`cat` as a worker with tasks to do",
        ancestor="hangs",
        workers=[["cat"]],
        todo=lambda: [1],
        raises="NoResponse",
        answers=[notComputed],
        says=[r"\(10000, 1\) came where a response of three items", r"or sends requests back: commands take no tasks"],
        ends=1,
    ),
    Scenario(
        id="remote_exc_others_busy",
        situation="a task raises while another worker is busy for ever",
        ancestor="waits for the other one, without limit",
        workers=[at_once("write(('RemoteException', i, 'Boom', 'bad', ''))"), at_once("")],
        todo=lambda: [1, 2],
        raises="RemoteException",
        answers=[notComputed] * 2,
        says=[r"task 0 raised Boom: bad in worker 1\.1"],
        within="2 * GRACE_S",
    ),
    Scenario(
        id="eof_ignored",
        situation="a worker does not end at the end of its input",
        ancestor="hangs; all results are lost",
        workers=[behind(FOREVER)],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"killed by SIGTERM, in shutdown: did not end within [0-9.]+ s of the end of its input or its last byte"],
        ends=1,
        within="shutdown_timeout_s + GRACE_S",
    ),
    Scenario(
        id="eof_closes_stdout",
        settings=attrs.evolve(QUICK, shutdown_timeout_s=1.0),
        situation="... or closes its output and lives on",
        ancestor="hangs; all results are lost",
        workers=[behind(f"os.close(1); {FOREVER}")],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"killed by SIGTERM, in shutdown: closed its standard output and lived on for [0-9.]+ s"],
        ends=1,
        within="shutdown_timeout_s + GRACE_S",
    ),
    Scenario(
        id="eof_grandchild",
        settings=attrs.evolve(QUICK, shutdown_timeout_s=20.0),
        situation="... or leaves a child that holds its output",
        ancestor="hangs; all results are lost",
        workers=[behind("import subprocess; subprocess.Popen(['sleep', '900'])")],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"exit status 0, in shutdown; its standard output was then held open by sleep \(pid \d+\), of its group"],
        ends=1,
        within="2 * GRACE_S",
    ),
]


INTERRUPTS: Final = [
    Scenario(
        id="sigint_master",
        situation="SIGINT to the master while its worker is busy",
        ancestor="raises when the next result comes; the process never exits",
        workers=[at_once("os.kill(os.getppid(), 2)")],
        todo=lambda: [1, 2, 3],
        raises="KeyboardInterrupt",
        ends=1,
        within="2 * GRACE_S",
    ),
    Scenario(
        id="sigint_group",
        situation="Ctrl-C: SIGINT to the group of the master",
        ancestor="the workers die, and it hangs",
        workers=[at_once("os.killpg(os.getpgid(os.getppid()), 2)")],
        todo=lambda: [1, 2, 3],
        raises="KeyboardInterrupt",
        ends=1,
        within="2 * GRACE_S",
    ),
]

ALL: Final = list(itertools.chain(INPUTS, ENDS, INTERRUPTS))
