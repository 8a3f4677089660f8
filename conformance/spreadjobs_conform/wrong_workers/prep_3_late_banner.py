"""Breaks PREP-3: says late, from a thread, that it is ready, if no request has come."""

from __future__ import annotations

import os
import threading
import time

from right_worker import Worker, run


class LateBanner(Worker):
    def begin(self) -> None:
        threading.Thread(target=self.say, daemon=True).start()

    def say(self) -> None:
        time.sleep(1.5)
        if not self.requests:
            os.write(1, b"ready\n")


run(LateBanner)
