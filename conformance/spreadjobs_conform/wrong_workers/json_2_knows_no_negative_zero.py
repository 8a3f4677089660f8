"""Breaks JSON-2: takes a zero with a minus sign for no number."""

from __future__ import annotations

import re
import sys

from right_worker import Worker, run


class KnowsNoNegativeZero(Worker):
    def decode_json(self, line: bytes) -> object:
        if re.search(rb"[:,\[]-0[,\]}]", line):
            sys.exit("malformed number")
        return super().decode_json(line)


run(KnowsNoNegativeZero)
