"""Breaks WIRE-4: prints what a task printed from a thread, a moment after the answer."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from right_worker import Worker, run

if TYPE_CHECKING:
    from collections.abc import Sequence


class ThreadPrints(Worker):
    def op_print(self, out: Sequence[str], err: Sequence[str]) -> None:
        super().op_print(out, err)
        late = threading.Timer(0.05, os.write, (1, "".join(out).encode("utf-8", "replace")))
        late.daemon = True
        late.start()


run(ThreadPrints)
