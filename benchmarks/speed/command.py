"""
The command line: measures, prints what came, writes RESULTS.md and the plots.

A run that is not whole (``--only``) writes nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from speed import machine
from speed.breakdowns import profiles
from speed.cases import all_cases
from speed.isolated import measure
from speed.plots import write_plots
from speed.programs import ROOT, write_programs
from speed.report import Measured, Run, breakdown_lines, case_lines, figures_table, page
from speed.rounds import in_turn
from speed.values import Case, Contestant, Reading

FOLDER: Final = ROOT / "benchmarks"
PROFILE: Final = "profile"
STAMP: Final = "%Y-%m-%d %H:%M UTC"


def say(*lines: str) -> None:
    """Print, at once."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    cases = [*(case.name for case in all_cases(quick=True)), PROFILE]
    parser = argparse.ArgumentParser(prog="run_all.py", description=(__doc__ or "").strip().split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="few tasks and rounds: does everything work?")
    parser.add_argument(
        "--only", action="append", choices=cases, help="this case alone; may be given again", default=[]
    )
    parser.add_argument("--rounds", type=int, help="how often each contestant is measured, in every case")
    options = parser.parse_args(arguments)
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds: 1 or more are due")
    return options


def measure_case(case: Case, rounds: int, folder: Path) -> Measured:
    """Measure one case, and say how it goes."""

    def one(contestant: Contestant) -> Reading:
        reading = measure(contestant, folder)
        say(f"  {contestant.name}: " + (reading.failure or _values(reading)))
        return reading

    say("", f"== {case.name}: {case.title} ==")
    measured = Measured(case, in_turn(case.contestants, rounds, one))
    say("", *case_lines(measured))
    if measured.results:
        say(*figures_table(measured.results))
    return measured


def _values(reading: Reading) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in reading.values.items())


def main(arguments: Sequence[str]) -> int:
    """Do a run; see the module's text. The exit status says whether it went through, not how fast anything was."""
    options = options_of(arguments)
    begun_s, begun, load = time.monotonic(), datetime.now(UTC), machine.load_text()
    cases = [case for case in all_cases(quick=options.quick) if not options.only or case.name in options.only]
    with tempfile.TemporaryDirectory(prefix="spreadjobs-bench-") as name:
        folder = Path(name)
        write_programs(folder)
        measured = [measure_case(case, options.rounds or case.rounds, folder) for case in cases]
        made = []
        if not options.only or PROFILE in options.only:
            made = profiles(lambda contestant: measure(contestant, folder), quick=options.quick)
            for breakdown in made:
                say(*breakdown_lines(breakdown))
    minutes = (time.monotonic() - begun_s) / 60
    head = [
        ("date", begun.strftime(STAMP)),
        ("duration", f"{minutes:.0f} minutes"),
        ("load average before and after", f"{load} and {machine.load_text()}"),
        ("priority (nice)", str(os.nice(0))),
        *machine.description(),
    ]
    if options.only:
        say("", "\n".join(f"{word}: {value}" for word, value in head), "", "Only a run of all cases is written down.")
        return 0
    text = page(Run(head, measured, made, quick=options.quick))
    (FOLDER / "RESULTS.md").write_text(text, encoding="utf-8")
    write_plots(measured, FOLDER)
    results = [result for each in measured for result in each.results]
    say("", *figures_table(results), "", f"{FOLDER / 'RESULTS.md'} has all of it, after {minutes:.0f} minutes")
    return 0
