"""What the tests of journals share: workers that note what they do, and runs with a journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from programs import program

from spreadjobs import Journal, Settings, main

NOBODY = ["/no/such/worker"]
"""Whoever has to start it fails."""


class Log:
    """Workers that note what they do, and what they have noted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def worker(self, answer: str = "('done', payload)", preparation: int = 0) -> list[str]:
        """Take items, then answer with the value of an expression; ``nth()`` counts from 1 over all workers."""
        return program(
            f"""
            def nth():
                with open({str(self.path)!r}) as log:
                    return len(log.readlines())
            items = [read() for _ in range({preparation})]
            while True:
                try:
                    task_id, payload = read()
                except EOFError:
                    break
                with open({str(self.path)!r}, "a") as log:
                    log.write(ascii(payload) + "\\n")
                try:
                    write((task_id, {answer}))
                except ZeroDivisionError as error:
                    write(("RemoteException", task_id, "ZeroDivisionError", "", ""))
            """
        )

    def done(self) -> list[str]:
        """What was done since this was last asked."""
        lines = self.path.read_text(encoding="ascii").splitlines() if self.path.exists() else []
        self.path.unlink(missing_ok=True)
        return lines


def results(todo: Sequence[object], worker: list[str], journal: Journal | Path, **settings: object) -> list[object]:
    """Do a run."""
    return main(todo, [worker], journal=journal, settings=Settings(**settings))[0]  # type: ignore[arg-type]
