"""Breaks EXEC-11: starts a worker in its own session, though in another group."""

from __future__ import annotations

from wronging import Process, run, start_by


class Near(Process):
    NEW_SESSION = False
    GROUP = 0


start_by(Near)
run()
