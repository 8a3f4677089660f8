"""The fuzz target: atheris (libFuzzer) over ``codec.feed``. ``make fuzz`` runs it; its arguments are libFuzzer's."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

# By name: type checking must not depend on its being installed.
atheris = importlib.import_module("atheris")

with atheris.instrument_imports(include=["spreadjobs"]):
    from fuzz_checks import check
    from fuzz_mutator import mutate


def one_input(data: bytes) -> None:
    """Run one input; any exception is a finding."""
    check(data)


def mutation(data: bytes, max_size: int, seed: int) -> bytes:
    """Change one input."""
    return mutate(data, max_size, seed, atheris.Mutate)


if __name__ == "__main__":
    # libFuzzer starts its helpers by this, through a shell.
    again = f"'{sys.executable}' '{Path(__file__).resolve()}'"
    atheris.Setup([again, *sys.argv[1:]], one_input, custom_mutator=mutation)
    atheris.Fuzz()
