"""Writes ``docs/faults.md`` anew: ``python tests/faults/write_table.py``. Fails if any scenario is not as it is due."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.registry import SCENARIOS
from faults.scenario import Scenario, wrongs
from faults.table import PAGE, page, row
from faults.watch import watch

AT_A_TIME: Final = 2


def line(scenario: Scenario) -> tuple[str, list[str]]:
    """The row of one scenario, and what is wrong with it."""
    seen = watch(scenario)
    return row(scenario, seen), [f"{scenario.id}: {wrong}" for wrong in wrongs(scenario, seen)]


def main() -> None:
    """Run all of them."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        lines = dict(zip(SCENARIOS, pool.map(line, SCENARIOS.values()), strict=True))
    found = [wrong for _, all_wrong in lines.values() for wrong in all_wrong]
    if found:
        sys.exit("\n".join(found))
    PAGE.write_text(page({name: text for name, (text, _) in lines.items()}), encoding="utf-8")
    sys.stdout.write(f"{PAGE}: {len(lines)} rows\n")


if __name__ == "__main__":
    main()
