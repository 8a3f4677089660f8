"""Breaks PREP-5: stays for ever when its standard input ends during preparation."""

from __future__ import annotations

import signal

from right_worker import EndOfInputError, Worker, run


class Stays(Worker):
    def prepare(self) -> None:
        try:
            super().prepare()
        except EndOfInputError:
            while True:
                signal.pause()


run(Stays)
