"""Breaks RUN-7: runs a program in a task that fails, which inherits standard input and reads all that comes there."""

from __future__ import annotations

import subprocess
import time

from right_worker import Worker, run


class ChildOfAFailingTask(Worker):
    def op_raise(self, **failure: str) -> object:
        with subprocess.Popen(["/bin/cat"], stdout=subprocess.DEVNULL) as child:
            time.sleep(0.1)
            child.kill()
        return super().op_raise(**failure)


run(ChildOfAFailingTask)
