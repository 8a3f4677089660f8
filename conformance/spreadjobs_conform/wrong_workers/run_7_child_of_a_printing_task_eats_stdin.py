"""Breaks RUN-7: runs a program in a task that prints, which inherits standard input and reads all that comes there."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from right_worker import Worker, run

if TYPE_CHECKING:
    from collections.abc import Sequence


class ChildOfAPrintingTask(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        with subprocess.Popen(["/bin/cat"], stdout=subprocess.DEVNULL) as child:
            time.sleep(0.1)
            child.kill()
        super().op_print(out, err)


run(ChildOfAPrintingTask)
