"""
Every case for masters on every wrong master: ``make masters`` writes the page, and says what is not as it must be.

    python tests/masters/write_matrix.py docs/master-matrix.md
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from spreadjobs_conform.requirements import load_requirements
from wrong_masters import CASES, WrongMaster, all_findings, load_table

HEAD = """\
# Masters and what finds them

Every case of `spread-jobs-conform master` on every wrong master in `tests/masters/`. Written by `make masters`: do not
edit. A wrong master is ours but for a few lines, and breaks one requirement; it is found by cases that are about that
one. What else cannot but fail stands in `tests/masters/expected.toml`; every other case passes. Our own master and that
of `examples/perl_master` pass everything that applies.

| | |
|---|---|
"""


def page(masters: Sequence[WrongMaster], failed: Mapping[str, Sequence[str]], plays: int) -> str:
    """The page."""
    bound = [each for each in load_requirements().values() if each.party == "master" and each.level != "MAY"]
    lines = [f"| wrong masters | {len(masters)} |", f"| cases | {len(CASES)} |", f"| plays | {plays} |"]
    lines += ["", "## Requirements", "", "| requirement | level | broken by | found by |", "|---|---|---|---|"]
    for each in bound:
        breakers = [master for master in masters if master.breaks == each.id]
        finders = dict.fromkeys(name for master in breakers for name in master.fails if name in failed[master.name])
        told = ", ".join(finders) or f"no case: {each.untestable}"
        lines.append(f"| {each.id} | {each.level} | {', '.join(master.name for master in breakers)} | {told} |")
    lines += [
        "",
        "## Wrong masters",
        "",
        "| master | breaks | run in | found by | fails too |",
        "|---|---|---|---|---|",
    ]
    for master in masters:
        own = [name for name in failed[master.name] if name in master.fails]
        others = [name for name in failed[master.name] if name not in master.fails]
        cells = (master.name, master.breaks, master.codec, ", ".join(own), ", ".join(others))
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## Cases", "", "| case | requirements | finds |", "|---|---|---|"]
    for case in CASES.values():
        found = [master.name for master in masters if case.id in failed[master.name] and case.id in master.fails]
        lines.append(f"| {case.id} | {', '.join(case.requirements)} | {', '.join(found)} |")
    return HEAD + "\n".join(lines) + "\n"


def main() -> int:
    """Writes the page; gives 1 if anything is not as it must be."""
    began_s = time.monotonic()
    masters = load_table()
    failed: dict[str, list[str]] = {master.name: [] for master in masters}
    plays = wrong = 0
    for master, case, fails in all_findings(masters, 2 * (os.cpu_count() or 1)):
        plays += 1
        if fails:
            failed[master.name].append(case.id)
        if fails != (case.id in master.fails) and case.id not in master.may:
            wrong += 1
            sys.stdout.write(f"{master.name}: {case.id} should {'pass' if fails else 'fail'}\n")
            sys.stdout.flush()
    Path(sys.argv[1]).write_text(page(masters, failed, plays), encoding="utf-8")
    sys.stdout.write(f"{plays} plays, {wrong} not as they must be, {time.monotonic() - began_s:.0f} s\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
