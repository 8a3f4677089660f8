"""The requirements of the specification, from the copy that the package carries."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

import attrs

from spreadjobs_conform.findings import HarnessFault

LEVELS = ("MUST", "SHOULD", "MAY")


@attrs.frozen
class Requirement:
    """One numbered sentence of the specification."""

    id: str
    level: str
    """``MUST``, ``SHOULD`` or ``MAY``."""
    party: str
    """``worker`` or ``master``."""
    text: str
    applies: str = ""
    """What it is about, such as ``json``; empty: everything."""
    untestable: str = ""
    """Why no test from outside can show it; empty: one can."""


def load_requirements() -> Mapping[str, Requirement]:
    """
    All requirements by id, in the order of the specification.

    Raises:
        HarnessFault: The package's copy is damaged.
    """
    return parse_requirements(resources.files(__package__).joinpath("requirements.toml").read_text("utf-8"))


def parse_requirements(text: str) -> Mapping[str, Requirement]:
    """
    The requirements in the text of ``requirements.toml``.

    Raises:
        HarnessFault: The text is not what the specification's file looks like.
    """
    entries: object = tomllib.loads(text).get("requirement")
    if not isinstance(entries, dict):
        raise HarnessFault("requirements.toml has no table [requirement]")
    return MappingProxyType({str(key): _requirement(str(key), entry) for key, entry in entries.items()})


def _requirement(key: str, entry: object) -> Requirement:
    if not isinstance(entry, dict):
        raise HarnessFault(f"requirements.toml: {key} is no table")
    fields: dict[str, str] = {}
    for name, value in entry.items():
        if not isinstance(value, str):
            raise HarnessFault(f"requirements.toml: {key}.{name} is no string")
        fields[str(name)] = value
    missing = {"level", "party", "text"} - fields.keys()
    if missing or fields["level"] not in LEVELS:
        raise HarnessFault(f"requirements.toml: {key} lacks {sorted(missing) or 'a known level'}")
    return Requirement(
        id=key,
        level=fields["level"],
        party=fields["party"],
        text=fields["text"],
        applies=fields.get("applies", ""),
        untestable=fields.get("untestable", ""),
    )
