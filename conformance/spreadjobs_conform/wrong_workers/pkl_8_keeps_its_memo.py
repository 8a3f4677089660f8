"""Breaks PKL-8: reads all messages with one Unpickler, whose memo is never cleared."""

from __future__ import annotations

import pickle

from right_worker import HalfMessageError, Worker, run


class KeepsItsMemo(Worker):
    def begin(self) -> None:
        self.unpickler = pickle.Unpickler(self.stdin)

    def load(self) -> object:
        try:
            return self.unpickler.load()
        except EOFError as error:
            raise HalfMessageError from error


run(KeepsItsMemo)
