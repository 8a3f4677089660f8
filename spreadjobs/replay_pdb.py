"""
Run a Python program under pdb, with pdb on the terminal: standard input and output are a worker's conversation.

``python replay_pdb.py FILE [ARG...]`` or ``python replay_pdb.py -m MODULE [ARG...]``; ``spread-jobs replay --pdb``
calls it, by its path, with the worker's own Python. So it needs nothing but the standard library.

A worker catches what its task raises, to report it. All workers do that by having the traceback formatted: that is
where pdb looks at it, so that nothing has to be traced, and no worker has to know of this.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import os
import pdb  # noqa: T100 - it is what this program is for
import signal
import sys
import traceback
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType, FrameType, ModuleType, TracebackType
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

TERMINAL = Path("/dev/tty")
HELLO = """\
pdb of a worker. Set breakpoints (b FILE:LINE), then c: the task runs to where it raises, or to a breakpoint.
Ctrl-C looks at where it is; q ends the program.
"""


class TerminalPdb(pdb.Pdb):
    """A pdb on the terminal that ends the program at ``q``: the worker would make an answer of its exception."""

    def __init__(self, terminal_in: TextIO, terminal_out: TextIO) -> None:
        super().__init__(stdin=terminal_in, stdout=terminal_out, nosigint=True)
        self._terminal = terminal_in, terminal_out
        self._looking = False

    def do_quit(self, arg: str) -> bool | None:  # noqa: ARG002 - cmd.Cmd passes it # pragma: no cover - it ends by _exit()
        """End the program."""
        self.message("the worker is ended")
        self._terminal[1].flush()
        os._exit(1)

    do_q = do_exit = do_quit

    def do_EOF(self, arg: str) -> bool | None:  # noqa: N802 - cmd.Cmd calls it so
        """End the program."""
        return self.do_quit(arg)

    # pdb has the place of what measures.
    def look(self, frame: FrameType | None, raised: TracebackType | None) -> None:  # pragma: no cover
        """Let the user look at a frame, or at a traceback, but not while the user does so already."""
        if self._looking:
            return
        self._looking = True
        trace = sys.gettrace()
        sys.settrace(None)
        try:
            other = TerminalPdb(*self._terminal)
            other._looking = True
            other.reset()
            other.interaction(frame, raised)
        finally:
            self._looking = False
            sys.settrace(trace)


def watch(debugger: TerminalPdb) -> Callable[[BaseException, TracebackType | None], None]:
    """
    Have the debugger look at each exception whose traceback is formatted, at Ctrl-C, and at ``breakpoint()``.

    Returns:
        What has it look at an exception, unless it did so before.
    """

    class Watched(traceback.TracebackException):
        def __init__(
            self,
            exc_type: type[BaseException],
            exc_value: BaseException,
            exc_traceback: TracebackType | None,
            **options: NoReturn,  # noqa: PYI050 - Python 3.8 has no Never
        ) -> None:
            if exc_traceback is not None and not isinstance(exc_value, (SystemExit, GeneratorExit)):
                look_once(exc_value, exc_traceback)
            super().__init__(exc_type, exc_value, exc_traceback, **options)

    seen: list[BaseException] = []

    def look_once(error: BaseException, raised: TracebackType | None) -> None:
        if any(error is each for each in seen):
            return
        chain: BaseException | None = error
        while chain is not None and not any(chain is each for each in seen):
            seen.append(chain)  # Its causes are formatted with it.
            chain = chain.__cause__ or chain.__context__
        debugger.message(f"{type(error).__name__}: {error}")
        debugger.look(None, raised)

    def stop_here(*_arguments: object, **_options: object) -> None:
        debugger.set_trace(sys._getframe(1))  # noqa: SLF001 - as pdb.set_trace does

    setattr(traceback, "TracebackException", Watched)  # noqa: B010 - a plain assignment is none that mypy allows
    setattr(pdb, "set_trace", stop_here)  # noqa: B010 - the same
    sys.breakpointhook = stop_here
    signal.signal(signal.SIGINT, lambda _number, frame: debugger.look(frame, None))
    return look_once


def program(arguments: list[str]) -> tuple[CodeType, ModuleType, list[str]]:
    """The program's code, the module to run it in, and its ``sys.argv``."""
    module = ModuleType("__main__")
    own = sys.path and Path(sys.path[0]).resolve() == Path(__file__).resolve().parent  # Not with python -I.
    if arguments[0] != "-m":
        path = arguments[0]
        if own:
            sys.path[0] = str(Path(path).resolve().parent)
        module.__file__ = path
        return compile(Path(path).read_bytes(), path, "exec"), module, arguments
    if own:
        sys.path[0] = str(Path.cwd())
    name = arguments[1]
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{name}.__main__")
    loader = None if spec is None else spec.loader
    code = loader.get_code(spec.name) if spec is not None and isinstance(loader, InspectLoader) else None
    if spec is None or code is None:
        sys.exit(f"replay_pdb: no module named {name}")
    module.__spec__, module.__package__, module.__file__ = spec, spec.parent, spec.origin or name
    return code, module, [module.__file__, *arguments[2:]]


def main(arguments: list[str], terminal_in: TextIO, terminal_out: TextIO) -> None:
    """Run the program, and talk to the user there; returns when it has ended."""
    debugger = TerminalPdb(terminal_in, terminal_out)
    code, module, sys.argv = program(arguments)
    module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = module
    look_once = watch(debugger)
    terminal_out.write(HELLO)
    try:
        debugger.run(code, module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        debugger.message("the program ends with an exception")
        look_once(error, error.__traceback__)
        raise


if __name__ == "__main__":
    itself = sys.modules["__main__"]  # Another module takes its place.
    try:
        reading = TERMINAL.open(encoding="utf-8", errors="replace")
        writing = TERMINAL.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as problem:
        sys.exit(f"replay_pdb: pdb needs a terminal to talk on: {problem}")
    faulthandler.enable(writing)
    main(sys.argv[1:], reading, writing)
