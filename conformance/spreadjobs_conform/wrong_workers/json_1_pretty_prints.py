"""Breaks JSON-1: spreads a message over several lines."""

from __future__ import annotations

import json

from right_worker import Worker, run


class PrettyPrints(Worker):
    def encode(self, response: object) -> bytes:
        return json.dumps(response, indent=1).encode() + b"\n"


run(PrettyPrints)
