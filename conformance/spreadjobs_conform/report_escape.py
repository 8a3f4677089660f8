"""What a worker wrote, made harmless: nothing in it is unseen, or acts on a terminal, a CI, a file of XML or a page."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from typing import Final

_UNSEEN: Final = re.compile(
    # Control characters, lone surrogates, what ends lines unseen, what XML forbids.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufff9-\ufffb\ufffe\uffff"
    # What has no width, or turns the direction of text: Unicode's Default_Ignorable_Code_Point.
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_COMMAND: Final = re.compile(
    # GitHub and Azure look for the one anywhere in a line, for the other behind the spaces at its beginning.
    r"(#)#(?=[A-Za-z]*\[)|^([^\S\n]*):(?=:)",
    re.MULTILINE,
)
_MARKUP: Final = re.compile(r"[\\`*_\[\]<>&|~#!@$:]|(?<=[Ww]{3})\.")
"""What Markdown may take for more than a character; as a numeric reference it never does."""


def visible(text: str) -> str:
    r"""
    The text with what cannot be seen as an escape, such as ``\x1b``; line ends and tabs stay.

    So is one character of what a CI would take for a command to itself: ``::error::`` at the beginning of a line,
    ``##[error]`` and ``##vso[task.complete]`` anywhere.
    """
    return _COMMAND.sub(_broken, _UNSEEN.sub(_escape, text))


def escaped_line(text: str) -> str:
    r"""As ``visible``, in one line; tabs stay."""
    return visible(text).replace("\n", "\\n")


def quoted_lines(texts: Iterable[str]) -> list[str]:
    """Lines that are a worker's from their beginning on, each behind a mark: none can be taken for one of the kit's."""
    return [f"| {text}" for text in texts]


def one_line(text: str, most: int | None = None) -> str:
    """
    As ``visible``, in one line.

    Args:
        text: Any.
        most: Longer texts are cut to so many characters, and end in dots then.
    """
    shown = visible(text).replace("\n", "\\n").replace("\t", "\\t")
    return shown if most is None or len(shown) <= most else shown[: most - 3] + "..."


def xml(text: str) -> str:
    """For content and attributes of XML, within double quotes; line ends of attributes are kept."""
    return html.escape(visible(text))


def xml_attribute(text: str) -> str:
    """One line for an attribute of XML."""
    return html.escape(one_line(text))


def markdown(text: str, most: int | None = None) -> str:
    """For a line of Markdown, a cell of a table included: nothing in it is markup."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", one_line(text, most))


def fenced(text: str) -> str:
    """A block of Markdown that nothing in the text can end."""
    shown = visible(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def tap(text: str) -> str:
    r"""For a description or a reason of TAP 14: ``\`` and ``#`` are escaped there."""
    return one_line(text).replace("\\", "\\\\").replace("#", "\\#")


def quoted(text: str) -> str:
    """A string of JSON, which is one of YAML too."""
    return json.dumps(visible(text), ensure_ascii=False)


def _broken(found: re.Match[str]) -> str:
    return "#\\x23" if found[1] else f"{found[2]}\\x3a"


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    if found[0] == "\r":
        return "\\r"
    if number > 0xFFFF:  # noqa: PLR2004 - four hexadecimal digits
        return f"\\U{number:08x}"
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"  # noqa: PLR2004 - two of them
