"""Breaks SHUT-4: leaves a child that holds its standard output when it exits during a task."""

from __future__ import annotations

import subprocess

from right_worker import Worker, run


class LeavesAChildOfAnExit(Worker):
    def op_exit(self, status: int) -> object:
        subprocess.Popen(["/bin/sleep", "600"], stdin=subprocess.DEVNULL)
        return super().op_exit(status)


run(LeavesAChildOfAnExit)
