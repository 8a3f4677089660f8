"""The likely cause of bytes that should not have come, and what to do about it. Spec VIO-3."""

from __future__ import annotations

from typing import Final

PRINTS: Final = (
    "its program probably prints to stdout; send prints to stderr, or start from workers/python/worker.py "
    "or spreadjobs.worker.serve()"
)
TRACEBACK: Final = "its program printed a traceback to stdout; see its stderr, and run it by hand"
SPEAKS_JSON: Final = "it looks like JSON: is Settings(codec='json') due?"
SPEAKS_PICKLE: Final = "it looks like a pickle: is Settings(codec='pickle') due?"
LINE_BYTES: Final = 60
"""So much of the first line is looked at: quotes are cut, and may end inside a character."""


def likely_cure(data: bytes, codec: str) -> str:
    """
    What to do about undue bytes, or "" where nothing is likely.

    Args:
        data: The first of them.
        codec: The codec in use, ``pickle`` or ``json``.
    """
    if data.startswith(b"Traceback "):
        return TRACEBACK
    if codec == "json" and data.startswith(b"\x80"):
        return SPEAKS_PICKLE
    if codec == "pickle" and data.startswith((b"[[", b"[{", b'["', b"{")):
        return SPEAKS_JSON
    # The first line alone: a stray print may be followed by a good message in the same read.
    text = data.partition(b"\n")[0][:LINE_BYTES].decode("utf-8", "replace")
    looks_like_text = all(character.isprintable() or character.isspace() for character in text)
    return PRINTS if looks_like_text else ""


def start_cure(program: str, error: OSError) -> str:
    """
    What to do about a program that could not be started, or "".

    Args:
        program: The first of its arguments.
        error: Why.
    """
    words = program.split()
    if isinstance(error, FileNotFoundError) and len(words) > 1:
        return f"; a list of arguments is due: did you mean {words!r}?"
    return ""
