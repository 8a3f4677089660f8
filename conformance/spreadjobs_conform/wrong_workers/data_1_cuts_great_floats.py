"""Breaks DATA-1: takes a float of more than 14 whole digits for a whole number, as some formats do."""

from __future__ import annotations

from right_worker import MAX_INT, Worker, changed, run

GREAT = 10**14


class CutsGreatFloats(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, cut)


def cut(item: object) -> object:
    """Make a float of a great float, without what stands behind its point."""
    return float(int(item)) if isinstance(item, float) and GREAT <= abs(item) <= MAX_INT else item


run(CutsGreatFloats)
