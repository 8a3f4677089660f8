"""
A guard against workers without end: a worker imports a module whose top level starts a run, whose workers import it ...

Standard library only: both sides use it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

IMPORTING: Final = "SPREAD_JOBS_IMPORTING"
"""The environment variable that bears the module's name while a worker imports it; inherited by what that starts."""


@contextmanager
def importing(module: str) -> Iterator[None]:
    """Let no run be started while this block imports a module for a worker."""
    os.environ[IMPORTING] = module
    try:
        yield
    finally:
        del os.environ[IMPORTING]


def check_not_importing() -> None:
    """
    Refuse to start workers while a worker imports its module.

    Raises:
        RuntimeError: it does; the text names the module and the cure.
    """
    module = os.environ.get(IMPORTING)
    if module is not None:
        raise RuntimeError(
            f"a run was begun while a worker imports {module!r}: its top level starts workers itself, without end; "
            "put that under: if __name__ == '__main__':"
        )
