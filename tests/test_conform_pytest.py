"""Tests of the plugin for pytest, ``spreadjobs_conform.pytest_plugin``: runs of pytest in processes of their own."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from typing import Final

import pytest
from kit_scripts import ECHO, RIGHT, ROOT, WORKER, python
from spreadjobs_conform.pytest_bench import bench_for

pytest_plugins = "pytester"

PLUGIN: Final = "spreadjobs_conform.pytest_plugin"
TASK_0: Final = "spread-jobs-conform::run/task-id-0"
OTHER_VALUE: Final = RIGHT.replace("p.get('value')", "'another' if i == 0 else p.get('value')")
TOLERATED: Final = 'reason = "its author knows"\n'
BOUND_S: Final = 60.0


@pytest.fixture
def told(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Runs of pytest in an empty folder, without the plugins that happen to be installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Told(pytester)


class Told:
    """
    Runs pytest.

    Args:
        pytester: Its folder.
    """

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.folder = pytester.path
        self._pytester = pytester

    def run(self, *words: str) -> pytest.RunResult:
        """What pytest says to these words."""
        return self._pytester.runpytest_subprocess("-p", PLUGIN, "-ra", *words, timeout=BOUND_S)

    def worker(self, code: str, options: str, *words: str) -> pytest.RunResult:
        """What pytest says of a worker in Python."""
        (self.folder / "worker.py").write_text(code, encoding="utf-8")
        command = shlex.join([sys.executable, "-S", "worker.py"])
        return self.run(f"--spread-jobs-worker={command}", f"--spread-jobs-options={options}", *words)

    def baseline(self, text: str) -> str:
        """The option for a baseline with this text."""
        (self.folder / "baseline.toml").write_text(text, encoding="utf-8")
        return "--baseline baseline.toml"


def test_each_case_is_a_test_beside_those_of_the_user(told: Told) -> None:
    """It passes with a right worker; the id is that of the case; cases of another codec or class are no tests."""
    (told.folder / "test_own.py").write_text("def test_own(): pass\n", encoding="utf-8")
    options = "--case run/task-id* --case cmd/* --case wire/json-escapes"

    result = told.run(f"--spread-jobs-worker={shlex.join(WORKER)}", f"--spread-jobs-options={options}", "-rA")

    result.assert_outcomes(passed=4)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["collected 4 items", "PASSED test_own.py::test_own", f"PASSED {TASK_0}"])


def test_failure_is_told_in_the_words_of_the_kit(told: Told) -> None:
    """What the kit says of a failure is all that is said, the reason first; there is no trace of the plugin's code."""
    result = told.worker(OTHER_VALUE, "--case run/task-id-0 --case run/answers-the-value", "--junit-xml=j.xml")

    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "in the answer to request 1 (task 0): 'another' came, 'sample 1' was due; the value*",
            "FAIL  run/task-id-0  (MUST RUN-5)",
            "  came:   in the answer to request 1 (task 0): 'another' came, 'sample 1' was due",
            "  rule:   RUN-5 (MUST): *",
            f"  again:  spread-jobs-conform --case run/task-id-0 -- {sys.executable} -S worker.py",
            f"FAILED {TASK_0} - in the ans*",
        ]
    )
    assert "pytest_cases.py" not in result.stdout.str()
    assert 'classname="spread-jobs-conform" name="run/task-id-0"' in (told.folder / "j.xml").read_text("utf-8")


def test_known_failure_is_a_strict_expected_failure(told: Told) -> None:
    """A failure as the baseline has it is expected; a pass, or another failure, fails the test and says what to do."""
    known = told.baseline(f'[known."run/task-id-0"]\n{TOLERATED}fails_with = "\'another\'"\n')
    case = "--case run/task-id-0 "

    failed = told.worker(OTHER_VALUE, case + known)
    passed = told.worker(RIGHT, case + known)
    other = told.worker(RIGHT.replace("p.get('value')", "5"), case + known)

    failed.assert_outcomes(passed=1, xfailed=1)
    failed.stdout.fnmatch_lines([f"XFAIL {TASK_0} - known: its author knows; once it passes, remove*"])
    passed.assert_outcomes(passed=1, failed=1)
    passed.stdout.fnmatch_lines(['*XPASS(strict)*remove known."run/task-id-0" from the baseline'])
    other.assert_outcomes(passed=1, failed=1)
    other.stdout.fnmatch_lines(["baseline: run/task-id-0 failed in another way than its entry says; mend*"])
    assert (failed.ret, passed.ret, other.ret) == (0, 1, 1)


def test_flaky_case_may_fail_and_pass(told: Told) -> None:
    """A flaky case that fails is an expected failure, and one that passes a pass."""
    flaky = told.baseline(f'[flaky."run/task-id-0"]\n{TOLERATED}')

    told.worker(OTHER_VALUE, "--case run/task-id-0 " + flaky).assert_outcomes(passed=1, xfailed=1)
    told.worker(RIGHT, "--case run/task-id-0 " + flaky).assert_outcomes(passed=2)


def test_stale_entries_fail_a_test_of_their_own(told: Told) -> None:
    """Entries that match no case, or none that applies, fail the test `baseline`; one due for review its case's."""
    entries = ('"run/no-such"]', '"wire/json-escapes"]', '"run/task-id-0"]\nreview = 2020-01-01')
    option = told.baseline("".join(f'[known.{entry}\n{TOLERATED}fails_with = "another"\n' for entry in entries))

    result = told.worker(OTHER_VALUE, "--case run/task-id-0 --case wire/json-escapes " + option)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "baseline: there is no case run/no-such; remove the entry*",
            "baseline: wire/json-escapes is not-applicable here*",
            'baseline: review is due: known."run/task-id-0" was to be looked at by 2020-01-01 (its author knows)*',
        ]
    )


def test_should_that_fails_is_an_expected_failure(told: Told) -> None:
    """A SHOULD that fails does not fail the run, unless --strict is given. [SHUT-5]"""
    code = RIGHT + "\nsys.exit(3)"

    told.worker(code, "--case eof/status-when-idle").assert_outcomes(xfailed=1)
    told.worker(code, "--case eof/status-when-idle --strict").assert_outcomes(failed=1)
    told.worker(code, "--case eof/status-when-idle", "--runxfail").assert_outcomes(failed=1)


def test_untestable_case_is_skipped_with_its_reason(told: Told) -> None:
    """What the worker cannot be asked to do is skipped, and why is said."""
    (told.folder / "m.toml").write_text("lacks = ['op:sleep']", encoding="utf-8")

    result = told.worker(RIGHT, "--manifest m.toml --case run/sleeps-as*")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*the manifest says that the worker lacks op:sleep"])


def test_case_of_a_later_version_does_not_fail_the_run(told: Told) -> None:
    """A failure outside the required set is an expected failure; with --all-scored it is a failure."""
    (told.folder / "conftest.py").write_text(
        "from spreadjobs_conform import pytest_bench\n"
        "pytest_bench.load_required = lambda: frozenset({'run/answers-the-value'})\n",
        encoding="utf-8",
    )
    options = "--case run/task-id-0 --case run/answers-the-value"

    later = told.worker(OTHER_VALUE, options)

    later.assert_outcomes(passed=1, xfailed=1)
    later.stdout.fnmatch_lines([f"XFAIL {TASK_0} - not scored: in the answer*"])
    told.worker(OTHER_VALUE, options + " --all-scored").assert_outcomes(passed=1, failed=1)


@pytest.mark.slow
def test_controls_run_beside_the_tests_and_end_with_them() -> None:
    """The limits follow how slow the machine is, as in a run of the kit itself."""
    bench = bench_for(shlex.join(python(RIGHT)), None)

    before = running_controls()
    verdict = bench.run(next(case for case in bench.cases if case.id == "run/task-id-0"))
    during = running_controls()
    bench.close()

    assert (verdict.status.value, before, during, running_controls()) == ("pass", 0, 1, 0)


def running_controls() -> int:
    """How many threads run control workers now."""
    return sum(thread.name == "control" for thread in threading.enumerate())


def test_cases_are_shared_out_by_xdist(told: Told) -> None:
    """With pytest-xdist each process runs its own cases, with the same ids, and every case is run once."""
    result = told.worker(OTHER_VALUE, "--case run/task-id* --case eof/when*", "-p", "xdist", "-n", "2", "-rA")

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["PASSED spread-jobs-conform::eof/when-idle"])
    result.stdout.fnmatch_lines([f"FAILED {TASK_0} - in the ans*"])


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "xdist"])
def test_worker_that_cannot_be_started_is_one_error(more: tuple[str, ...], told: Told) -> None:
    """A command that does not exist is a usage error, once, and no test is run."""
    result = told.run("--spread-jobs-worker=/no/such/worker", *more)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    errors = [line for line in result.stderr.lines if line.startswith("ERROR")]
    assert len(errors) == 1
    assert errors[0].startswith("ERROR: --spread-jobs-worker: '/no/such/worker' could not be started")
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--spread-jobs-worker=w", "--spread-jobs-options=--codec xml"), "invalid choice: 'xml'"),
        (("--spread-jobs-worker=w", "--spread-jobs-options=--report x"), "--report means nothing under pytest"),
        (("--spread-jobs-worker=w", "--spread-jobs-options=-j 2"), "-n of pytest-xdist"),
        (("--spread-jobs-worker=w", "--spread-jobs-options=--case 'x"), "No closing quotation"),
        (("--spread-jobs-worker=w", "--spread-jobs-options=--case zzz"), "--case zzz: no case has such an id"),
        (("--spread-jobs-worker=w", "--spread-jobs-options=zzz"), "zzz is no option"),
        (("--spread-jobs-worker=w", "--spread-jobs-options=--baseline no.toml"), "no.toml"),
        (("--spread-jobs-worker=w", "--spread-jobs-options=--case cmd/*"), "nothing is selected that applies"),
        (("--spread-jobs-options=--case run/*",), "no worker is given"),
    ],
)
def test_senseless_options_are_usage_errors(words: tuple[str, ...], named: str, told: Told) -> None:
    """What makes no sense is said in one line, with pytest's status for that."""
    result = told.run(*words)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert named in result.stderr.str()
    assert result.stderr.lines[0].startswith("ERROR: --spread-jobs-")
    assert "Traceback" not in result.stderr.str()


def test_tests_are_chosen_as_always(told: Told) -> None:
    """-k and -m hold for the cases, and --collect-only starts no worker."""
    (told.folder / "test_own.py").write_text("def test_own(): pass\n", encoding="utf-8")
    words = ("--spread-jobs-worker=/no/such/worker", "--collect-only", "-q")

    named = told.run(*words, "-k", "task-id-0 or own")
    marked = told.run(*words, "-m", "spread_jobs", "--strict-markers")

    assert [line for line in named.stdout.lines if "::" in line] == ["test_own.py::test_own", TASK_0]
    ids = [line for line in marked.stdout.lines if "::" in line]
    assert len(ids) > 100
    assert all(line.startswith("spread-jobs-conform::") for line in ids)


def test_time_limit_of_one_test_does_not_stop_the_next(told: Told) -> None:
    """A case that pytest-timeout cut short ends its worker, and the other cases run."""
    code = ECHO + "for i, p in requests():\n  if i == 0: time.sleep(100)\n  send(((i, p.get('value')), None, None))"

    result = told.worker(code, "--case run/task-id*", "-p", "pytest_timeout", "--timeout=1", "-W", "error")

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([f"FAILED {TASK_0} - Failed: Timeout*"])


def test_pytest_without_the_options_is_left_alone(told: Told) -> None:
    """Where the kit is installed, other people's pytest shows two options more, and imports nothing of the kit."""
    (told.folder / "test_own.py").write_text(
        "import sys\n\n"
        "def test_own():\n"
        f"    loaded = {{name for name in sys.modules if name.startswith('spreadjobs_conform')}}\n"
        f"    assert loaded == {{'spreadjobs_conform', {PLUGIN!r}}}\n"
        "    assert 'attrs' not in sys.modules\n",
        encoding="utf-8",
    )

    told.run("--strict-markers", "-W", "error").assert_outcomes(passed=1)
    assert "--spread-jobs-worker=COMMAND" in told.run("--help").stdout.str()


def test_entry_point_names_the_plugin() -> None:
    """What pytest finds where the project is installed is a module that it can load."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    (module,) = project["entry-points"]["pytest11"].values()

    assert module == PLUGIN
    code = f"import {module} as plugin; plugin.pytest_addoption, plugin.pytest_configure"
    assert subprocess.run([sys.executable, "-c", code], timeout=BOUND_S, check=False).returncode == 0
    assert Path(ROOT, "conformance", *module.split(".")).with_suffix(".py").exists()
