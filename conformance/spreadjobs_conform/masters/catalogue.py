"""All cases for masters."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from spreadjobs_conform.findings import HarnessFault
from spreadjobs_conform.masters import (
    cases_codec,
    cases_exec,
    cases_job,
    cases_outcomes,
    cases_prep,
    cases_run,
    cases_security,
    cases_shutdown,
    cases_untagged,
    cases_violation,
    cases_wire,
)
from spreadjobs_conform.masters.registry import MasterCase
from spreadjobs_conform.required import SPEC

REQUIRED: Final = f"masters-{SPEC}"
"""The name of the required set."""
_MODULES: Final[tuple[ModuleType, ...]] = (
    cases_exec,
    cases_prep,
    cases_wire,
    cases_codec,
    cases_run,
    cases_outcomes,
    cases_job,
    cases_shutdown,
    cases_untagged,
    cases_violation,
    cases_security,
)


def master_cases() -> tuple[MasterCase, ...]:
    """
    Every case, in the order of the families.

    Raises:
        HarnessFault: Two have the same id.
    """
    return gathered(_MODULES)


def gathered(modules: tuple[ModuleType, ...]) -> tuple[MasterCase, ...]:
    """
    The cases of these modules, in the order in which they are written.

    Raises:
        HarnessFault: Two have the same id.
    """
    found: dict[str, MasterCase] = {}
    for module in modules:
        for each in (item for value in vars(module).values() for item in _cases(value)):
            if found.setdefault(each.id, each) is not each:
                raise HarnessFault(f"two cases for masters have the id {each.id}")
    return tuple(found.values())


def _cases(value: object) -> list[MasterCase]:
    items = value if isinstance(value, tuple) else (value,)
    return [item for item in items if isinstance(item, MasterCase)]
