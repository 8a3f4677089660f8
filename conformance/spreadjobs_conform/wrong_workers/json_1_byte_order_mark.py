"""Breaks JSON-1: begins each message with a byte order mark."""

from __future__ import annotations

import codecs

from right_worker import Worker, run


class ByteOrderMark(Worker):
    def encode(self, response: object) -> bytes:
        return codecs.BOM_UTF8 + super().encode(response)


run(ByteOrderMark)
