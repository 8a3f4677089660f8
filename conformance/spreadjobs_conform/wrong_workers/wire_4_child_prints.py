"""Breaks WIRE-4: starts a program that inherits standard output and prints there."""

from __future__ import annotations

import subprocess

from right_worker import Worker, run


class ChildPrints(Worker):
    def op_sleep(self, seconds: float) -> None:
        subprocess.run(["/bin/sh", "-c", f"sleep {seconds}; echo slept"], stdin=subprocess.DEVNULL, check=True)


run(ChildPrints)
