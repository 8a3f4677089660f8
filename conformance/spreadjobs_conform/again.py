"""The command line that runs a worker again: how it is written, and whether one in a report is that of its header."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

PROGRAM: Final = "spread-jobs-conform"
CHOICE: Final = "{}"
"""Where the choice of cases goes."""
VALUED: Final = ("--class", "--codec", "--dialect", "--pickle-protocol", "--manifest", "--timeout-scale")
FLAGS: Final = ("--all-scored", "--no-manifest")


def again(options: Mapping[str, str], command: Sequence[str], verb: str = "") -> str:
    """
    The command line of a run, with ``{}`` where the choice of cases goes.

    Args:
        options: What was given of ``VALUED``, with its value, and of ``FLAGS``, with an empty one.
        command: Of the program under test; empty if the manifest has it.
        verb: Of the command line; empty for a run of a worker.
    """
    words = [PROGRAM, verb] if verb else [PROGRAM]
    for option in (*VALUED, *FLAGS):
        if option in options:
            words += [option, options[option]] if option in VALUED else [option]
    tail = ["--", *(_quoted(word) for word in command)] if command else []
    return " ".join([shlex.join(words), CHOICE, *tail])


def _quoted(word: str) -> str:
    """As ``shlex.quote``, in one line and without anything unseen: that would not survive where it is shown."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(_escaped(each) for each in word) + "'"


def _escaped(character: str) -> str:
    if character.isprintable():
        return f"\\{character}" if character in "'\\" else character
    if character in "\n\t":
        return "\\n" if character == "\n" else "\\t"
    # Bytes that are no text come as lone surrogates.
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))


def misfit(text: object, header: Mapping[str, object]) -> str:
    """
    What in a command line is not as the header of its report has it; empty: nothing that can be seen.

    Args:
        text: What ``again`` gave.
        header: That of the report. What a manifest says is in it, and the name of the manifest's file is not.
    """
    try:
        options = _options(iter(shlex.split(str(text).partition(f" {CHOICE} -- ")[0])))
        words = header.get("command")
        command = [str(word) for word in words] if isinstance(words, list) else []
        due = [again(options, command)] + [again(options, ())] * ("--manifest" in options)
    except ValueError as error:
        return f"it cannot be read: {error}"
    if text not in due:
        return f"its options and the command give {due[0]!r:.200}"
    is_declared = "--manifest" in options
    speaks: dict[str, tuple[object, object]] = {
        "--class": (header.get("class"), "worker"),
        "--codec": (header.get("codec"), "pickle"),
        "--dialect": (header.get("dialect"), "tagged"),
        "--timeout-scale": (str(header.get("timeout_scale")), "1.0"),
        "--pickle-protocol": (str(header.get("pickle_protocol")) if header.get("protocol_given") else None, None),
        "--all-scored": ("" if header.get("all_scored") else None, None),
    }
    for option, (is_so, default) in speaks.items():
        said = options.get(option, default)
        if said != is_so and not (is_declared and option not in options and option in VALUED[1:4]):
            return f"{option} is {said!r:.80} there, and {is_so!r:.80} in the header"
    return ""


def _options(words: Iterator[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if next(words, "") != PROGRAM:
        raise ValueError(f"it does not begin with {PROGRAM}")
    for word in words:
        if word == CHOICE:
            break
        if word not in (*VALUED, *FLAGS):
            raise ValueError(f"{word!r:.80} is no option that it has")
        found[word] = next(words, "") if word in VALUED else ""
    return found
