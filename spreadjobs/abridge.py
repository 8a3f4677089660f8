"""Texts that stand in errors and notes: cut to a length, or as a user would type them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

ELLIPSIS: Final = "..."
COMMENT_LENGTH: Final = 40
"""Characters of captured lines that go into a comment. Source: gmisclib 0.73.0."""

COMMAND_LENGTH: Final = 160
"""Characters of a command line that stand in an error."""


class TooShortALength(ValueError, AssertionError):
    """``truncate`` was given no room for a character. An AssertionError too, because the ancestor raised that."""


def truncate(text: str, length: int) -> str:
    """
    Text that is shorter than a length, or cut to it with three dots at its end.

    Args:
        text: The text.
        length: Characters, above 3. Text of exactly that length is cut too, as the ancestor did.

    Raises:
        TooShortALength: ``length`` is 3 or less.
    """
    if length <= len(ELLIPSIS):
        raise TooShortALength(f"truncate() was given length={length}: more than the {len(ELLIPSIS)} dots take is due")
    return text if len(text) < length else text[: length - len(ELLIPSIS)] + ELLIPSIS


def command_text(arguments: Sequence[str]) -> str:
    """An argument list as a user would type it, on one line and no longer than fits."""
    return truncate(shlex.join(arguments).replace("\n", " "), COMMAND_LENGTH)


def replay_command(path: str) -> str:
    """What runs a case file, as a user would type it; "" without a path."""
    return f"spread-jobs replay {shlex.quote(path)}" if path else ""


def captured_comment(out: str | Sequence[str] | None, err: str | Sequence[str] | None) -> str:
    """
    One line about what a task printed: the ``comment`` of a RemoteException, as the ancestor wrote it. Spec OUT-1.

    Args:
        out: Lines, or one text, or None, that the task printed.
        err: The same of its error stream.
    """
    return f"so={_joined(out)} # se={_joined(err)}"


def _joined(lines: str | Sequence[str] | None) -> str:
    text = lines if isinstance(lines, str) else ";".join(lines or ())
    return truncate(text, COMMENT_LENGTH)
