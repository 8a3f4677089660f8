"""Breaks EXEC-2: gives a worker sockets for pipes."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence

from wronging import Process, run, start_by


class Socketed(Process):
    def ends(self) -> tuple[int, int]:
        self.requests, stdin = socket.socketpair()
        self.responses, stdout = socket.socketpair()
        self.given = stdin.detach(), stdout.detach()
        return self.given

    def __init__(
        self, arguments: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | None, **_: object
    ) -> None:
        super().__init__(arguments, env=env, cwd=cwd)
        for descriptor in self.given:
            os.close(descriptor)
        self.stdin = os.fdopen(self.requests.detach(), "wb", 0)
        self.stdout = os.fdopen(self.responses.detach(), "rb", 0)


start_by(Socketed)
run()
