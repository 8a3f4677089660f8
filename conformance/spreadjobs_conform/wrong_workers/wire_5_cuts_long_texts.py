"""Breaks WIRE-5: cuts a long value in an answer off after 1 MiB."""

from __future__ import annotations

from right_worker import Worker, run

LIMIT_BYTES = 1 << 20


class CutsLongTexts(Worker):
    def op_echo(self, value: object) -> object:
        return value[:LIMIT_BYTES] if isinstance(value, str | bytes) else value


run(CutsLongTexts)
