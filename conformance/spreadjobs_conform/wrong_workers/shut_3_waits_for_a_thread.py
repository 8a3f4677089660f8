"""Breaks SHUT-3: a thread that never ends keeps the process alive when everything else is done."""

from __future__ import annotations

import threading

from right_worker import Worker, run


class WaitsForAThread(Worker):
    def prepare(self) -> None:
        super().prepare()
        threading.Thread(target=threading.Event().wait).start()


run(WaitsForAThread)
