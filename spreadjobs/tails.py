"""What workers write after their last answers, as lines. Spec SHUT-8."""

from __future__ import annotations


def lines_of(text: bytes) -> list[str]:
    """As ``readlines()`` would have them: UTF-8 with surrogateescape, split after each LF. Spec SHUT-8."""
    lines = text.decode("utf-8", "surrogateescape").split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])
