"""Values that break whoever asks them what they are, as classes that a user admitted may have them."""

from __future__ import annotations


class Unspeakable:
    """A value whose repr fails."""

    def __repr__(self) -> str:
        """Fail."""
        raise RuntimeError("no repr")


class Nameless(type):
    """A class of classes whose name cannot be told."""

    def __getattribute__(cls, name: str) -> object:
        """Fail for the name."""
        if name == "__name__":
            raise RuntimeError("no name")
        return super().__getattribute__(name)


class Unnamed(metaclass=Nameless):
    """A value that breaks whoever asks what it is."""
