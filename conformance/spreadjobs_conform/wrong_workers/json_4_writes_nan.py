"""Breaks JSON-4: writes NaN where a value is missing."""

from __future__ import annotations

import json
import math

from right_worker import Worker, changed, run


class WritesNaN(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: math.nan if leaf is None else leaf)

    def encode(self, response: object) -> bytes:
        return json.dumps(response).encode() + b"\n"


run(WritesNaN)
