"""Breaks DATA-1: loses keys that mean something in its language."""

from __future__ import annotations

from right_worker import Worker, run


class LosesSpecialKeys(Worker):
    def op_echo(self, value: object) -> object:
        if isinstance(value, dict):
            return {key: self.op_echo(item) for key, item in value.items() if key != "__proto__"}
        return type(value)(map(self.op_echo, value)) if isinstance(value, list | tuple) else value


run(LosesSpecialKeys)
