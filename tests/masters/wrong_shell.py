"""Breaks EXEC-1: starts workers by a shell."""

from __future__ import annotations

from collections.abc import Sequence

from wronging import Process, run, start_by


class Shelled(Process):
    def command(self, arguments: Sequence[str]) -> list[str]:
        return ["sh", "-c", " ".join(["exec", *arguments])]


start_by(Shelled)
run()
