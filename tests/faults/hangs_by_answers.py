"""
Of the 46 situations in which gmisclib 0.73.0 hangs, freezes or never lets its process end: those that answers make.

What stands under ``ancestor`` was measured by running it. Ids are the names of those
experiments, as far as they had one.
"""

from __future__ import annotations

import itertools
from typing import Final

from programs import ECHO, program

from faults.calls import run_until_the_stall_is_said
from faults.programs_that_fail import GOOD, at_once, once
from faults.scenario import FOREVER, TIMED, Scenario
from spreadjobs import notComputed

BAD_ANSWERS: Final = [
    Scenario(
        id="outs_int",
        situation="a worker sends an int in place of the lines that a task printed",
        ancestor="hangs in join",
        workers=[at_once("write((i, p), 5)"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"out or err is 5; None, a str or a list of str is due \(spec OUT-1\)"],
    ),
    Scenario(
        id="outs_nonstr_list",
        situation="... or a list of ints",
        ancestor="hangs in join",
        workers=[at_once("write((i, p), [5])"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"out or err is \[5\]; None, a str or a list of str is due \(spec OUT-1\)"],
    ),
    Scenario(
        id="outs_unicode",
        situation="... or lines that are not ASCII",
        ancestor="hangs in join",
        workers=[program(ECHO.replace("payload))", "payload), ['Gr\\xfc\\xdfe\\n'])"))],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        ends=1,
    ),
    Scenario(
        id="remote_exc_so_none",
        situation="a RemoteException comes without the lines that its task printed",
        ancestor="hangs in join",
        workers=[at_once("write(('RemoteException', i, 'Boom', 'bad', ''), None, None)")],
        todo=lambda: [1],
        raises="RemoteException",
        answers=[notComputed],
        says=[r"task 0 raised Boom: bad in worker 1\.1"],
        within="2 * GRACE_S",
    ),
    Scenario(
        id="ans_int",
        situation="an answer is an int",
        ancestor="task lost, hangs",
        workers=[at_once("pickle.dump(5, stdout, 2); stdout.flush()"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"5 came where a response of three items \(first, out, err\) was due \(spec RUN-4\)"],
    ),
    Scenario(
        id="ans_none",
        situation="... or None",
        ancestor="task lost, hangs",
        workers=[at_once("pickle.dump(None, stdout, 2); stdout.flush()"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"None came where a response of three items \(first, out, err\) was due \(spec RUN-4\)"],
    ),
    Scenario(
        id="ans_unknownclass",
        situation="... or has an object of a class that the master does not know",
        ancestor="task lost, hangs",
        workers=[
            at_once(
                "class Result: pass\nResult.__module__ = 'mypkg'\nsys.modules['mypkg'] = sys.modules['__main__']\n"
                "write((i, Result()))"
            )
        ],
        todo=lambda: [1],
        raises="NoResponse",
        answers=[notComputed],
        says=[r'a worker sent an object of class mypkg\.Result; admit it with Settings\(allow=\["mypkg.Result"\]\)'],
        ends=1,
    ),
    Scenario(
        id="truncated_alive",
        situation="a worker writes half an answer (pickle protocol 2) and lives on",
        ancestor="hangs: it has no time limit",
        workers=[once(f"os.write(1, pickle.dumps(((i, p), None, None), 2)[:-5]); {FOREVER}")],
        todo=lambda: [1, 2, 3],
        settings=TIMED,
        answers=[1, 2, 3],
        says=[r"1\.1: no response to its oldest request.*in the middle of a message, of which \d+ bytes came"],
        within="task_timeout_s + GRACE_S",
    ),
    Scenario(
        id="truncated_alive_0",
        situation="... the same with pickle protocol 0, at the end of a line",
        ancestor="hangs: it has no time limit",
        workers=[once(f"b = pickle.dumps(((i, p), None, None), 0); os.write(1, b[:b.index(b'\\n') + 1]); {FOREVER}")],
        todo=lambda: [1, 2, 3],
        settings=TIMED,
        answers=[1, 2, 3],
        says=[r"1\.1: no response to its oldest request.*in the middle of a message, of which \d+ bytes came"],
        within="task_timeout_s + GRACE_S",
    ),
    Scenario(
        id="proto0_stall_freezes_master",
        situation="... and in the middle of a line",
        ancestor="the whole master freezes; Ctrl-C is dead too",
        workers=[once(f"b = pickle.dumps(((i, p), None, None), 0); os.write(1, b[:b.index(b'\\n')]); {FOREVER}")],
        todo=lambda: [1, 2, 3],
        settings=TIMED,
        answers=[1, 2, 3],
        says=[r"1\.1: no response to its oldest request.*in the middle of a message, of which \d+ bytes came"],
        within="task_timeout_s + GRACE_S",
    ),
]


def _junk(name: str, situation: str, junk: bytes, ancestor: str) -> Scenario:
    """One text before the first answer, from a worker that then lives on."""
    return Scenario(
        id=name,
        situation=situation,
        ancestor=ancestor,
        workers=[at_once(f"os.write(1, {junk!r})"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"1\.1: 0x[0-9a-f]{2} came; a message is due, .* \(spec PKL-4\)"],
    )


_BLOCKED: Final = "hangs: it waits for the end of the line"
JUNK: Final = [
    _junk("junkstart_hello_nonl", "a worker prints `hello` without a newline", b"hello", _BLOCKED),
    _junk("junkstart_newline", "... or a newline alone", b"\n", _BLOCKED),
    _junk("junkstart_dot", "... or a dot", b".", _BLOCKED),
    _junk("junkstart_progress", "... or a progress bar", b"[### ] 50%\r", _BLOCKED),
    _junk(
        "junkstart_traceback",
        "... or a traceback",
        b"Traceback (most recent call last):\n",
        "hangs: it waits for a text of 1.7 GB",
    ),
    _junk("junkstart_pickled_none", "... or `N.`, the pickle of None", b"N.", "task lost, hangs"),
    _junk("junkstart_pickled_int", "... or `I5\\n.`, the pickle of 5", b"I5\n.", "task lost, hangs"),
    Scenario(
        id="junk_only_worker",
        situation="the only worker prints text",
        ancestor="hangs",
        workers=[at_once("print('hello', flush=True)")],
        todo=lambda: [1, 2, 3],
        raises="NoResponse",
        answers=[notComputed],
        answers_ahead=[notComputed] * 3,
        says=[r"the bytes begin b'hello"],
        ends=1,
    ),
    Scenario(
        id="junk_all_workers",
        situation="all workers print text",
        ancestor="hangs",
        workers=[at_once("print('hello', flush=True)")] * 3,
        todo=lambda: [1, 2, 3],
        raises="NoResponse",
        answers=[notComputed] * 3,
        says=[r"no worker is left; of 3 tasks begun, 3 have no answer", r"the bytes begin b'hello"],
        ends=3,
    ),
]

BUSY: Final = [
    Scenario(
        id="busy_none",
        situation="a worker refuses a task (TooBusy) for None seconds",
        ancestor="hangs in join",
        workers=[at_once("write(('TooBusy', i, None))"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"TooBusy came with the delay None; .* \(spec BUSY-1\)"],
    ),
    Scenario(
        id="busy_soon",
        situation="... or until 'soon'",
        ancestor="hangs in join",
        workers=[at_once("write(('TooBusy', i, 'soon'))"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"TooBusy came with the delay 'soon'; .* \(spec BUSY-1\)"],
    ),
    Scenario(
        id="busy_nan",
        situation="... or for NaN seconds",
        ancestor="sleeps for 1111 s",
        workers=[at_once("write(('TooBusy', i, float('nan')))"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"TooBusy came with the delay nan; .* \(spec BUSY-1\)"],
    ),
    Scenario(
        id="busy_delay_huge_tail",
        situation="a worker refuses for long, and the others do all the work",
        ancestor="waits for the sleeper",
        workers=[program("i, p = read(); write(('TooBusy', i, 900.0)); stdin.read()"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        ends=2,
    ),
    Scenario(
        id="busy_forever",
        situation="a worker refuses again and again: until that is said, after 10 s (here 0.5 s), then Ctrl-C",
        ancestor="goes on for ever, silently",
        workers=[program("for delay in (0.01, 0.02, 900): i, p = read(); write(('TooBusy', i, delay))", FOREVER)],
        todo=lambda: [1, 2, 3],
        call=run_until_the_stall_is_said,
        raises="KeyboardInterrupt",
        says=[r"no answer for a while: .* worker 1\.1 said TooBusy and rests for another [0-9.]+ s"],
        within="2 * GRACE_S",
    ),
]

ALL: Final = list(itertools.chain(BAD_ANSWERS, JUNK, BUSY))
