"""Breaks JSON-2: takes an empty list or dict with white space in it for one that has a first item, and finds none."""

from __future__ import annotations

import re
import sys

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, run

STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
SPACE_IN_NOTHING = re.compile(rb"\[\s+\]|\{\s+\}")


class KnowsNoSpaceInNothing(Worker):
    def decode_json(self, line: bytes) -> object:
        if SPACE_IN_NOTHING.search(STRING.sub(b"0", line)):
            sys.exit("an item is missing")
        return super().decode_json(line)


run(KnowsNoSpaceInNothing)
