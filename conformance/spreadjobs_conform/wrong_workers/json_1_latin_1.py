"""Breaks JSON-1: writes text in Latin-1, not in UTF-8."""

from __future__ import annotations

import json

from right_worker import Worker, run


class Latin1(Worker):
    def encode(self, response: object) -> bytes:
        return json.dumps(response, ensure_ascii=False).encode("latin-1", "replace") + b"\n"


run(Latin1)
