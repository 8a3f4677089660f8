"""Breaks PKL-7: writes all failures with one Pickler, whose memo it never clears."""

from __future__ import annotations

import io
import pickle

from right_worker import Worker, run


class KeepsItsMemo(Worker):
    failed = False

    def begin(self) -> None:
        self.buffer = io.BytesIO()
        self.pickler = pickle.Pickler(self.buffer, self.protocol)

    def fail(self, task_id: int, error: Exception) -> object:
        self.failed = True
        return super().fail(task_id, error)

    def encode(self, response: object) -> bytes:
        if not self.failed:
            return super().encode(response)
        self.failed = False
        start = self.buffer.tell()
        self.pickler.dump(response)
        return self.buffer.getvalue()[start:]


run(KeepsItsMemo)
