"""Classes of a user, as ``allow`` admits them; what a hostile pickle would like to change."""

from __future__ import annotations

import enum

CALLED: list[object] = []
"""What was called that no message may call."""


class Result:
    """A plain class."""

    limit = 10

    def __init__(self, value: object = None) -> None:
        self.value = value

    def close(self, *args: object) -> None:
        """A method that no message may call."""
        CALLED.append(args)


class Account:
    """Its state is checked, as a careful author would."""

    __slots__ = ("balance",)

    balance: int

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, int):
            raise TypeError("an int is due")
        self.balance = state


class Colour(enum.Enum):
    """Its members are shared by the whole process."""

    RED = 1
    GREEN = 2


def function(*args: object) -> str:
    """What no message may call."""
    CALLED.append(args)
    return "called"
