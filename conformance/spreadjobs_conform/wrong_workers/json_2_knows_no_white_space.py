"""Breaks JSON-2: stops at a line that does not begin with its value."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class KnowsNoWhiteSpace(Worker):
    def decode_json(self, line: bytes) -> object:
        if line[:1].isspace():
            sys.exit("malformed line")
        return super().decode_json(line)


run(KnowsNoWhiteSpace)
