"""Breaks SHUT-4: leaves a child that holds its standard output open."""

from __future__ import annotations

import subprocess

from right_worker import Worker, run


class LeavesAChild(Worker):
    def at_end(self) -> None:
        subprocess.Popen(["/bin/sleep", "600"], stdin=subprocess.DEVNULL)


run(LeavesAChild)
