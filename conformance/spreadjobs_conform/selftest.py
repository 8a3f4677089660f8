"""``selftest``: shows that the kit fails each wrong worker exactly where it is wrong, and passes the right ones."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, TextIO

from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.findings import HarnessFault, UsageFault
from spreadjobs_conform.kill_matrix import write_matrix
from spreadjobs_conform.kill_table import CONTROLS, KillTable, load_table, unknown_cases
from spreadjobs_conform.options import SelftestOptions
from spreadjobs_conform.requirements import Requirement, load_requirements
from spreadjobs_conform.trials import Seen, Trial, Trials
from spreadjobs_conform.verdicts import Exit

WORKERS_A_PROCESSOR: Final = 2


def selftest(options: SelftestOptions, out: TextIO) -> Exit:
    """
    Run the kit on the workers that it carries.

    Args:
        options: Which, and how much.
        out: For a line each and the total.

    Returns:
        CONFORMANT if all is as the table says, else FAILED.

    Raises:
        UsageFault: No worker is selected, or the matrix cannot be written.
        HarnessFault: The wrong workers are not there, or their table is damaged.
    """
    began_s = time.monotonic()
    if options.matrix is not None and not options.matrix.parent.is_dir():
        # Said now, not after the ten minutes that it takes.
        raise UsageFault(f"--matrix {options.matrix}: there is no such folder")
    if options.matrix is not None and options.matrix.is_dir():
        raise UsageFault(f"--matrix {options.matrix}: this is a folder, a file is due")
    table, requirements = load_table(), load_requirements()
    unknown = unknown_cases(table, [case.id for case in all_cases()])
    if unknown:
        raise HarnessFault(f"expected.toml names cases that do not exist: {', '.join(unknown)}")
    trials = trials_of(table, options.only, whole=options.whole or options.matrix is not None)
    seen: list[Seen] = []
    wrong = 0
    for each in Trials(options.jobs * WORKERS_A_PROCESSOR).run(trials):
        seen.append(each)
        problems = each.problems()
        wrong += bool(problems)
        out.write(line_of(each, problems))
        out.flush()
    gaps = [] if options.only else gaps_of(requirements, seen)
    out.writelines(f"WRONG  {gap}\n" for gap in gaps)
    out.write(total_of(seen, wrong, requirements, time.monotonic() - began_s))
    if options.matrix is not None:
        write_matrix(options.matrix, seen, all_cases(), requirements)
    passed = not wrong and not gaps
    out.write("SELFTEST PASSED\n" if passed else "SELFTEST FAILED\n")
    return Exit.CONFORMANT if passed else Exit.FAILED


def trials_of(table: KillTable, only: Sequence[str], *, whole: bool) -> list[Trial]:
    """
    The runs that are due.

    Args:
        table: What is known of the wrong workers.
        only: Globs over the names of workers; none: all.
        whole: Every case on every worker, instead of its own and a smoke set.

    Raises:
        UsageFault: A pattern matches nothing.
    """
    files = {worker.file for worker in table.workers} | {file for file, _ in CONTROLS}
    for pattern in only:
        if not any(fnmatchcase(file, pattern) for file in files):
            raise UsageFault(f"--only {pattern}: no worker of the selftest has such a name")
    trials = [Trial(file=file, way=way, wrong=None) for file, way in CONTROLS]
    for worker in table.workers:
        for way in worker.runs:
            cases = () if whole else table.cases(worker, way)
            trials.append(Trial(file=worker.file, way=way, wrong=worker, cases=cases))
    return [trial for trial in trials if not only or any(fnmatchcase(trial.file, pattern) for pattern in only)]


def line_of(seen: Seen, problems: Sequence[str]) -> str:
    """What is said of one run."""
    trial = seen.trial
    name = f"{trial.file} {trial.way}"
    if problems:
        return f"WRONG  {name}\n" + "".join(f"       {problem}\n" for problem in problems)
    if trial.wrong is None:
        return f"ok     {name}: passes all that applies ({seen.took_s:.1f} s)\n"
    due = {*trial.wrong.fails} & seen.cases.keys()
    named = f"{len(seen.own())} of {len(due)} due failures name {trial.wrong.breaks}"
    return f"ok     {name}: {named}, all else is as it must be ({seen.took_s:.1f} s)\n"


def duties(requirements: Mapping[str, Requirement]) -> list[str]:
    """Every MUST and SHOULD of workers that can be tested from outside."""
    bound = (each for each in requirements.values() if each.party == "worker" and each.level != "MAY")
    return [each.id for each in bound if not each.untestable]


def gaps_of(requirements: Mapping[str, Requirement], seen: Sequence[Seen]) -> list[str]:
    """Duties that no wrong worker is killed for by name."""
    killed = {each.trial.wrong.breaks for each in seen if each.trial.wrong is not None and each.own()}
    return [
        f"{name}: no wrong worker fails a case that names it" for name in duties(requirements) if name not in killed
    ]


def total_of(seen: Sequence[Seen], wrong: int, requirements: Mapping[str, Requirement], took_s: float) -> str:
    """The last line but one."""
    broken = [each.trial.wrong for each in seen if each.trial.wrong is not None]
    workers, controls = {each.file for each in broken}, len(seen) - len(broken)
    killed = len(duties(requirements)) - len(gaps_of(requirements, seen))
    return (
        f"\n{len(workers)} wrong workers in {len(broken)} runs, right ones in {controls}; {wrong} not as they must be; "
        f"{killed} of {len(duties(requirements))} requirements killed by their own wrong worker; {took_s:.0f} s\n"
    )
