"""All scenarios, by id, in the order of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from faults import bounded, hangs_by_answers, hangs_by_runs
from faults.scenario import Scenario, ahead

ANCESTOR: Final = (*hangs_by_runs.ALL, *hangs_by_answers.ALL)
"""The 46 ways in which the ancestor hung: one for each input, or each number of workers, that made it hang."""
FURTHER: Final = tuple(bounded.ALL)
"""Others that must end in a bounded time, or that it answered wrongly."""
SCENARIOS: Final[Mapping[str, Scenario]] = {scenario.id: scenario for scenario in (*ANCESTOR, *FURTHER)}
SENT_AHEAD: Final[Mapping[str, Scenario]] = {
    sent.id: sent for sent in [ahead(scenario) for scenario in SCENARIOS.values() if scenario.settings.window == 1]
}
"""Those of them in which one request was sent at a time, with several."""
HANGS: Final = Scenario(id="hangs", situation="", ancestor="", workers=[["sh", "-c", "sleep 900"]], todo=lambda: [1])
ON_PURPOSE: Final[Mapping[str, Scenario]] = {HANGS.id: HANGS}
"""What no table has: it shows that a hang is found."""
