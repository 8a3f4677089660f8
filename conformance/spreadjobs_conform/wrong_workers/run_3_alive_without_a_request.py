"""Breaks RUN-3: writes Alive once a second, whether a task runs or not."""

from __future__ import annotations

import threading
import time

from right_worker import Worker, run


class AliveWithoutARequest(Worker):
    def begin(self) -> None:
        self.lock = threading.Lock()
        threading.Thread(target=self.beat, daemon=True).start()

    def beat(self) -> None:
        while True:
            time.sleep(1.0)
            if self.requests:
                self.write(self.encode((("Alive", self.task_id), None, None)))

    def write(self, message: bytes) -> None:
        with self.lock:
            super().write(message)


run(AliveWithoutARequest)
