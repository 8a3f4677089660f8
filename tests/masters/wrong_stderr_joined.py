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
        ended, other = os.pipe()
        os.close(other)
        self.stderr = os.fdopen(ended, "rb", 0)


start_by(Joined)
run()
