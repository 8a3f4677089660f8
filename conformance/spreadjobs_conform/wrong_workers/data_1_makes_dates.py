"""Breaks DATA-1: reads dates in texts, and writes them its own way."""

from __future__ import annotations

import re

from right_worker import Worker, changed, run

DATE = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z")


class MakesDates(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda item: DATE.sub(r"\1 \2 +0000", item) if isinstance(item, str) else item)


run(MakesDates)
