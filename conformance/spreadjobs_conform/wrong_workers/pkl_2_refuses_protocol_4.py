"""Breaks PKL-2: cannot read pickles of protocol 4, the declared one."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class RefusesProtocol4(Worker):
    def load(self) -> object:
        if self.stdin.peek(2)[:2] == b"\x80\x04":
            sys.exit("ValueError: unsupported pickle protocol: 4")
        return super().load()


run(RefusesProtocol4)
