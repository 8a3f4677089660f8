"""Breaks JSON-4: writes the first key of an object twice."""

from __future__ import annotations

import re

from right_worker import Worker, run


class RepeatsKeys(Worker):
    def encode(self, response: object) -> bytes:
        return re.sub(rb'\{("[^"\\]*": )(?=["0-9])', rb"{\1null, \1", super().encode(response))


run(RepeatsKeys)
