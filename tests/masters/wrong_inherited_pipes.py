"""Breaks EXEC-2: lets later workers inherit its ends of the pipes of earlier ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from wronging import Process, run, start_by


class Leaking(Process):
    CLOSE_FDS = False

    def __init__(
        self, arguments: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | None, **_: object
    ) -> None:
        super().__init__(arguments, env=env, cwd=cwd)
        for pipe in (self.stdin, self.stdout):
            assert pipe is not None
            os.set_inheritable(pipe.fileno(), True)  # noqa: FBT003


start_by(Leaking)
run()
