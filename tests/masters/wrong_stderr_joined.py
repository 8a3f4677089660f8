"""Breaks EXEC-7: takes standard error for standard output."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from wronging import Process, run, start_by


class Joined(Process):
    STDERR = subprocess.STDOUT

    def __init__(
        self, arguments: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | None, **_: object
    ) -> None:
        super().__init__(arguments, env=env, cwd=cwd)
        self.stderr = open(os.devnull, "rb", buffering=0)  # noqa: PTH123, SIM115 - the connection closes it


start_by(Joined)
run()
