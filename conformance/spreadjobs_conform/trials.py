"""
Runs of the kit on workers that are wrong on purpose, and on right ones: it must fail exactly there.

Each run is one of the whole command on one worker, in a process of its own, so that what is tested is what people run.
"""

from __future__ import annotations

import io
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs

from spreadjobs_conform import observe
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.findings import DoesNotFit, Interrupted, UsageFault
from spreadjobs_conform.kill_table import WAYS, WrongWorker, folder
from spreadjobs_conform.report_lines import Line, read_lines
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.verdicts import Exit, Status
from spreadjobs_conform.verify import verify, write_verified

RUN_LIMIT_S: Final = 300.0
"""A run against any worker ends within a minute; on a machine that is much too busy it may take some more."""
SETTLE_S: Final = 1.0
"""How long a process that was killed may still be seen."""
SHORT_WAITS: Final = ("--timeout-scale", "0.4")
"""For the sake of the workers that hang; too short for large messages after many hangs, so not for whole runs."""
MARK: Final = "SPREAD_JOBS_CONFORM_SELFTEST"
"""Environment variable by which the processes of one run of the kit are found again."""


@attrs.frozen(kw_only=True)
class Trial:
    """One run of the kit that is to be made."""

    file: str
    way: str
    wrong: WrongWorker | None
    """What the table says of the worker; None: it is a control, and must pass everything."""
    cases: tuple[str, ...] = ()
    """Empty: all that apply."""


@attrs.frozen(kw_only=True)
class Seen:
    """What one run of the kit said."""

    trial: Trial
    status: int
    text: str
    cases: Mapping[str, Line]
    left: tuple[str, ...]
    """Command lines of processes of this run that were still there afterwards."""
    anew: str
    """What ``verify`` finds different in the report; empty: nothing."""
    took_s: float

    def ended(self, *statuses: Status) -> set[str]:
        """Ids of the cases that ended so."""
        wanted = {status.value for status in statuses}
        return {case_id for case_id, line in self.cases.items() if line.get("status") in wanted}

    def named(self, case_id: str) -> set[str]:
        """The requirements that a case found broken."""
        violated = self.cases[case_id].get("violated")
        return {str(name) for name in violated} if isinstance(violated, list) else set()

    def own(self) -> set[str]:
        """Cases that failed and are due to, and name the very requirement that the worker breaks."""
        wrong = self.trial.wrong
        if wrong is None:
            return set()
        return {case_id for case_id in self.ended(Status.FAIL) & {*wrong.fails} if wrong.breaks in self.named(case_id)}

    def problems(self) -> list[str]:
        """In what the run was not as the table has it."""
        found = _of_control(self) if self.trial.wrong is None else _of_wrong_worker(self, self.trial.wrong)
        found += [f"it left a process: {command}" for command in self.left]
        if self.anew:
            found.append(f"verify does not find the same verdicts: {self.anew}")
        return found


def _of_control(seen: Seen) -> list[str]:
    passed = seen.ended(Status.PASS)
    found = [
        f"{case_id}: {line.get('status')}: {line.get('reason')}"
        for case_id, line in seen.cases.items()
        if case_id not in passed | seen.ended(Status.NOT_APPLICABLE)
    ]
    if not passed:
        found.append("no case passed")
    if seen.status != Exit.CONFORMANT:
        found.append(f"exit status {seen.status}, 0 is due\n{seen.text}")
    return found


def _of_wrong_worker(seen: Seen, wrong: WrongWorker) -> list[str]:
    tried = {*seen.cases} - seen.ended(Status.NOT_APPLICABLE)
    failed, passed = seen.ended(Status.FAIL), seen.ended(Status.PASS)
    due = {*wrong.fails} & tried
    if not due:
        return [f"no case that finds {wrong.breaks} applies to this run\n{seen.text}"]
    found = [f"{case_id} should fail: {_told(seen, case_id)}" for case_id in sorted(due - failed)]
    strays = {case_id for case_id in tried - passed - due if not wrong.may(case_id)}
    found += [f"{case_id} should pass: {_told(seen, case_id)}" for case_id in sorted(strays)]
    names = {wrong.breaks, *wrong.seen_as}
    unnamed = {case_id for case_id in due & failed if names.isdisjoint(seen.named(case_id))}
    found += [f"{case_id} should name {' or '.join(sorted(names))}: {_told(seen, case_id)}" for case_id in unnamed]
    if seen.status != Exit.FAILED:
        found.append(f"exit status {seen.status}, 1 is due\n{seen.text}")
    return found


def _told(seen: Seen, case_id: str) -> str:
    line = seen.cases[case_id]
    return f"{line.get('status')}: {line.get('reason') or 'no reason'}"


class Trials:
    """
    Makes runs of the kit, some side by side, and ends them when it is left.

    Args:
        side_by_side: How many at a time. The kit mostly waits: twice the processors is about right.
    """

    def __init__(self, side_by_side: int) -> None:
        self._side_by_side = side_by_side
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, trials: Sequence[Trial]) -> Iterator[Seen]:
        """
        What the kit said, in the order of the trials.

        Raises:
            Interrupted: They were stopped.
            KeyboardInterrupt: As it came; all runs have been ended then.
        """
        with TemporaryDirectory(prefix="spread-jobs-selftest-") as reports:
            pool = ThreadPoolExecutor(self._side_by_side, thread_name_prefix="trial")
            try:
                places = [(trial, Path(reports, f"{number}.jsonl")) for number, trial in enumerate(trials)]
                futures = [pool.submit(self._try, trial, place) for trial, place in places]
                for future in futures:
                    yield future.result()
            finally:
                self._stop()
                pool.shutdown(wait=True, cancel_futures=True)

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            # Told so, a run of the kit ends its workers and itself.
            for kit in self._running:
                kit.terminate()

    def _try(self, trial: Trial, report: Path) -> Seen:
        began_s = time.monotonic()
        mark = secrets.token_hex(8)
        kit = self._start(_command(trial, report), mark)
        try:
            text = _output(kit)
        finally:
            with self._lock:
                self._running.discard(kit)
        left = _left(f"{MARK}={mark}")
        if self._stopped:
            raise Interrupted("the selftest was stopped")
        cases, anew = _read(report)
        return Seen(
            trial=trial,
            status=kit.returncode,
            text=text,
            cases=cases,
            left=left,
            anew=anew,
            took_s=time.monotonic() - began_s,
        )

    def _start(self, command: Sequence[str], mark: str) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise Interrupted("the selftest was stopped")
            kit = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env={**os.environ, MARK: mark},
            )
            self._running.add(kit)
            return kit


def _command(trial: Trial, report: Path) -> list[str]:
    way = WAYS[trial.way]
    selection = [word for case_id in trial.cases for word in ("--case", case_id)]
    # --strict: some workers break a SHOULD. --all-scored: some are there for cases that came later.
    waits = SHORT_WAITS if trial.cases else ()
    options = [*way.kit, "--strict", "--all-scored", "--report", str(report), *waits, *selection]
    # -S: without site-packages a worker starts in half the time, which is most of what this takes.
    worker = [sys.executable, "-S", str(folder() / f"{trial.file}.py"), *way.worker]
    return [sys.executable, "-m", "spreadjobs_conform", *options, "--", *worker]


def _read(report: Path) -> tuple[Mapping[str, Line], str]:
    """The cases of a report, and what ``verify`` finds wrong with it."""
    try:
        lines = read_lines(report)
        text = io.StringIO()
        exit_anew = write_verified(lines, list(verify(lines, all_cases(), load_requirements())), text)
    except (UsageFault, DoesNotFit) as fault:
        return {}, str(fault)
    cases = {str(line.get("case")): line for line in lines.cases}
    return cases, "" if exit_anew == Exit.CONFORMANT else text.getvalue()


def _output(kit: subprocess.Popen[str]) -> str:
    try:
        return kit.communicate(timeout=RUN_LIMIT_S)[0]
    except subprocess.TimeoutExpired:
        kit.terminate()
        return f"the run was ended after {RUN_LIMIT_S:.0f} s\n{kit.communicate()[0]}"


def _left(mark: str) -> tuple[str, ...]:
    """What a run left behind, and still is there a moment later; it is ended."""
    deadline_s = time.monotonic() + SETTLE_S
    while (pids := observe.marked(mark)) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    found = tuple(f"{pid} ({observe.command_of(pid)})" for pid in sorted(pids))
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return found
