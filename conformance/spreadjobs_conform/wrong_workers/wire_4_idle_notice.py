"""Breaks WIRE-4: says on standard output that it has nothing to do, once, some time after a failure."""

from __future__ import annotations

import select

from right_worker import Worker, run


class IdleNotice(Worker):
    failed_at = 0

    def read(self) -> object:
        if self.failed_at and self.requests > self.failed_at and not select.select([0], [], [], 0.05)[0]:
            self.write(b"nothing to do\n")
            self.failed_at = 0
        return super().read()

    def fail(self, task_id: int, error: Exception) -> object:
        self.failed_at = self.requests
        return super().fail(task_id, error)


run(IdleNotice)
