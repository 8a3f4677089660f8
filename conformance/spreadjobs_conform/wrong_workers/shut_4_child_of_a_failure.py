"""Breaks SHUT-4: leaves a child that holds its standard output, of a task that failed."""

from __future__ import annotations

import subprocess

from right_worker import Worker, run


class LeavesAChildOfAFailure(Worker):
    def op_raise(self, **failure: str) -> object:
        subprocess.Popen(["/bin/sleep", "600"], stdin=subprocess.DEVNULL)
        return super().op_raise(**failure)


run(LeavesAChildOfAFailure)
