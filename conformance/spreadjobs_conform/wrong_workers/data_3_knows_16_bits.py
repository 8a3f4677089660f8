"""Breaks DATA-3: puts a question mark for each character beyond U+FFFF."""

from __future__ import annotations

import re

from right_worker import Worker, changed, run

WIDE = re.compile("[\U00010000-\U0010ffff]")


class Knows16Bits(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: WIDE.sub("?", leaf) if isinstance(leaf, str) else leaf)


run(Knows16Bits)
