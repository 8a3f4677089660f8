"""Breaks WIRE-2: decodes each piece that it reads by itself, so that a character that was cut is lost."""

from __future__ import annotations

import io
import os

from right_worker import Worker, run


class Pieces(io.FileIO):
    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override] # a memoryview takes the same
        # Half a character becomes a whole one, U+FFFD, for each of its bytes: three bytes for one, and no more.
        data = os.read(self.fileno(), len(buffer) // 3)
        decoded = data.decode("utf-8", "replace").encode("utf-8")
        buffer[: len(decoded)] = decoded
        return len(decoded)


class DecodesPieces(Worker):
    def begin(self) -> None:
        self.stdin = io.BufferedReader(Pieces(0, closefd=False))


run(DecodesPieces)
