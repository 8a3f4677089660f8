"""Further situations that end in a bounded time, and say which of them it was."""

from __future__ import annotations

import itertools
import sys
from typing import Final

import attrs
from programs import ECHO, program

from faults.calls import count_attempts, run_until_the_stall_is_said, take_five_of_a_stream
from faults.programs_that_fail import GOOD, at_once, behind, once, second
from faults.scenario import FOREVER, PATIENT, QUICK, TIMED, Scenario
from spreadjobs import Settings, notComputed

_JSON: Final = """
import json, sys, os, time
for number, line in enumerate(sys.stdin):
    i, p = json.loads(line)
    text = json.dumps([[i, p], None, None]) + "\\n"
    if number == 1 and os.environ["SPREAD_JOBS_WORKER"] == "1.1":
        os.write(1, text[:-1].encode())
        time.sleep(900)
    print(text, end="", flush=True)
"""
_DRIPS: Final = """
os.write(1, pickle.dumps(((i, b"x" * 10**6), None, None), 4)[:100])
while True:
    os.write(1, b"x")
    time.sleep(0.05)
"""
_LINGERING_SHUTDOWN: Final = """
for number in range(9):
    time.sleep(0.3)
    print(number, flush=True)
"""
_TELLS_LATE: Final = r"1\.1: no response to its oldest request.*"
_NO_LIMIT: Final = "hangs: it has no time limit of any kind"
_NOT_MEASURED: Final = "not measured"
_SLEEP: Final = "import subprocess; subprocess.Popen(['sleep', '900'])"
_DAEMON: Final = "import subprocess; subprocess.Popen(['sleep', '900'], start_new_session=True)"

MESSAGES: Final = [
    Scenario(
        id="half_json_line",
        situation="a live worker writes a line of JSON without its end",
        ancestor="has no JSON",
        workers=[[sys.executable, "-c", _JSON]],
        todo=lambda: [1, 2, 3],
        settings=attrs.evolve(TIMED, codec="json"),
        answers=[1, 2, 3],
        says=[_TELLS_LATE + r"in the middle of a message, of which \d+ bytes came"],
        within="task_timeout_s + GRACE_S",
    ),
    Scenario(
        id="endless_message",
        situation="a live worker writes a message a byte at a time, without end",
        ancestor=_NO_LIMIT,
        workers=[once(_DRIPS)],
        todo=lambda: [1, 2, 3],
        settings=TIMED,
        answers=[1, 2, 3],
        says=[_TELLS_LATE + r"in the middle of a message, of which \d+ bytes came"],
        within="task_timeout_s + GRACE_S",
    ),
    Scenario(
        id="half_message_exit",
        situation="a worker ends in the middle of a message, with status 0",
        ancestor="right results",
        workers=[once("os.write(1, pickle.dumps(((i, p), None, None), 2)[:-5]); os._exit(0)")],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"1\.1: exit status 0, in the middle of a message"],
    ),
    Scenario(
        id="reads_and_is_silent",
        situation="a worker reads its task and answers nothing: the task is charged an attempt",
        ancestor=_NO_LIMIT,
        workers=[once(FOREVER)],
        todo=lambda: [1, 2, 3],
        settings=TIMED,
        call=count_attempts,
        answers=[(1, 0), (2, 1), (3, 0)],
        answers_ahead=[(1, 0), (2, 0), (3, 0)],
        says=[_TELLS_LATE + r"; it read all that it was sent, and no message is begun"],
        within="task_timeout_s + GRACE_S",
    ),
    Scenario(
        id="task_over_its_limit",
        situation="... with further tasks sent ahead: none of them is charged",
        ancestor="has no time limit, and sends nothing ahead",
        workers=[once(FOREVER)],
        todo=lambda: [1, 2, 3, 4],
        settings=attrs.evolve(TIMED, window=3),
        call=count_attempts,
        answers=[(1, 0), (2, 0), (3, 0), (4, 0)],
        says=[r"1\.1: no response to its oldest request within [0-9.]+ s"],
        within="task_timeout_s + GRACE_S",
    ),
]

READING: Final = [
    Scenario(
        id="no_limit_is_set",
        situation="... and no limit is set: until that is said, after 10 s (here 0.5 s), then Ctrl-C",
        ancestor=_NO_LIMIT,
        workers=[at_once("")],
        todo=lambda: [1],
        call=run_until_the_stall_is_said,
        raises="KeyboardInterrupt",
        says=[
            r"no answer for a while: .* worker 1\.1 has held task 0 for [0-9.]+ s: it read all that it was sent",
        ],
        within="2 * GRACE_S",
    ),
    Scenario(
        id="never_reads",
        situation="a worker never reads anything, not even a small task",
        ancestor=_NO_LIMIT,
        workers=[["sleep", "900"]],
        todo=lambda: [1],
        settings=attrs.evolve(QUICK, start_timeout_s=0.5),
        raises="NoResponse",
        answers=[notComputed],
        says=[r"no first answer within [0-9.]+ s; it read none of the \d+ bytes that it was sent"],
        ends=1,
        within="start_timeout_s + GRACE_S",
    ),
    Scenario(
        id="never_reads_again",
        situation="a worker answers, and then does not read its next, small task",
        ancestor=_NO_LIMIT,
        workers=[second(FOREVER)],
        todo=lambda: ["x", "xy", "xyz"],
        settings=TIMED,
        answers=[1, 2, 3],
        says=[_TELLS_LATE + r"; it read \d+ of the \d+ bytes that it was sent, and no more"],
        within="task_timeout_s + GRACE_S",
    ),
    Scenario(
        id="idle_never_read_preparation",
        situation="a worker that got no task has not read its preparation (1 MB) when all is done",
        ancestor="hangs, and starts no other worker",
        workers=[program("read()", ECHO), ["sleep", "900"]],
        stdin=lambda: [b"x" * 10**6],
        todo=lambda: [1],
        answers=[1],
        says=[r"2\.1: killed by SIGTERM, in shutdown: did not end .*; it read none of the \d+ bytes that it was sent"],
        ends=2,
        within="shutdown_timeout_s + GRACE_S",
    ),
    Scenario(
        id="closes_stdin",
        situation="a worker closes its input under a task (1 MB) and lives on",
        ancestor=_NOT_MEASURED,
        workers=[second(f"os.close(0); {FOREVER}")],
        todo=lambda: ["x", b"x" * 10**6, "xyz"],
        answers=[1, 10**6, 3],
        says=[r"1\.1: closed its standard input and lived on \(spec RUN-7\)"],
        within="shutdown_timeout_s + GRACE_S",
    ),
]

ENDS: Final = [
    Scenario(
        id="closes_stdout",
        situation="a worker closes its output under a task and lives on",
        ancestor=_NOT_MEASURED,
        workers=[once(f"os.close(1); {FOREVER}")],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"1\.1: closed its standard output and lived on \(spec RUN-13\)"],
        within="LINGER_S + GRACE_S",
    ),
    Scenario(
        id="grandchild_of_the_group",
        situation="a worker ends in a task, and its child holds its output",
        ancestor=_NOT_MEASURED,
        workers=[once(f"{_SLEEP}; os._exit(3)")],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"1\.1: exit status 3; its standard output was then held open by sleep \(pid \d+\), of its group"],
        within="2 * GRACE_S",
    ),
    Scenario(
        id="grandchild_of_its_own",
        situation="... a child that left the worker's group",
        ancestor=_NOT_MEASURED,
        workers=[once(f"{_DAEMON}; os._exit(3)")],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"1\.1: exit status 3; its standard output is held open by sleep \(pid \d+\), not of its group"],
        within="3 * GRACE_S",
        lives_on=1,
    ),
    Scenario(
        id="eof_grandchild_of_its_own",
        settings=attrs.evolve(QUICK, shutdown_timeout_s=20.0),
        situation="a worker ends at the end of its input, and a child that left its group holds its output",
        ancestor="hangs; all results are lost",
        workers=[behind(_DAEMON)],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"exit status 0, in shutdown; its standard output is held open by sleep \(pid \d+\), not of its group"],
        ends=1,
        within="3 * GRACE_S",
        lives_on=1,
    ),
    Scenario(
        id="eof_and_term_ignored",
        situation="a worker ignores the end of its input, and TERM",
        ancestor="hangs; all results are lost",
        workers=[program("import signal; signal.signal(15, signal.SIG_IGN)", ECHO, FOREVER)],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"killed by SIGKILL, in shutdown: did not end within [0-9.]+ s of the end of its input or its last byte"],
        ends=1,
        within="shutdown_timeout_s + 2 * GRACE_S",
    ),
    Scenario(
        id="sigint_in_a_stall",
        situation="Ctrl-C while a worker has stopped in the middle of a line of pickle protocol 0",
        ancestor="frozen: nothing but SIGKILL ends it",
        workers=[
            at_once(
                "b = pickle.dumps(((i, p), None, None), 0); os.write(1, b[:b.index(b'\\n')]); os.kill(os.getppid(), 2)"
            )
        ],
        todo=lambda: [1],
        raises="KeyboardInterrupt",
        ends=1,
        within="2 * GRACE_S",
    ),
]

LIMITS: Final = [
    Scenario(
        id="slow_start",
        situation="a worker needs longer to start than a task may take: `start_timeout_s` is for that",
        ancestor="right results",
        workers=[program("time.sleep(1.5)", ECHO)],
        todo=lambda: [1, 2, 3],
        settings=attrs.evolve(TIMED, start_timeout_s=20.0),
        answers=[1, 2, 3],
        ends=1,
        within="start_timeout_s",
    ),
    Scenario(
        id="shutdown_from_last_byte",
        situation="a worker writes text for longer than `shutdown_timeout_s`, which counts from its last byte",
        ancestor="right results; the text is thrown away",
        workers=[behind(_LINGERING_SHUTDOWN)],
        todo=lambda: [1, 2, 3],
        settings=attrs.evolve(QUICK, shutdown_timeout_s=2.0),
        answers=[1, 2, 3],
        outputs=[[f"{number}\n" for number in range(9)]],
        says=[r"exit status 0, in shutdown"],
        ends=1,
        within="2 * shutdown_timeout_s",
    ),
    Scenario(
        id="endless_text",
        situation="a worker writes text for ever",
        ancestor=_NOT_MEASURED,
        workers=[behind("while True: os.write(1, b'hello\\n' * 1000)")],
        todo=lambda: [1, 2, 3],
        settings=attrs.evolve(QUICK, max_message_bytes=1_000_000),
        answers=[1, 2, 3],
        says=[r"more text than max_message_bytes \(spec SEC-2\)"],
        ends=1,
        within="2 * GRACE_S",
    ),
    Scenario(
        id="command_takes_its_time",
        situation="a command takes longer than `shutdown_timeout_s`, which is not for commands",
        ancestor="its output is thrown away",
        workers=[["sh", "-c", "sleep 1; echo done"]],
        settings=Settings(shutdown_timeout_s=0.2),
        outputs=[["done\n"]],
        says=[r"exit status 0, in shutdown"],
        ends=1,
        within="5 * shutdown_timeout_s",
    ),
    Scenario(
        id="command_over_its_limit",
        situation="a command takes longer than `command_timeout_s`",
        ancestor=_NO_LIMIT,
        workers=[["sh", "-c", "echo begun; exec sleep 900"]],
        settings=Settings(command_timeout_s=2.0),
        outputs=[["begun\n"]],
        says=[r"killed by SIGTERM, in shutdown: did not end within [0-9.]+ s"],
        ends=1,
        within="command_timeout_s + GRACE_S",
    ),
    Scenario(
        id="endless_todo",
        situation="a todo without end: five answers of a stream are taken",
        ancestor="takes all memory, and never starts",
        workers=[GOOD],
        todo=itertools.count,
        call=take_five_of_a_stream,
        answers=range(5),
    ),
]

SILENT: Final = [
    Scenario(
        id="double_answer",
        situation="a worker answers a task twice",
        ancestor="**wrong results**, shifted by one: A, EXTRA, B, C",
        workers=[
            program(
                """
                i, p = read()
                if os.environ["SPREAD_JOBS_WORKER"] == "1.1":
                    os.write(1, b"".join(pickle.dumps(((i, a), None, None)) for a in (p, "EXTRA")))
                    time.sleep(900)
                write((i, p))
                """,
                ECHO,
            )
        ],
        todo=lambda: "ABCD",
        settings=PATIENT,
        answers="ABCD",
        says=[r"1\.1: .* came when no request was unanswered \(spec VIO-1\)"],
    ),
    Scenario(
        id="chatter_in_preparation",
        situation="a worker writes what looks like an answer before its first task",
        ancestor="**wrong results**, shifted by one: CHATTER, A, B, C",
        workers=[program("write((0, 'CHATTER'))", FOREVER), GOOD],
        todo=lambda: "ABCD",
        answers="ABCD",
        checks=[r"1\.1: .*spec (PREP-3|RUN-5)"],
    ),
    Scenario(
        id="code_in_an_answer",
        situation="a worker writes a pickle that calls a function: `cos\\ngetcwd\\n(tR.`",
        ancestor="**the master calls it**",
        workers=[at_once("os.write(1, b'cos\\ngetcwd\\n(tR.')"), GOOD],
        todo=lambda: [1, 2, 3],
        answers=[1, 2, 3],
        says=[r"1\.1: 0x63 came; a message is due, .* \(spec PKL-4\)"],
    ),
]

ALL: Final = list(itertools.chain(MESSAGES, READING, ENDS, LIMITS, SILENT))
