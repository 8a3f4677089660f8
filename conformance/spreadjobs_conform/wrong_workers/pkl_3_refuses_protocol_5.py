"""Breaks PKL-3: cannot read pickles of protocol 5."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class RefusesProtocol5(Worker):
    def load(self) -> object:
        if self.stdin.peek(2)[:2] == b"\x80\x05":
            sys.exit("ValueError: unsupported pickle protocol: 5")
        return super().load()


run(RefusesProtocol5)
