"""Breaks SHUT-4: leaves a child that holds its standard output for some seconds."""

from __future__ import annotations

import subprocess

from right_worker import Worker, run


class LeavesAChildForSeconds(Worker):
    def at_end(self) -> None:
        subprocess.Popen(["/bin/sleep", "3"], stdin=subprocess.DEVNULL)


run(LeavesAChildForSeconds)
