"""Breaks SHUT-4: runs a shell that leaves a program in the background, which holds standard output open."""

from __future__ import annotations

import subprocess

from right_worker import Worker, run


class LeavesAGrandchild(Worker):
    def begin(self) -> None:
        subprocess.run(["/bin/sh", "-c", "sleep 600 &"], stdin=subprocess.DEVNULL, check=True)


run(LeavesAGrandchild)
