"""Breaks WIRE-5: stops reading in the middle of a request longer than 64 KiB, and stays."""

from __future__ import annotations

import io
import signal

from right_worker import Worker, run

LIMIT_BYTES = 1 << 16


class Stopping(io.FileIO):
    count = 0

    def readinto(self, buffer: bytearray, /) -> int | None:  # type: ignore[override]
        size = super().readinto(buffer)
        self.count += size or 0
        while self.count > LIMIT_BYTES:
            signal.pause()
        return size


class StopsReading(Worker):
    def begin(self) -> None:
        self.raw = Stopping(0, closefd=False)
        self.stdin = io.BufferedReader(self.raw)

    def read(self) -> object:
        self.raw.count = 0
        return super().read()


run(StopsReading)
