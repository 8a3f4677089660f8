"""Breaks OUT-1: gives the lines as bytes."""

from __future__ import annotations

from collections.abc import Sequence

from right_worker import Worker, run


class Bytes(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        self.out, self.err = [line.encode() for line in out], list(err)


run(Bytes)
