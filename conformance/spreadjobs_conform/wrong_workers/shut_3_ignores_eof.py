"""Breaks SHUT-3: stays for ever after the end of its standard input, deaf to SIGTERM, and so does a child of it."""

from __future__ import annotations

import signal
import subprocess

from right_worker import Worker, run


class IgnoresEof(Worker):
    def at_end(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        # It holds none of the pipes: only the process group tells that it belongs to this worker.
        subprocess.Popen(
            ["/bin/sleep", "600"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while True:
            signal.pause()


run(IgnoresEof)
