"""Breaks WIRE-4: lets a library in C print to standard output, past what Python calls standard output."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from right_worker import Worker, run

if TYPE_CHECKING:
    from collections.abc import Sequence


class CCodePrints(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        super().op_print(out, err)
        library = ctypes.CDLL(None)
        library.puts(b"printed by a library")
        library.fflush(None)


run(CCodePrints)
