"""Breaks WIRE-7: looks at the byte behind a request before it takes the request."""

from __future__ import annotations

from right_worker import Worker, run


class WaitsForOneMoreByte(Worker):
    def read(self) -> object:
        message = super().read()
        self.stdin.peek(1)
        return message


run(WaitsForOneMoreByte)
