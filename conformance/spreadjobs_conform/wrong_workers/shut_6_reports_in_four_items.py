"""Breaks SHUT-6: reports a failure for a message that was cut off, without a traceback."""

from __future__ import annotations

from right_worker import HalfMessageError, Worker, run


class ReportsInFourItems(Worker):
    def read(self) -> object:
        try:
            return super().read()
        except HalfMessageError:
            if self.requests:
                self.send((("RemoteException", self.task_id, "EOFError", "no more input"), None, None))
            raise


run(ReportsInFourItems)
