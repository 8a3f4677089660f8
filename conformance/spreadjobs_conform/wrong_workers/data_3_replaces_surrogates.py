"""Breaks DATA-3: replaces what UTF-8 cannot carry by a question mark."""

from __future__ import annotations

from right_worker import Worker, changed, run


class ReplacesSurrogates(Worker):
    def op_echo(self, value: object) -> object:
        return changed(value, lambda item: item.encode("utf-8", "replace").decode() if isinstance(item, str) else item)


run(ReplacesSurrogates)
