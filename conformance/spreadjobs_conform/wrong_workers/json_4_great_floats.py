"""Breaks JSON-4: writes great whole floats as integers, as JavaScript does up to 1e21."""

from __future__ import annotations

import json

from right_worker import Worker, changed, run


class GreatFloats(Worker):
    def encode(self, response: object) -> bytes:
        return json.dumps(changed(response, in_javascript)).encode("utf-8") + b"\n"


def in_javascript(leaf: object) -> object:
    return int(leaf) if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 1e21 else leaf


run(GreatFloats)
