"""``python -m spreadjobs.worker package.module:function``. Standard library only: a worker imports this file."""

from __future__ import annotations

import argparse
import importlib
import operator
import sys
from typing import TYPE_CHECKING

from spreadjobs.nesting import importing
from spreadjobs.worker_pipes import claim
from spreadjobs.worker_serve import UNTIL_NONE, check_choices, check_numbers, serve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spreadjobs.worker_serve import OneArgument


def run(arguments: Sequence[str]) -> int:
    """
    Serve a function that is named on the command line.

    Args:
        arguments: The command line without the program's name.

    Returns:
        0, at the end of input.

    Raises:
        SystemExit: a wrong command line or a name that leads to no function (2), or what ``serve`` raises.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    items = UNTIL_NONE if options.until_none else options.items
    try:
        check_choices(options.codec, options.dialect, options.capture, options.pickle_protocol)
        check_numbers(options.prepare, items, options.max_tasks)
    except ValueError as error:
        parser.error(str(error))
    # Before any code of the user's is imported: what it prints while it is imported goes to the error stream.
    claim()
    try:
        serve(
            _find(options.function),
            prepare=_find(options.prepare) if options.prepare else None,
            preparation_items=items,
            codec=options.codec,
            dialect=options.dialect,
            capture=options.capture,
            pickle_protocol=options.pickle_protocol,
            max_tasks=options.max_tasks,
        )
    except _UsageError as error:
        # Without the usage: the line would be the last of seven, and the master shows the last ones.
        parser.exit(2, f"{parser.prog}: {error}\n")
    return 0


class _UsageError(Exception):
    """A name on the command line leads nowhere."""


def _find(name: str) -> OneArgument:
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        hint = f", such as {':'.join(name.rsplit('.', 1))!r}" if "." in name else ""
        raise _UsageError(f"{name!r}: package.module:function is due{hint}")
    try:
        with importing(module_name):
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there, and misses another one: its traceback says which
        looked = ", ".join(repr(path) for path in sys.path)
        cure = (
            f"write {name.removesuffix('.py')!r}"
            if module_name.endswith(".py")
            else "start it in the folder of the module"
        )
        raise _UsageError(f"cannot import {module_name!r} ({error}); looked in {looked}; {cure}") from None
    try:
        found: object = operator.attrgetter(path)(module)
    except AttributeError as error:
        raise _UsageError(f"{name!r}: {error}") from None
    if not callable(found):
        raise _UsageError(f"{name!r} is of type {type(found).__name__}; a function is due")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m spreadjobs.worker",
        description="Be a worker: answer each request on standard input with function(payload).",
    )
    parser.add_argument("function", metavar="package.module:function", help="called with one payload at a time")
    parser.add_argument(
        "--prepare",
        metavar="package.module:function",
        help="called once with the list of preparation items; needs --items or --until-none",
    )
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument("--items", type=int, default=0, metavar="N", help="so many preparation items come")
    ends.add_argument("--until-none", action="store_true", help="preparation ends with a None item")
    parser.add_argument("--codec", choices=("pickle", "json"), default="pickle")
    parser.add_argument("--dialect", choices=("tagged", "untagged"), default="tagged")
    parser.add_argument("--pickle-protocol", type=int, choices=range(6), help="of what is written; 5 is the default")
    parser.add_argument(
        "--capture",
        choices=("both", "out", "none"),
        default="both",
        help="which of the streams are taken for the lines of the task; the rest goes to the error stream",
    )
    parser.add_argument("--max-tasks", type=int, metavar="N", help="leave after so many responses, with status 0")
    return parser
