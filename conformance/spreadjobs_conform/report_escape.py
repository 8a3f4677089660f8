"""What a worker wrote, made harmless: no control character reaches a terminal, a file of XML or a page."""

from __future__ import annotations

import html
import json
import re
from typing import Final

_UNSEEN: Final = re.compile(
    # Control characters; what turns the direction of text or ends lines unseen; lone surrogates; what XML forbids.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_MARKUP: Final = re.compile(r"[\\`*_\[\]<>&|~#!@$:]")
"""What Markdown may take for more than a character; as a numeric reference it never does."""


def visible(text: str) -> str:
    r"""The text with what cannot be seen as an escape, such as ``\x1b``; line ends and tabs stay."""
    return _UNSEEN.sub(_escape, text)


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


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    if found[0] == "\r":
        return "\\r"
    return f"\\x{number:02x}" if number <= 0xFF else f"\\u{number:04x}"  # noqa: PLR2004 - two hexadecimal digits
