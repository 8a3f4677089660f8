"""The guard's command line. Standard library only; not loaded where there are no options."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from spreadjobs.guard_watch import Options

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse(arguments: Sequence[str]) -> tuple[Sequence[str], Options]:
    """
    Read a command line.

    Args:
        arguments: All but the guard's name.

    Returns:
        The program's command line, and the options.

    Raises:
        SystemExit: it is wrong (2), or asks for help (0).
    """
    parser = _parser()
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options, command = parser.parse_args(arguments[:at]), arguments[at + 1 :]
    if not command:
        parser.error("no program: -- COMMAND [ARG...] is due at the end")
    if options.codec == "json" and options.dialect == "untagged":
        parser.error("--dialect untagged goes with --codec pickle only (spec UNT-1)")
    return command, Options(options.grace_s, options.lease_s, options.codec, options.dialect)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m spreadjobs.guard",
        usage="%(prog)s [options] -- COMMAND [ARG...]",
        description="Run any program as a worker, and end it with all that it has started when its master is gone.",
        epilog="""Without --lease-s the program has the pipes itself. With it the guard passes bytes on, and looks at
        messages so far as to know whether a task runs: none does if the last message to the program was a request and
        its response has come back (in the dialect untagged: if the last message was a response). What cannot be told
        counts as a task: before the first response, after the end of the input, and where bytes are no messages of
        --codec, the lease does not end anything. Choose it longer than the longest pause that a living master makes
        between two tasks: to that a worker that is ended so has left.""",
    )
    parser.add_argument(
        "--grace-s",
        type=_seconds,
        default=Options().grace_s,
        metavar="S",
        help="seconds between TERM and KILL (default: 0.3)",
    )
    parser.add_argument(
        "--lease-s",
        type=_positive,
        metavar="N",
        help="end the program when for N seconds neither bytes nor a hang-up came, and no task runs: for a client that "
        "may break without closing its pipes. First its input is closed; TERM follows after as long as the lease, 5 to "
        "30 s",
    )
    parser.add_argument("--codec", choices=("pickle", "json"), default="pickle", help="of the messages, for --lease-s")
    parser.add_argument("--dialect", choices=("tagged", "untagged"), default="tagged", help="likewise")
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: a number of seconds, 0 or more, is due")
    return value


def _positive(text: str) -> float:
    value = _seconds(text)
    if not value:
        raise argparse.ArgumentTypeError(f"{text}: a number of seconds above 0 is due")
    return value
