"""Breaks PKL-3: cannot read pickles of the protocols 2 and 3."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class RefusesOldProtocols(Worker):
    def load(self) -> object:
        if self.stdin.peek(2)[:2] in {b"\x80\x02", b"\x80\x03"}:
            sys.exit("ValueError: unsupported pickle protocol")
        return super().load()


run(RefusesOldProtocols)
