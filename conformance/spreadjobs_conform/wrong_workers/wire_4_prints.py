"""Breaks WIRE-4: lets what a task prints go to standard output."""

from __future__ import annotations

from collections.abc import Sequence

from right_worker import Worker, run


class Prints(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        for line in out:
            self.write(line.encode("utf-8", "surrogateescape"))
        super().op_print(out, err)


run(Prints)
