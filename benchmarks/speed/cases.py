"""All that is measured."""

from __future__ import annotations

from typing import Final

import attrs

from speed.cases_bytes import bytes_cases
from speed.cases_noop import noop_cases
from speed.cases_sweep import sweep_cases
from speed.cases_time import time_cases
from speed.values import Case

QUICK_SHARE: Final = 0.2
QUICK_ROUNDS: Final = 1


def all_cases(*, quick: bool) -> list[Case]:
    """Give the cases, those of the table first; a quick run has fewer tasks and fewer rounds."""
    share = QUICK_SHARE if quick else 1.0
    cases = [*noop_cases(share), *bytes_cases(share), *time_cases(share), *sweep_cases(share)]
    if not quick:
        return cases
    return [attrs.evolve(case, rounds=min(case.rounds, QUICK_ROUNDS)) for case in cases]
