"""A task again, alone: the same bytes to a worker that is started as it was, and what came of it, as a run says it."""

from __future__ import annotations

import math
import os
import pickle
import sys
from pathlib import Path

import attrs
import pytest
from admitted_classes import HERE, Plain
from failed_cases import FAILS, case_of, run_all, saved, served
from programs import ECHO, program

from spreadjobs import LEGACY, Settings, Worker
from spreadjobs.case_file import Case, read_case
from spreadjobs.replay import Command, Replayed, replay
from spreadjobs.settings import Allow

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def again(
    case: Case, worker: list[str] | None = None, *, allow: Allow = (), timeout_s: float | None = None
) -> Replayed:
    """Replay a case on its worker, or on another one."""
    arguments = case.worker.arguments if worker is None else worker
    return replay(
        case, Command(arguments=arguments, env=case.worker.env, cwd=case.worker.cwd), allow=allow, timeout_s=timeout_s
    )


SHORT = Settings(task_timeout_s=0.5, restarts=1)


@pytest.mark.parametrize("first", [[], [1]], ids=["at once", "after an answer"])
@pytest.mark.parametrize(
    ("payload", "verdict", "words"),
    [
        ("raise", "raised", "LookupError: as told"),
        ("crash", "died", "killed by SIGSEGV"),
        ("status", "died", "exit status 7"),
        ("print", "violation", "stray line, and no answer"),  # with " about it where an id behind it holds '
        ("hang", "timed out", "it read all that it was sent, and no message is begun"),
        ("leave", "departed", "left with exit status 0"),
    ],
)
def test_each_way_to_fail_is_reproduced(
    tmp_path: Path, first: list[object], payload: str, verdict: str, words: str
) -> None:
    """Whether the task was charged, or ended with a worker that had never answered. [JOB-2, VIO-3]"""
    outcome = run_all(tmp_path, FAILS, [*first, payload], settings=SHORT)[-1]
    case = read_case(case_of(outcome))

    replayed = again(case)

    assert replayed.verdict == verdict
    assert words in replayed.text
    assert replayed.same_as(case)


@pytest.mark.parametrize("settings", [Settings(codec="json"), Settings(pickle_protocol=2), LEGACY])
def test_a_case_is_replayed_in_its_codec_and_dialect(tmp_path: Path, settings: Settings) -> None:
    """The reference worker raises again, with its traceback. [JSON-1, UNT-1, ERR-1]"""
    worker = [sys.executable, str(Path(__file__).parents[1] / "workers" / "python" / "worker.py")]
    worker += ["--codec", settings.codec, "--dialect", settings.dialect]
    payload = {"op": "raise", "type": "Boom", "message": "m"}

    case = read_case(saved(tmp_path, worker, payload, stdin=[None], settings=settings))
    replayed = again(case)

    assert replayed.error is not None
    assert (replayed.text, replayed.error.type_name, replayed.error.task_index) == ("Boom: m", "Boom", 0)
    assert "in conformance" in replayed.error.traceback_text
    assert replayed.same_as(case)
    assert replayed.report.status == 0


def test_a_worker_of_serve_is_replayed_in_its_folder(tmp_path: Path) -> None:
    """It finds its module there, and what was told of its end is there again."""
    case = read_case(saved(tmp_path, served(tmp_path), "crash"))

    replayed = again(case)

    assert (replayed.verdict, replayed.report.signal) == ("died", "SIGSEGV")
    assert any("tasks.py" in line for line in replayed.report.stderr)


def test_a_failure_that_needs_the_preparation_is_reproduced(tmp_path: Path) -> None:
    """Without it the same request is answered: the preparation is part of the case. [PREP-1]"""
    worker = program("if read() == 'be evil': os._exit(read()[0])", ECHO)
    case = read_case(saved(tmp_path, worker, 5, stdin=["be evil", [9]]))

    assert again(case).same_as(case)
    harmless = attrs.evolve(case, preparation=[pickle.dumps("be good"), case.request])
    assert again(attrs.evolve(harmless, preparation=harmless.preparation[:1])).value == 5


def test_environment_and_folder_are_those_of_the_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those that are here: nothing of them is added."""
    worker = Worker(
        program(
            "task_id, _ = read()",
            "names = sorted(name for name in os.environ if name.startswith(('SPREAD', 'OF_')))",
            "write(('RemoteException', task_id, 'E', repr([os.getcwd(), *names, os.environ['OF_CASE']]), ''))",
        ),
        env={"OF_CASE": "1"},
        cwd=tmp_path,
    )
    case = read_case(saved(tmp_path, worker, 0))
    monkeypatch.setenv("OF_NOW", "2")
    monkeypatch.chdir("/")

    replayed = again(case)

    assert replayed.text == f"E: {case.failure.message}"
    assert str(tmp_path) in replayed.text
    assert "OF_NOW" not in replayed.text


def test_the_bytes_are_the_recorded_ones(tmp_path: Path) -> None:
    """To the last one: a program that is no worker sees them, whatever they mean."""
    case = read_case(saved(tmp_path, FAILS, "raise", stdin=[[1, 2]]))
    case = attrs.evolve(case, request=b"no message at all")
    sent = case.preparation[0] + case.request

    replayed = again(case, ["sh", "-c", f"head -c {len(sent)} > {tmp_path}/got"])

    assert (tmp_path / "got").read_bytes() == sent
    assert replayed.verdict == "departed"
    assert not replayed.same_as(case)


def test_another_worker_may_answer(tmp_path: Path) -> None:
    """A corrected one, for example: then that is the verdict, and the answer is there."""
    case = read_case(saved(tmp_path, FAILS, "crash"))

    replayed = again(case, program(ECHO))

    assert (replayed.verdict, replayed.value) == ("answered", "crash")
    assert not replayed.same_as(case)


def test_a_worker_in_sh_is_replayed(tmp_path: Path) -> None:
    """Any program is a worker."""
    case = read_case(saved(tmp_path, ["sh", "-c", "read line; kill -ABRT $$"], [1], settings=Settings(codec="json")))

    replayed = again(case)

    assert (replayed.verdict, replayed.text) == ("died", "killed by SIGABRT")
    assert replayed.same_as(case)


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        (["sh", "-c", "kill -ABRT $$"], "died"),
        (["sh", "-c", "kill -KILL $$"], "killed"),
        (["sh", "-c", "exit 3"], "died"),
        (["echo", "hello"], "violation"),
        (program("task_id, _ = read()", "write(('RemoteException', task_id, 'Other', '', ''))"), "raised"),
        (program("task_id, _ = read()", "write(('TooBusy', task_id, 1000))"), "too busy"),
        (["/no/such/program"], "not started"),
    ],
)
@pytest.mark.parametrize("payload", ["crash", "raise"])
def test_another_failure_is_not_the_same(tmp_path: Path, payload: str, other: list[str], verdict: str) -> None:
    """Another signal, another status, another exception, or a refusal, which is no failure in a run. [BUSY-1]"""
    case = read_case(saved(tmp_path, FAILS, payload))

    replayed = again(case, other)

    assert replayed.verdict == verdict
    assert replayed.text
    assert not replayed.same_as(case)


def test_the_limit_of_the_run_holds_unless_another_is_given(tmp_path: Path) -> None:
    """A task that took too long in the run has more time under no limit. [RUN-11]"""
    worker = program("task_id, payload = read()", "open(payload).close()", "write((task_id, 'in time'))")
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    case = read_case(saved(tmp_path, worker, str(gate), settings=SHORT))

    late = again(case)
    assert (late.verdict, late.same_as(case)) == ("timed out", True)
    with os.fdopen(os.open(gate, os.O_RDWR | os.O_NONBLOCK)):  # From now on it opens at once.
        assert again(case, timeout_s=math.inf).value == "in time"
        assert again(case, timeout_s=60).value == "in time"


def test_an_answer_is_decoded_as_one_of_a_run(tmp_path: Path) -> None:
    """A case admits no class, though its run did; who replays it may. [SEC-3]"""
    folder = str(Path(__file__).parent)
    worker = program(
        f"sys.path[:0] = [{folder!r}]",
        f"from {HERE} import Plain",
        "task_id, payload = read()",
        "write((task_id, Plain(1)) if payload else ('RemoteException', task_id, 'E', '', ''))",
    )
    case = read_case(saved(tmp_path, worker, 0, settings=Settings(allow=[Plain])))
    asks = attrs.evolve(case, request=pickle.dumps((case.task_id, 1)))

    refused = again(asks)
    assert (refused.verdict, "Plain" in refused.text) == ("refused answer", True)
    assert again(asks, allow=(f"{HERE}.Plain",)).value == Plain(1)


def test_the_worker_is_ended_in_good_order(tmp_path: Path) -> None:
    """After its response its input ends, and how it ended then is told. [SHUT-1]"""
    worker = program(
        "task_id, _ = read()", "write(('RemoteException', task_id, 'E', '', ''))", "sys.exit(stdin.read(1) or 4)"
    )
    case = read_case(saved(tmp_path, worker, 0))

    replayed = again(case)

    assert (replayed.verdict, replayed.report.status) == ("raised", 4)
    assert "exit status 4" in replayed.report.reason
