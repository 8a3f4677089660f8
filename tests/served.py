"""Functions that the tests of ``spreadjobs.worker`` serve; importing it prints, as careless modules do."""

# ruff: noqa: T201, S607 - printing, and programs that are found as a shell finds them, are what is tested here

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from spreadjobs.errors import TooBusy
from spreadjobs.worker import alive

print("printed while it was imported")
os.write(1, b"written while it was imported\n")

Payload = dict[str, object]

prepared: list[object] = []
refused: dict[object, int] = {}
left_behind: list[threading.Thread] = []


def prepare(items: list[object]) -> None:
    """Keep the preparation items."""
    print("printed in preparation")
    prepared.extend(items)


def fail_to_prepare(_items: list[object]) -> None:
    """Raise."""
    raise RuntimeError("no such model")


class Odd(Exception):
    """An exception whose text cannot be made."""

    def __str__(self) -> str:
        raise ValueError("no text")


class Unruly(BaseException):
    """An exception that is no Exception."""


class Text(str):
    """A str of its own type."""

    __slots__ = ()


class Talkative:
    """Cannot be pickled, and says so with an exception of its own."""

    def __reduce__(self) -> NoReturn:
        raise Unruly("cannot be reduced")


class NeedsTwo:
    """Can be pickled, and cannot be unpickled: its constructor raises."""

    def __init__(self, first: int, second: int) -> None:
        self.both = first, second

    def __reduce__(self) -> tuple[object, ...]:
        return NeedsTwo, (1,)


def op_echo(payload: Payload) -> object:
    return payload["value"]


def op_raise(payload: Payload) -> NoReturn:
    raise type(str(payload["type"]), (Exception,), {})(payload["message"])


def op_busy(payload: Payload) -> object:
    key = payload["key"]
    refused[key] = refused.get(key, 0) + 1
    times = payload["times"]
    assert isinstance(times, int)
    if refused[key] <= times:
        comment = str(payload["comment"]) if "comment" in payload else None
        raise TooBusy(payload["delay_s"], comment)  # type: ignore[arg-type] # as sent
    return "done"


def op_print(payload: Payload) -> None:
    for name, stream in (("out", sys.stdout), ("err", sys.stderr)):
        lines = payload[name]
        assert isinstance(lines, list)
        stream.writelines(lines)


def op_sleep(payload: Payload) -> None:
    seconds = payload["seconds"]
    assert isinstance(seconds, int | float)
    time.sleep(seconds)


def op_exit(payload: Payload) -> NoReturn:
    status = payload["status"]
    assert isinstance(status, int)
    os._exit(status)


def op_prepared(_payload: Payload) -> object:
    return prepared


def exit_politely(_payload: Payload) -> NoReturn:
    sys.exit("enough of it")


def raise_unruly(_payload: Payload) -> NoReturn:
    raise Unruly("not even an Exception")


def raise_odd(_payload: Payload) -> NoReturn:
    raise Odd


def raise_with_a_traceback_that_fails(_payload: Payload) -> NoReturn:
    error = SyntaxError("fine")
    error.lineno, error.text = 1, "x"
    error.offset = "one"  # type: ignore[assignment] # code of the user's may put anything there
    raise error


def raise_surrogate(_payload: Payload) -> NoReturn:
    raise ValueError(Text("caf\udce9"))


def give_up(_payload: Payload) -> NoReturn:
    print("before the end", file=sys.stderr)
    raise KeyboardInterrupt


def print_in_c(payload: Payload) -> None:
    library = ctypes.CDLL(None)
    print("python 1")
    sys.stdout.flush()
    library.puts(b"C 2")
    library.fflush(None)
    os.write(1, b"descriptor 3\n")
    subprocess.run(["echo", "child 4"], check=True)
    subprocess.run(["sh", "-c", "echo child 5 >&2"], check=True)
    if payload.get("late"):
        library.puts(b"C, left in its buffer")


def write_bytes(payload: Payload) -> None:
    text = payload["latin1"]
    assert isinstance(text, str)
    os.write(1, text.encode("latin1"))
    os.write(2, text.encode("latin1"))


def print_much(payload: Payload) -> None:
    count = payload["lines"]
    assert isinstance(count, int)
    # One write by C code that holds the interpreter's lock: nobody can read a pipe meanwhile.
    data = b"x" * 99 + b"\n"
    ctypes.PyDLL(None).write(1, data * count, len(data) * count)
    print("and a last line", file=sys.stderr)


def read_in_child(_payload: Payload) -> object:
    return subprocess.run(["cat"], check=True, stdout=subprocess.PIPE).stdout.decode()


def read_here(_payload: Payload) -> object:
    return sys.stdin.read()


def descriptors_of_child(_payload: Payload) -> object:
    # As C code starts a child: what is not marked as private is inherited.
    listed = subprocess.run(["ls", "/proc/self/fd"], check=True, stdout=subprocess.PIPE, close_fds=False)
    return listed.stdout.decode().split()


def leave_a_grandchild(payload: Payload) -> object:
    fifo = str(payload["fifo"])
    script = f"(read line < '{fifo}'; echo late; echo late >&2; echo told > '{fifo}.told'; exec sleep 1000) &"
    return subprocess.run(["sh", "-c", script], check=True).returncode


def tick_while_writing(payload: Payload) -> object:
    """Let a signal handler interrupt the write of the answer, and say so."""

    def tick(_signal: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_name == "write":
            os.write(2, b"interrupted\n")
            signal.setitimer(signal.ITIMER_REAL, 0)

    signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    return payload["value"]


def leave_a_thread(payload: Payload) -> None:
    fifo = Path(str(payload["fifo"]))

    def say() -> None:
        fifo.read_text(encoding="utf-8")
        alive(0)  # Between two tasks: nothing is sent. It comes first, or the next task may have begun.
        os.write(1, b"said by a thread\n")

    left_behind.append(threading.Thread(target=say, daemon=True))
    left_behind[0].start()


def close_streams(_payload: Payload) -> None:
    print("before it was closed")
    sys.stdout.close()
    sys.stderr = None


def close_descriptors(_payload: Payload) -> None:
    os.close(1)
    os.close(2)


def fork(_payload: Payload) -> object:
    """Fork, and come back twice; the answer is how the child ended."""
    print("before", flush=True)
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print("in the child")
    return None


def fork_a_child_that_stays(_payload: Payload) -> object:
    pid = os.fork()
    if not pid:
        time.sleep(1000)
    return pid


def crash(_payload: Payload) -> None:
    ctypes.string_at(0)


def give_generator(_payload: Payload) -> object:
    return (number for number in range(3))


def give_talkative(_payload: Payload) -> object:
    return [Talkative()]


def give_set(_payload: Payload) -> object:
    return {"deep": [1, {2}]}


def give_deep(payload: Payload) -> object:
    depth = payload["depth"]
    assert isinstance(depth, int)
    value: object = None
    for _ in range(depth):
        value = [value]
    return value


def give_numbers(_payload: Payload) -> object:
    return {"a": [2**53 - 1, 2**53]}


def give_nan(_payload: Payload) -> object:
    return [float("nan")]


def give_number_key(_payload: Payload) -> object:
    return [{"fine": 1, 1: 2}]


def give_surrogate(_payload: Payload) -> object:
    return {"é": "\udc80"}


def give_interrupt(_payload: Payload) -> object:
    class Interrupting:
        def __reduce__(self) -> NoReturn:
            raise KeyboardInterrupt

    return Interrupting()


def signs_of_life(payload: Payload) -> None:
    every_s = payload["every_s"]
    assert isinstance(every_s, int | float)
    for _ in range(3):
        alive(every_s)
        time.sleep(float(str(payload.get("pause_s", 0))))


def sign_of_a_thread(_payload: Payload) -> None:
    thread = threading.Thread(target=alive)
    thread.start()
    thread.join()


def announce(payload: Payload) -> None:
    """Say past the capture that the task has begun, then sleep."""
    Path(str(payload["fifo"])).write_text("at work\n", encoding="utf-8")
    time.sleep(1000)


def do(payload: Payload) -> object:
    """Do what the payload says: a conformance payload, or the name of a function above."""
    name = payload.get("do") or f"op_{payload['op']}"
    function: Callable[[Payload], object] = globals()[str(name)]
    return function(payload)


not_callable = 3
