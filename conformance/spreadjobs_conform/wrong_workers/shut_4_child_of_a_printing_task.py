"""Breaks SHUT-4: leaves a child that holds its standard output, of a task that printed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from right_worker import Worker, run

if TYPE_CHECKING:
    from collections.abc import Sequence


class LeavesAChildOfAPrintingTask(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        subprocess.Popen(["/bin/sleep", "600"], stdin=subprocess.DEVNULL)
        super().op_print(out, err)


run(LeavesAChildOfAPrintingTask)
