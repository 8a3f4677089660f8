"""Breaks DATA-1: keeps the low 32 bits of an integer."""

from __future__ import annotations

from right_worker import Worker, changed, run

HALF = 2**31


class Keeps32Bits(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda leaf: (leaf + HALF) % (2 * HALF) - HALF if type(leaf) is int else leaf)


run(Keeps32Bits)
