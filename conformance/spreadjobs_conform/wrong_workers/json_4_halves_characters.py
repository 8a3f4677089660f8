"""Breaks JSON-4: writes the first half alone of a character that takes two escapes."""

from __future__ import annotations

import json
import re

from right_worker import Worker, check_for_json, run


class HalvesCharacters(Worker):
    def encode(self, response: object) -> bytes:
        check_for_json(response)
        text = json.dumps(response, allow_nan=False)
        return re.sub(r"(\\ud[89ab]..)\\ud[c-f]..", r"\1", text).encode("ascii") + b"\n"


run(HalvesCharacters)
