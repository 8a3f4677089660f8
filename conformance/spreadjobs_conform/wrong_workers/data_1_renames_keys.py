"""Breaks DATA-1: writes the keys of dicts in snake case."""

from __future__ import annotations

import re

from right_worker import Worker, run


def renamed(value: object) -> object:
    if isinstance(value, dict):
        return {name_of(key): renamed(item) for key, item in value.items()}
    return type(value)(map(renamed, value)) if isinstance(value, list | tuple) else value


def name_of(key: object) -> object:
    return re.sub("([a-z])([A-Z])", r"\1_\2", key).replace("-", "_") if isinstance(key, str) else key


class RenamesKeys(Worker):
    def op_echo(self, value: object) -> object:
        return renamed(value)


run(RenamesKeys)
