"""Breaks DATA-3: copies texts through a buffer that has no room for its end where a text just fits."""

from __future__ import annotations

import above  # noqa: F401 - it makes the next import work
from right_worker import Worker, changed, run

BUFFER = 256


class LacksRoomForTheEnd(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: leaf[:-1] if isinstance(leaf, str) and len(leaf) == BUFFER else leaf)


run(LacksRoomForTheEnd)
