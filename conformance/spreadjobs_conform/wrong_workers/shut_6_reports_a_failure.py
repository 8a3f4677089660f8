"""Breaks SHUT-6: reports a failure for a message that was cut off."""

from __future__ import annotations

from right_worker import HalfMessageError, Worker, run


class ReportsAFailure(Worker):
    def read(self) -> object:
        try:
            return super().read()
        except HalfMessageError as error:
            self.send(self.response(self.fail(self.task_id + 1, error), None, None))
            raise


run(ReportsAFailure)
