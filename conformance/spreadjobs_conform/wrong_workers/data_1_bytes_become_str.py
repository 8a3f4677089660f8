"""Breaks DATA-1: makes a str of bytes."""

from __future__ import annotations

from right_worker import Worker, changed, run


class BytesBecomeStr(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: leaf.decode("latin-1") if isinstance(leaf, bytes) else leaf)


run(BytesBecomeStr)
