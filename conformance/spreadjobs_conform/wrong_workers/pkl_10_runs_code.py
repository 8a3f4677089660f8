"""Breaks PKL-10: answers a complex number with a call that ends whoever unpickles it."""

from __future__ import annotations

import os

from right_worker import Worker, run


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (0,)


class RunsCode(Worker):
    def op_echo(self, value: object) -> object:
        return Bomb() if isinstance(value, complex) else value


run(RunsCode)
