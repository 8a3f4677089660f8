"""Breaks RUN-7: runs a program during a task that inherits standard input and reads all that comes there."""

from __future__ import annotations

import subprocess
import time

from right_worker import Worker, run


class ChildEatsStdin(Worker):
    def op_sleep(self, seconds: float) -> None:
        with subprocess.Popen(["/bin/cat"], stdout=subprocess.DEVNULL) as child:
            time.sleep(seconds)
            child.kill()


run(ChildEatsStdin)
