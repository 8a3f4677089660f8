"""Breaks SHUT-6: takes a last line without LF for a message."""

from __future__ import annotations

from right_worker import EndOfInputError, HalfMessageError, Worker, run


class TakesALineWithoutLf(Worker):
    def read(self) -> object:
        line = self.stdin.readline()
        if not line:
            raise EndOfInputError
        try:
            return self.decode_json(line)
        except ValueError as error:
            raise HalfMessageError from error


run(TakesALineWithoutLf)
