"""Breaks WIRE-4: floods standard output while it should sleep, with what could begin a message."""

from __future__ import annotations

from right_worker import Worker, run


class Floods(Worker):
    def op_sleep(self, seconds: float) -> None:
        del seconds
        while True:
            self.write(b"[" * 65536 if self.codec == "json" else b"(" * 65536)


run(Floods)
