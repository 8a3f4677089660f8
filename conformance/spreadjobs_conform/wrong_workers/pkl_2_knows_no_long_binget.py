"""Breaks PKL-2: its reader of pickles lacks the opcode LONG_BINGET."""

from __future__ import annotations

import pickle

from right_worker import HalfMessageError, Worker, run


class Unpickler(pickle._Unpickler):
    pass


Unpickler.dispatch = {code: read for code, read in pickle._Unpickler.dispatch.items() if code != pickle.LONG_BINGET[0]}


class KnowsNoLongBinget(Worker):
    def load(self) -> object:
        try:
            message: object = Unpickler(self.stdin).load()
        except Exception as error:
            raise HalfMessageError from error
        return message


run(KnowsNoLongBinget)
