"""Breaks ERR-4: dies of a payload that it does not know."""

from __future__ import annotations

import sys

from right_worker import Worker, run


class DiesOfStrangePayloads(Worker):
    def perform(self, payload: object) -> object:
        if not isinstance(payload, dict) or "op" not in payload:
            sys.exit("unknown payload")
        return super().perform(payload)


run(DiesOfStrangePayloads)
