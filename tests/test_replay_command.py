"""``spread-jobs replay``: what it says, its exit status, and that showing a case runs nothing of it."""

from __future__ import annotations

import io
import os
import pickle
import re
import signal
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from failed_cases import FAILS, case_of, run_all, saved, served
from processes import BOUND_S, ENVIRONMENT, logged, survivors
from programs import ECHO, program

from spreadjobs import Arguments, Connection, Settings, SubprocessConnection
from spreadjobs.__main__ import main
from spreadjobs.case_file import read_case, write_case
from spreadjobs.replay_command import printable

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def replay(case: Path, *words: str) -> tuple[int, str, str]:
    """Exit status, what was said, and what was said on stderr."""
    stdout, stderr = io.StringIO(), io.StringIO()
    return main(["replay", str(case), *words], io.StringIO(), stdout, stderr), stdout.getvalue(), stderr.getvalue()


def test_a_reproduced_exception_has_status_1(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Command, verdict, traceback, end and what to do next are said; the worker's stderr is passed on."""
    path = saved(tmp_path, FAILS, "raise")
    capfd.readouterr()

    status, said, wrong = replay(path)

    assert (status, wrong) == (1, "")
    assert re.match(r"task 0 of a run of \S+, raised LookupError: as told\nruns: cd /", said)
    assert f"&& {sys.executable} -c " in said
    assert "\nreproduced: raised: LookupError: as told\n--- traceback of the worker ---\n  its traceback\n" in said
    assert said.endswith("\nthe worker then ended: exit status 0, in shutdown\n")
    assert "1.1: was given raise\n" in capfd.readouterr().err


@pytest.mark.parametrize(("payload", "option"), [("raise", "--pdb"), ("crash", "--gdb")])
def test_the_next_step_fits_the_failure(tmp_path: Path, payload: str, option: str) -> None:
    """Pdb for a Python worker, gdb where a signal ended it; the command is written as it can be copied."""
    path = saved(tmp_path, served(tmp_path), payload)

    status, said, _ = replay(path)

    assert status == 1
    assert said.endswith(f"\nnext: spread-jobs replay {path} {option}\n")
    assert "started by" not in replay(path, "--show")[1]


def test_another_worker_is_looked_at_with_gdb(tmp_path: Path) -> None:
    """One that is no Python program, as far as can be seen."""
    path = saved(tmp_path, ["sh", "-c", "head -c 1 >/dev/null; kill -SEGV $$"], 1)

    assert replay(path)[1].endswith(f"reproduced: died: killed by SIGSEGV\nnext: spread-jobs replay {path} --gdb\n")


def test_an_answer_has_status_0(tmp_path: Path) -> None:
    """On another worker, which stands behind two dashes whatever its arguments look like."""
    path = saved(tmp_path, FAILS, "crash")

    status, said, _ = replay(path, "--", *program(ECHO), "--show")

    assert status == 0
    assert said.endswith("\nanswered: 'crash'\nthe worker then ended: exit status 0, in shutdown\n")


def test_another_failure_has_status_3(tmp_path: Path) -> None:
    """It is said that it is another one."""
    path = saved(tmp_path, FAILS, "crash")

    status, said, _ = replay(path, "--", "sh", "-c", "exit 5")

    assert status == 3
    assert said.endswith("\nanother failure than in the run: died: exit status 5\n")


def test_a_worker_that_cannot_be_started_has_status_2(tmp_path: Path) -> None:
    """As a case from another machine may have it."""
    status, said, _ = replay(saved(tmp_path, FAILS, "crash"), "--", "/no/such/worker")

    assert status == 2
    assert "\ncannot start '/no/such/worker': " in said


@pytest.mark.parametrize(
    "words", [("--timeout-s", "0"), ("--timeout-s", "soon"), ("--pdb", "--gdb"), ("--",), ("--what",)]
)
def test_bad_usage_has_status_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    """As every command has it."""
    with pytest.raises(SystemExit) as ended:
        replay(tmp_path / "case.json", *words)

    assert ended.value.code == 2


def test_what_is_no_case_has_status_2(tmp_path: Path) -> None:
    """The file is named, and what is wrong."""
    path = tmp_path / "case.json"
    assert replay(path)[::2] == (2, f"spread-jobs replay: [Errno 2] No such file or directory: '{path}'\n")
    path.write_bytes(pickle.dumps({"spreadjobs_case": 1}))
    assert replay(path)[0] == 2
    path.write_text("{}", encoding="ascii")
    assert replay(path)[::2] == (
        2,
        f"spread-jobs replay: {path}: no case file: a JSON object with the field 'spreadjobs_case' is due\n",
    )


def test_help_says_what_the_status_means(capsys: pytest.CaptureFixture[str]) -> None:
    """And that a case file from a stranger is a stranger's program."""
    with pytest.raises(SystemExit):
        main(["replay", "--help"], io.StringIO(), io.StringIO(), io.StringIO())

    said = capsys.readouterr().out
    assert "0 the task was answered" in said
    assert "A case file from somebody else is somebody else's program" in said


def test_a_wrong_answer_is_shown(tmp_path: Path) -> None:
    """Only the run knows what it asked for; what comes now can be seen."""
    with pytest.raises(TypeError):
        main_with_answer(tmp_path)

    status, said, _ = replay(tmp_path / "task-000000.json")

    assert status == 0
    assert "\nanswered; answer= of the run refused its answer there: 'text'\n" in said


def main_with_answer(folder: Path) -> None:
    from spreadjobs import main as run  # noqa: PLC0415 - the name is taken

    run(["text"], [FAILS], cases=folder, answer=int)


def test_a_limit_can_be_given(tmp_path: Path) -> None:
    """Seconds for the response; the run had none."""
    path = saved(tmp_path, FAILS, "crash")

    status, said, _ = replay(path, "--timeout-s", "0.3", "--", "cat", "/dev/zero")
    assert (status, "violation" in said) == (3, True)
    status, said, _ = replay(path, "--timeout-s", "0.3", "--", *program("read()", "time.sleep(1000)"))
    assert (status, "timed out: no response to its oldest request within 0." in said) == (3, True)


def test_the_environment_is_that_of_the_case_or_the_one_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs is named, but its values are not; the hints are those of the case. [EXEC-5]"""
    monkeypatch.setenv("OF_BOTH", "then")
    tell = program(
        "task_id, _ = read()",
        "words = [os.environ.get(name) for name in ('OF_BOTH', 'OF_NOW', 'SPREAD_JOBS_WORKER')]",
        "write(('RemoteException', task_id, 'E', repr(words), ''))",
    )
    path = saved(tmp_path, tell, 0)
    monkeypatch.setenv("OF_BOTH", "now")
    monkeypatch.setenv("OF_NOW", "now")

    said = replay(path)[1]
    assert "\nwith the environment of the case, which differs in OF_BOTH, OF_NOW\n" in said
    assert "raised: E: ['then', None, '1.1']\n" in said
    said = replay(path, "--env-from", "here")[1]
    assert "which differs" not in said
    assert "raised: E: ['now', 'now', '1.1']\n" in said


def test_a_class_can_be_admitted(tmp_path: Path) -> None:
    """It is said what the run admitted, and how to do it here. [SEC-3]"""
    worker = program(
        "import ipaddress",
        "task_id, payload = read()",
        "write((task_id, ipaddress.IPv4Address('1.2.3.4')) if payload else ('RemoteException', task_id, 'E', '', ''))",
    )
    path = saved(tmp_path, worker, 0, settings=Settings(allow=["ipaddress.IPv4Address"]))
    case = read_case(path)
    path.write_bytes(write_case(attrs.evolve(case, request=pickle.dumps((case.task_id, 1)))))

    status, said, _ = replay(path)
    assert (status, said.splitlines()[-1]) == (3, "the run admitted more: ipaddress.IPv4Address; see --allow")
    status, said, _ = replay(path, "--allow", "ipaddress.IPv4Address")
    assert (status, "answered: IPv4Address('1.2.3.4')" in said) == (0, True)
    assert replay(path, "--allow", "nodot")[0] == 2


def test_the_input_can_be_written_for_a_shell(tmp_path: Path) -> None:
    """The command line that is said does what the run did."""
    path = saved(tmp_path, served(tmp_path), "status", stdin=None)
    file = tmp_path / "my input"

    status, said, _ = replay(path, "--input", str(file))

    case = read_case(path)
    assert status == 0
    assert file.read_bytes() == b"".join([*case.preparation, case.request])
    [line] = [line for line in said.splitlines() if line.startswith("  cd ")]
    assert subprocess.run(["/bin/sh", "-c", line], timeout=60, check=False, capture_output=True).returncode == 7


class Evil:
    """Its pickle runs a command, wherever it is unpickled without care."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def test_a_hostile_case_runs_nothing_when_it_is_shown(tmp_path: Path) -> None:
    """Neither its command nor its pickles, whatever it says that the run admitted; nor does --input. [SEC-1]"""
    path = saved(tmp_path, FAILS, "raise")
    case = read_case(path)
    mark = tmp_path / "it ran"
    evil = pickle.dumps((case.task_id, Evil(f"touch '{mark}'")))
    hostile = attrs.evolve(
        case,
        worker=attrs.evolve(case.worker, arguments=["touch", str(mark)], started_by="\x1b[2J"),
        allow=["ANYTHING", "posix.system"],
        payload="\x1b]0;mine\x07",
        preparation=[evil, b"\x80\x04"],
        request=evil,
    )
    path.write_bytes(write_case(hostile))

    status, said, _ = replay(path, "--show")
    assert status == 0
    assert "\npreparation item 0: " in said
    assert "\npreparation item 1: 2 bytes that are no whole message\n" in said
    assert re.search(r"\nrequest: \d+ bytes that are not shown: .*system", said)
    assert "\x1b" not in said
    assert "\\x1b]0;mine\\x07" in said
    assert replay(path, "--input", str(tmp_path / "input"))[0] == 0
    assert not mark.exists()
    pickle.loads(evil)
    assert mark.exists(), "it would have run"


def test_all_of_a_case_is_shown(tmp_path: Path) -> None:
    """Decoded as what a worker sends; of the environment the names alone."""

    def elsewhere(arguments: Arguments) -> Connection:
        return SubprocessConnection(arguments)

    *_, outcome = run_all(tmp_path, FAILS, ["1", "status"], stdin=None, factory=elsewhere)
    path = case_of(outcome)

    status, said, _ = replay(path, "--show")

    case = read_case(path)
    assert status == 0
    assert f"\nrequest: ({case.task_id}, 'status')\n" in said
    assert "\nquarantined: died: exit status 7\nworker 1.1: died: exit status 7\n" in said
    assert "\nstderr: was given status\n" in said
    assert re.search(r"\nenvironment: .*\bPATH\b", said)
    assert os.environ["PATH"] not in said
    assert "elsewhere\n" in said
    assert "elsewhere started the worker; here it is a process of this machine\n" in replay(path)[1]


def test_case_files_come_from_the_command_line_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``spread-jobs run --cases FOLDER``, with and without --keep-going."""
    monkeypatch.chdir(tmp_path)
    stdout, stderr = io.StringIO(), io.StringIO()
    words = ["run", "-w", "1", "--cases", "cases", "--", *FAILS]

    assert main(words, io.StringIO('"raise"\n'), stdout, stderr) == 1
    assert stderr.getvalue().splitlines()[-1] == "spread-jobs replay cases/task-000000.json"
    assert main([*words[:1], "--keep-going", *words[1:]], io.StringIO('"raise"\n'), stdout, stderr) == 1
    assert '"case": "cases/task-000000-2.json"' in stdout.getvalue()
    assert replay(Path("cases/task-000000-2.json"))[0] == 1
    (tmp_path / "file").touch()
    words[words.index("cases")] = "file"
    assert main(words, io.StringIO(""), stdout, stderr) == 2


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """A worker that hangs is killed, with what it has started, and the status is that of every command. [SHUT-10]"""
    pids = tmp_path / "pids"
    worker = program(
        "task_id, payload = read()",
        "if payload: write(('RemoteException', task_id, 'E', '', ''))",
        f"print(os.getpid(), file=open({str(pids)!r}, 'a'))",
        "time.sleep(1000 * (not payload))",
    )
    path = saved(tmp_path, worker, 1)
    case = read_case(path)
    path.write_bytes(write_case(attrs.evolve(case, request=pickle.dumps((case.task_id, 0)))))
    pids.write_bytes(b"")
    process = subprocess.Popen([sys.executable, "-m", "spreadjobs", "replay", path], env=ENVIRONMENT)

    started = logged(pids, 1)
    process.send_signal(signal.SIGINT)

    assert process.wait(BOUND_S) == 130
    assert survivors(started) == []


def test_no_control_character_reaches_the_terminal() -> None:
    """But for the ends of lines."""
    assert printable("a\nb\tc\x1b[0m\u202e\udc80\u00fc") == "a\nb\\tc\\x1b[0m\\u202e\\udc80\u00fc"
