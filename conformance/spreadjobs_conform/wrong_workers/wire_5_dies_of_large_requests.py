"""Breaks WIRE-5: dies of a request longer than 32 KiB."""

from __future__ import annotations

import io
import sys

from right_worker import Worker, run

LIMIT_BYTES = 1 << 15


class Counted(io.FileIO):
    count = 0

    def readinto(self, buffer: bytearray, /) -> int | None:  # type: ignore[override]
        size = super().readinto(buffer)
        self.count += size or 0
        if self.count > LIMIT_BYTES:
            sys.exit("request too long")
        return size


class DiesOfLargeRequests(Worker):
    def begin(self) -> None:
        self.raw = Counted(0, closefd=False)
        self.stdin = io.BufferedReader(self.raw)

    def read(self) -> object:
        self.raw.count = 0
        return super().read()


run(DiesOfLargeRequests)
