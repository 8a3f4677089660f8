"""Breaks SHUT-6: hangs when its standard input ends inside a message."""

from __future__ import annotations

import signal

from right_worker import Worker, run


class Hangs(Worker):
    def run(self) -> None:
        try:
            super().run()
        except SystemExit as error:
            while error.code == 1:
                signal.pause()
            raise


run(Hangs)
