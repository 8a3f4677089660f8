"""Breaks WIRE-2: takes a small first piece for a whole message, and stops where it is none."""

from __future__ import annotations

import io
import pickle
import sys

from right_worker import Worker, run

SMALL_BYTES = 4096


class WholePieces(Worker):
    def begin(self) -> None:
        self.stdin = io.BufferedReader(io.FileIO(0, closefd=False), 1 << 20)

    def read(self) -> object:
        piece = self.stdin.peek(1)
        if 0 < len(piece) < SMALL_BYTES and not self.is_whole(piece):
            sys.exit(f"malformed message of {len(piece)} bytes")
        return super().read()

    def is_whole(self, piece: bytes) -> bool:
        if self.codec == "json":
            return b"\n" in piece
        try:
            pickle.loads(piece)
        except (EOFError, pickle.UnpicklingError, ValueError, IndexError):
            return False
        return True


run(WholePieces)
