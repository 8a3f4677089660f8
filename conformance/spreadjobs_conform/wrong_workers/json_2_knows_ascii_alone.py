"""Breaks JSON-2: reads text beyond ASCII only where it is escaped."""

from __future__ import annotations

from right_worker import Worker, run


class KnowsAsciiAlone(Worker):
    def decode_json(self, line: bytes) -> object:
        return super().decode_json(line.decode("ascii", "ignore").encode())


run(KnowsAsciiAlone)
