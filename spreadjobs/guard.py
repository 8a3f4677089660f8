"""
``python -m spreadjobs.guard -- COMMAND [ARG...]``: gives any program what ``serve()`` gives workers in Python. When the
master is gone while the program is busy, the program ends, with all that it has started. Standard library only.

The program has the guard's own standard input, output and error: no byte passes through the guard. Signs and ends:

- *The master is gone* when nobody holds the reading end of standard output. (The end of standard input is no sign: a
  master closes that in good order, and waits for answers.) A program that waits for a request sees the end of its input
  and may end by itself, within 0.1 s; then TERM goes to the whole group, and KILL after ``--grace-s``.
- *The program ends*: so does the guard, with the same exit status, or by the same signal. What the program has left in
  its group is the master's to end, as it is without a guard; if the master is gone, the guard ends it.
- *A signal comes*: one to the group, as masters, terminals and batch systems send it, has come to the program, too; one
  to the guard alone is forwarded. None ends the guard but KILL and those of its own faults.
- *The guard is killed*: a second process, ``guard_standby.py``, ends the program and its group.

With ``--lease-s`` the guard stands between the program and the pipes, and ends it also when a client, such as a
connection that broke without a word, holds the pipes and is silent while no task runs; see ``guard_lease.py``.

What is not held: a process that has left the group (a daemon) is not found. Where the guard does not lead its session,
as in a shell's pipeline, of the group only the program and its descendants are ended. The guard holds standard output
as long as the program runs: a program that closes it earlier is seen to do so at its end.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from spreadjobs.guard_watch import Guard, Inherited, Options, Pipes
from spreadjobs.worker_ends import say_at_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
_USAGE: Final = 2
_STDIN, _STDOUT, _STDERR = range(3)
_DESCRIPTORS: Final = "/dev/fd"
# Python ignores these; a program is not to inherit that.
_PYTHON_IGNORES: Final = (signal.SIGPIPE, signal.SIGXFSZ)


def run(arguments: Sequence[str]) -> int:
    """
    Run a program under guard.

    Args:
        arguments: The command line without the guard's name.

    Returns:
        The program's exit status, where it was not ended by a signal: then this process ends by that, too. 127 if it
        was not found, 126 if it could not be executed, 2 if standard input or output is closed.

    Raises:
        SystemExit: a wrong command line (2).
    """
    if arguments[:1] == ["--"] and arguments[1:]:
        command, options = arguments[1:], Options()
    else:
        from spreadjobs.guard_command import parse  # noqa: PLC0415 - argparse is a fifth of the time of a start

        command, options = parse(arguments)
    try:
        os.fstat(_STDIN)
        os.fstat(_STDOUT)
    except OSError:
        _say("standard input and output are a worker's pipes and must be open (spec EXEC-2)")
        return _USAGE
    _fill_stderr()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        program, pipes = _start(command, mask, options)
    except OSError as error:
        return _refuse(command[0], error)
    guard = Guard(program, pipes, options)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask - {signal.SIGCHLD})
    fate = guard.run()
    return fate if fate >= 0 else _die(-fate)


def _start(command: Sequence[str], mask: set[signal.Signals | int], options: Options) -> tuple[int, Pipes]:
    """Start the program; returns its process id, and its pipes, to which nothing else of this process leads."""
    if options.lease_s is None:
        program = _spawn(command, mask, {})
        _drop_inherited()
        answers = os.dup(_STDOUT)
        _replace(_STDIN, _STDOUT)
        return program, Inherited(answers)
    from spreadjobs.guard_lease import Relay, inner_pipes  # noqa: PLC0415 - costs what only a lease needs
    from spreadjobs.guard_messages import Exchange  # noqa: PLC0415 - likewise

    inner = inner_pipes()
    program = _spawn(command, mask, {inner.stdin: _STDIN, inner.stdout: _STDOUT})
    inner.hand_over()
    _drop_inherited()
    ends = os.dup(_STDIN), os.dup(_STDOUT)
    _replace(_STDIN, _STDOUT)
    return program, Relay(ends, inner, Exchange(options.codec, options.dialect), options.lease_s)


def _spawn(command: Sequence[str], mask: set[signal.Signals | int], streams: Mapping[int, int]) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, descriptor, stream) for descriptor, stream in streams.items()]
    return os.posix_spawnp(
        command[0], [*command], os.environ, file_actions=actions, setsigmask=mask, setsigdef=_PYTHON_IGNORES
    )


def _fill_stderr() -> None:
    """Keep pipes of ours off descriptor 2, where it is closed."""
    try:
        os.fstat(_STDERR)
    except OSError:
        os.open(os.devnull, os.O_RDWR)


def _drop_inherited() -> None:
    """Close the copies of what the program has inherited beside the three: whoever waits for their end waits for it."""
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - pathlib costs 5 ms a start
        with suppress(OSError):  # One is that of the list itself.
            if int(name) > _STDERR and os.get_inheritable(int(name)):
                os.close(int(name))


def _replace(*descriptors: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nothing, descriptor)
    os.close(nothing)


def _refuse(name: str, error: OSError) -> int:
    """Say why a program could not be started; returns the status that a shell would give."""
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    if missing:
        cure = "check the path" if "/" in name else "write its path, or put its folder into PATH"
    elif isinstance(error, PermissionError):
        cure = "make it executable: chmod +x"
    elif error.errno == errno.ENOEXEC:
        cure = "a script needs a first line such as #!/bin/sh"
    else:
        cure = "the program was not started"
    _say(f"cannot execute {name!r}: {error.strerror}; {cure}")
    return NOT_FOUND if missing else NOT_EXECUTABLE


def _say(text: str) -> None:
    say_at_once(_STDERR, f"spreadjobs.guard: {text}")


def _die(number: int) -> int:  # pragma: no cover - a process that is ended by a signal loses what was measured
    """End as the program did, by the same signal; without a core file, which would be that of the guard."""
    import resource  # noqa: PLC0415 - most programs end otherwise

    with suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        # One byte: the kernel passes no core on to a program, either, which it does with a limit of 0.
        resource.setrlimit(resource.RLIMIT_CORE, (min(1, most) if most >= 0 else 1, most))
    with suppress(OSError):  # KILL has no disposition.
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (number,))
    os.kill(os.getpid(), number)
    return 128 + number  # Not reached, but where a signal ends one program and not another.


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
