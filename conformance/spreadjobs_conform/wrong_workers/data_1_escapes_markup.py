"""Breaks DATA-1: escapes texts as for a page."""

from __future__ import annotations

import html

from right_worker import Worker, changed, run


class EscapesMarkup(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda item: html.escape(item, quote=False) if isinstance(item, str) else item)


run(EscapesMarkup)
