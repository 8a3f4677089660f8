"""Breaks SHUT-4: leaves a child in a session of its own that holds its standard output open."""

from __future__ import annotations

import subprocess

from right_worker import Worker, run


class LeavesADaemon(Worker):
    def at_end(self) -> None:
        subprocess.Popen(["/bin/sleep", "600"], stdin=subprocess.DEVNULL, start_new_session=True)


run(LeavesADaemon)
