"""The state table of the specification, from the copy that the package carries."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Final

import attrs

from spreadjobs_conform.findings import HarnessFault

BEGINNING: Final = "exec"
"""The state in which a worker is when its master has decided to start it."""
_TEXTS: Final = ("party", "state", "event", "action", "next")


@attrs.frozen(kw_only=True)
class Transition:
    """A row of the table."""

    party: str
    """Whose view it is: ``worker`` or ``master``."""
    state: str
    event: str
    action: str
    next: str
    """The state that follows."""
    requirements: tuple[str, ...]

    @property
    def name(self) -> str:
        """State and event, such as ``running: request read``."""
        return f"{self.state}: {self.event}"


def load_transitions() -> tuple[Transition, ...]:
    """
    All rows, in the order of the specification.

    Raises:
        HarnessFault: The package's copy is damaged.
    """
    return parse_transitions(resources.files(__package__).joinpath("states.toml").read_text("utf-8"))


def parse_transitions(text: str) -> tuple[Transition, ...]:
    """
    The rows in the text of ``states.toml``.

    Raises:
        HarnessFault: The text is not what the specification's file looks like.
    """
    rows: object = tomllib.loads(text).get("transition")
    if not isinstance(rows, list) or not rows:
        raise HarnessFault("states.toml has no [[transition]]")
    return tuple(_transition(row) for row in rows)


def _transition(row: object) -> Transition:
    if not isinstance(row, dict):
        raise HarnessFault(f"states.toml: {row!r:.80} is no table")
    texts = {name: row.get(name) for name in _TEXTS}
    requirements = row.get("requirements")
    missing = [name for name, text in texts.items() if not isinstance(text, str)]
    if missing or not isinstance(requirements, list):
        raise HarnessFault(f"states.toml: the row {row!r:.80} lacks {missing or 'requirements'}")
    fields = {name: str(text) for name, text in texts.items()}
    return Transition(**fields, requirements=tuple(str(name) for name in requirements))
