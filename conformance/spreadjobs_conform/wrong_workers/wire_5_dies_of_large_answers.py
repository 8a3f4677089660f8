"""Breaks WIRE-5: dies of a response longer than the 64 KiB that a pipe holds."""

from __future__ import annotations

import sys

from right_worker import Worker, run

PIPE_BYTES = 65536


class DiesOfLargeAnswers(Worker):
    def write(self, message: bytes) -> None:
        if len(message) > PIPE_BYTES:
            sys.exit("buffer overflow")
        super().write(message)


run(DiesOfLargeAnswers)
