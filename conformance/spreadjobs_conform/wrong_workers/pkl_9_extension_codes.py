"""Breaks PKL-9: writes complex numbers with an extension code that only it knows."""

from __future__ import annotations

import copyreg

from right_worker import Worker, run


class ExtensionCodes(Worker):
    def begin(self) -> None:
        copyreg.add_extension("builtins", "complex", 240)


run(ExtensionCodes)
