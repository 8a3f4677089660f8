"""Breaks PKL-2: its reader knows the opcodes that Python's own pickler writes, and no older ones beside them."""

from __future__ import annotations

import pickle

import above  # noqa: F401 - it makes the next import work
from right_worker import HalfMessageError, Worker, run

TEXT_OPCODES = b"ILFVpg"


class Reader(pickle._Unpickler):
    """The dispatch table of its own is what is wrong."""


Reader.dispatch = {opcode: step for opcode, step in Reader.dispatch.items() if opcode not in TEXT_OPCODES}


class KnowsWhatPythonWrites(Worker):
    def load(self) -> object:
        try:
            message: object = Reader(self.stdin).load()
        except Exception as error:
            raise HalfMessageError from error
        return message


run(KnowsWhatPythonWrites)
