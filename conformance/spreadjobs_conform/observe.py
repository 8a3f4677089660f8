"""What the operating system tells about a worker: what it is doing, and who holds its pipes. Linux; less elsewhere."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

PROC: Final = Path("/proc")
STARTING_S: Final = 1.0
"""Longest wait for processes that are just being started to have an environment."""

# Fields of /proc/pid/stat, counted from the state on. Source: proc(5); the flag: PF_KTHREAD of linux/sched.h.
_STATE, _FLAGS, _STARTED = 0, 6, 19
_KERNEL_THREAD: Final = 0x00200000

_CALLS: Final[Mapping[str, Mapping[int, str]]] = MappingProxyType(
    {
        "x86_64": {
            0: "read",
            1: "write",
            7: "poll",
            19: "readv",
            20: "writev",
            23: "select",
            34: "pause",
            35: "nanosleep",
            61: "wait4",
            202: "futex",
            230: "nanosleep",
            232: "epoll_wait",
            247: "waitid",
            270: "select",
            271: "poll",
            281: "epoll_wait",
        },
        "aarch64": {
            22: "epoll_wait",
            63: "read",
            64: "write",
            65: "readv",
            66: "writev",
            72: "select",
            73: "poll",
            95: "waitid",
            98: "futex",
            101: "nanosleep",
            115: "nanosleep",
            260: "wait4",
        },
    }
)
WAITS_FOR_CHILD: Final = "waiting for its child process"
"""In the description of a process."""
CHILD_READS: Final = "a child of it reads its standard input"
"""The same; behind it stands, in parentheses, which one."""
WRAPPERS: Final = frozenset(
    {"sh", "bash", "dash", "ksh", "zsh", "busybox", "npm", "npx", "poetry", "time", "timeout", "uv"}
)
"""Programs whose child may well be the worker itself: that it reads is right."""
MOST_CHILDREN: Final = 64
"""So many processes below a worker are looked at."""
_WAITS: Final = frozenset({"wait4", "waitid", "do_wait"})
_STREAMS: Final = MappingProxyType({0: "its standard input", 1: "its standard output", 2: "its standard error"})


def doing(pid: int, pipes: Mapping[str, str] = MappingProxyType({})) -> str:
    """
    What a living process is doing, such as ``sleeping in read of its standard input``; "" if nobody says.

    Args:
        pid: Which.
        pipes: Names for people, by names as ``pipe_name`` gives them: a process may have moved its standard streams.
    """
    state = _state(pid)
    if not state:
        return ""
    if state == "R":
        return "running"
    if state == "T":
        return "stopped by a signal"
    call = _system_call(pid, pipes)
    if call in _WAITS and (child := _child(pid)):
        return f"{WAITS_FOR_CHILD} {child}"
    if call:
        return f"sleeping in {call}"
    return {"S": "sleeping", "D": "waiting for the disk"}.get(state, "")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _state(pid: int) -> str:
    fields = _fields(pid)
    return fields[_STATE] if fields else ""


def _system_call(pid: int, pipes: Mapping[str, str]) -> str:
    words = _read(PROC / str(pid) / "syscall").split()
    if len(words) > 1 and words[0].isdigit():
        name = _CALLS.get(platform.machine(), {}).get(int(words[0]), "")
        descriptor = int(words[1], 16)
        stream = _stream(pid, descriptor, pipes) if name in ("read", "write", "readv", "writev") else ""
        if name:
            return f"{name} of {stream}" if stream else name
    channel = _read(PROC / str(pid) / "wchan").strip()
    return channel if channel not in ("", "0") else ""


def _stream(pid: int, descriptor: int, pipes: Mapping[str, str]) -> str:
    return pipes.get(_link(pid, descriptor)) or _STREAMS.get(descriptor, "a file")


def _link(pid: int, descriptor: int) -> str:
    """What a descriptor of a process leads to, as /proc shows it; "" if it does not."""
    try:
        return str((PROC / str(pid) / "fd" / str(descriptor)).readlink())
    except OSError:
        return ""


def _child(pid: int) -> str:
    """The first process that it started and has not waited for, for people."""
    children = _read(PROC / str(pid) / "task" / str(pid) / "children").split()
    return f"{children[0]} ({command_of(int(children[0])) or 'no command line'})" if children else ""


def reader_below(pid: int, pipe: str) -> str:
    """
    The process below another one that reads this pipe as its standard input, such as ``wc -c, pid 4711``; "" if none.

    Args:
        pid: Of the other one.
        pipe: Its name, as ``pipe_name`` gives it.
    """
    started = command_of(pid).partition(" ")[0].rpartition("/")[2]
    waiting, seen = [] if started in WRAPPERS else _children(pid), 0
    while waiting and seen < MOST_CHILDREN:
        child = waiting.pop(0)
        seen += 1
        waiting += _children(child)
        call = doing(child, {pipe: pipe}) if _link(child, 0) == pipe else ""
        if f"read of {pipe}" in call or "pipe_read" in call:
            return f"{command_of(child) or 'no command line'}, pid {child}"
    return ""


def _children(pid: int) -> list[int]:
    """Those that any of its threads started, and that have not been waited for."""
    words: list[str] = []
    try:
        for thread in (PROC / str(pid) / "task").iterdir():
            words += _read(thread / "children").split()
    except OSError:
        pass
    return [int(word) for word in words]


def command_of(pid: int) -> str:
    """The command line of a process, shortened."""
    words = _read(PROC / str(pid) / "cmdline").split("\0")
    return " ".join(words).strip()[:80]


def descriptors(pid: int) -> int | None:
    """How many files a process has open; None if nobody says."""
    try:
        return sum(1 for _ in (PROC / str(pid) / "fd").iterdir())
    except OSError:
        return None


def pipe_name(descriptor: int) -> str:
    """The name of a pipe as /proc shows it, such as ``pipe:[4711]``."""
    return f"pipe:[{os.fstat(descriptor).st_ino}]"


def holders(pipes: frozenset[str]) -> frozenset[int]:
    """The processes other than this one that hold one of these pipes open; empty where /proc does not say."""
    found: set[int] = set()
    for pid in _others():
        try:
            links = [str(entry.readlink()) for entry in (PROC / str(pid) / "fd").iterdir()]
        except OSError:
            continue
        if pipes.intersection(links):
            found.add(pid)
    return frozenset(found)


def marked(mark: str) -> frozenset[int]:
    """The processes other than this one that have the mark in their environment."""
    needle = mark.encode("ascii")
    until_s = time.monotonic() + STARTING_S
    while True:
        found: set[int] = set()
        starting = False
        for pid in _others():
            try:
                environment = (PROC / str(pid) / "environ").read_bytes()
            except OSError:
                continue
            if needle in environment:
                found.add(pid)
            starting = starting or (not environment and _may_be_starting(pid))
        if not starting or time.monotonic() >= until_s:
            return frozenset(found)
        time.sleep(STARTING_S / 50)


def _may_be_starting(pid: int) -> bool:
    """Whether a process without an environment may be within exec(), where it has none for a moment."""
    fields = _fields(pid)
    if len(fields) <= _STARTED or fields[_STATE] in ("Z", "X") or int(fields[_FLAGS]) & _KERNEL_THREAD:
        return False
    return int(fields[_STARTED]) >= int(_fields(os.getpid())[_STARTED])


def _fields(pid: int) -> list[str]:
    """The fields of a process's stat from its state on; the name in parentheses before may hold spaces itself."""
    return _read(PROC / str(pid) / "stat").rpartition(")")[2].split()


def _others() -> list[int]:
    try:
        names = [entry.name for entry in PROC.iterdir()]
    except OSError:
        return []
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]
