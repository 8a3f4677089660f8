"""Tests of ``bytes CASE`` and of what it is made of: the conversation of a case with a right worker in memory."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import pytest
from kit_runs import kit
from kit_scripts import WORKER
from spreadjobs_conform.candidate import Candidate, Ops
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.findings import HarnessFault, UsageFault
from spreadjobs_conform.patience import Patience
from spreadjobs_conform.process import WorkerProcess
from spreadjobs_conform.registry import Case
from spreadjobs_conform.rehearsal import FIRST_ID, RehearsalStage
from spreadjobs_conform.responder_wire import Manner
from spreadjobs_conform.runner import judged, not_run
from spreadjobs_conform.stage import LiveStage, Worker
from spreadjobs_conform.vector_files import DIGESTS, write_files
from spreadjobs_conform.vectors import vector_of

BY_ID: Final = {case.id: case for case in all_cases()}
LANGUAGES: Final = {
    "json": Candidate(command=(), codec="json", ops=Ops.SERVED),
    "pickle4": Candidate(command=(), ops=Ops.SERVED),
    "pickle0": Candidate(command=(), ops=Ops.SERVED, pickle_protocol=0),
    "untagged": Candidate(command=(), ops=Ops.SERVED, pickle_protocol=2, tagged=False),
}
BOUND_S: Final = 60.0


@pytest.mark.parametrize("manner", Manner)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_case_passes_on_a_right_worker_in_memory(language: str, manner: Manner) -> None:
    """So what a case writes there is what it writes to a right worker, however that one words its responses."""
    candidate = LANGUAGES[language]
    verdicts = [
        judged(case, candidate, RehearsalStage(candidate, manner), "MUST")
        for case in all_cases()
        if case.worker_class == "worker" and not_run(case, candidate) is None
    ]

    assert len(verdicts) >= 100
    assert [(verdict.case.id, verdict.reason) for verdict in verdicts if verdict.status.value != "pass"] == []


class NotedWorker(WorkerProcess):
    """
    A real worker, of which it is noted what is written to it.

    Args:
        command: The argument list.
        environment: The whole environment.
        written: Where it is noted.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], written: bytearray) -> None:
        super().__init__(command, environment)
        self._written = written

    def write(self, data: bytes) -> None:
        """As that of a real worker."""
        self._written += data
        super().write(data)


class NotingStage(LiveStage):
    """The world, but for the first task id."""

    def __init__(self) -> None:
        super().__init__(Patience(1.0, time.monotonic), threading.Event())
        self.written: list[bytearray] = []

    def first_id(self) -> int:
        """That of vectors."""
        return FIRST_ID

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> Worker:
        """As that of the world."""
        self.written.append(bytearray())
        return NotedWorker(command, environment, self.written[-1])


@pytest.mark.parametrize(
    "case_id",
    [
        "run/task-id-0",
        "run/answers-in-order",
        "prep/items-keep-their-values",
        "busy/refuses-n-times-then-done",
        "err/type-and-message",
        "eof/with-requests-outstanding",
        "eof/inside-a-later-request",
        "out/lines-of-both",
    ],
)
def test_it_is_what_a_run_writes_to_a_real_worker(case_id: str) -> None:
    """But for the task ids, which a run draws by lot, each byte is that of a run."""
    case = BY_ID[case_id]
    stage = NotingStage()

    verdict = judged(case, attrs.evolve(LANGUAGES["pickle4"], command=WORKER), stage, "MUST")

    assert verdict.status.value == "pass", verdict.reason
    assert {bytes(each) for each in stage.written} == {vector_of(case, LANGUAGES["pickle4"]).data}


def test_bytes_can_be_piped_into_a_worker() -> None:
    """The command's standard output is the worker's standard input, whole."""
    command = [sys.executable, "-m", "spreadjobs_conform", "bytes", "run/task-id-0", "--codec", "json"]

    written = subprocess.run(command, capture_output=True, check=True, timeout=BOUND_S)
    worker = subprocess.run(
        [*WORKER, "--codec", "json"], input=written.stdout, capture_output=True, check=True, timeout=BOUND_S
    )

    assert written.stderr == b""
    assert [json.loads(line)[0] for line in worker.stdout.splitlines()] == [[0, "sample 1"], [1, "sample 2"]]


def test_bytes_are_written_to_a_file(tmp_path: Path) -> None:
    """With -o, the file holds the input and nothing is on standard output."""
    path = tmp_path / "input"

    run = kit("bytes", "run/task-id-0", "-o", str(path))

    assert (run.status, run.out) == (0, "")
    assert path.read_bytes() == vector_of(BY_ID["run/task-id-0"], LANGUAGES["pickle4"]).data


def test_what_a_pipe_cannot_do_is_told(tmp_path: Path) -> None:
    """Cuts, pauses, missing variables and bytes that depend on the worker are named on standard error."""
    told = {
        case_id: kit("bytes", case_id, "-o", str(tmp_path / "input")).err
        for case_id in (
            "wire/one-byte-pieces",
            "exec/stays-in-the-foreground",
            "exec/needs-no-hints",
            "eof/before-anything",
        )
    }

    assert "the kit cuts messages" in told["wire/one-byte-pieces"]
    assert "while the worker has nothing to do; a pipe does not" in told["exec/stays-in-the-foreground"]
    assert "without the variables SPREAD_JOBS_PROTOCOL" in told["exec/needs-no-hints"]
    assert "the input has no bytes, only its end" in told["eof/before-anything"]


def test_text_has_every_message_with_its_place_and_meaning(tmp_path: Path) -> None:
    """For people: offsets, decoded values, the first bytes, and the response that is due."""
    path = tmp_path / "input"

    assert kit("bytes", "eof/inside-a-later-request", "--text", "-o", str(path)).status == 0

    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"eof/inside-a-later-request: {BY_ID['eof/inside-a-later-request'].summary}"
    assert "message 1, 4 bytes from 0: preparation, None, which ends it" in lines
    assert any("bytes from" in line and "the beginning of a message that does not end" in line for line in lines)
    assert lines[-1].startswith("the end of standard input, at ")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("run/task-id-00",), "there is no such case"),
        (("wire/json-lines",), "is not for pickle4"),
        (("run/task-id-0", "-o", "/nowhere/at/all"), "-o /nowhere/at/all"),
        (("run/task-id-0", "--all", "x"), "takes no case and no other option"),
        ((), "a case is due"),
    ],
)
def test_senseless_words_are_told(words: tuple[str, ...], named: str) -> None:
    """An unknown case, one of another codec, a file that cannot be written: status 2 and what to do."""
    run = kit("bytes", *words)

    assert (run.status, named in run.err) == (2, True), run.err


def test_case_that_does_not_pass_has_no_vector() -> None:
    """A case that a right worker fails would be wrong itself, and is a fault of the kit."""

    def body(_: object) -> None:
        raise HarnessFault("torn")

    wrong: Case = attrs.evolve(BY_ID["run/task-id-0"], body=body)

    with pytest.raises(HarnessFault, match="ends with harness-error on a right worker in memory: torn"):
        vector_of(wrong, LANGUAGES["pickle4"])


def test_files_of_an_earlier_time_go(tmp_path: Path) -> None:
    """A vector that is no more leaves no file; what the list did not make is left alone, wherever it is."""
    folder = tmp_path / "vectors"
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    write_files(folder, {"a/old": b"1", DIGESTS: b"0  a/old\n0  ../outside\n"})
    folder.joinpath("a", "mine").write_bytes(b"mine")

    write_files(folder, {"a/new": b"2", DIGESTS: b"0  a/new\n"})

    assert sorted(path.name for path in folder.joinpath("a").iterdir()) == ["mine", "new"]
    assert outside.read_bytes() == b"mine"


def test_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    """Files are never written among those of another purpose."""
    tmp_path.joinpath("thesis.tex").write_text("", encoding="utf-8")

    with pytest.raises(UsageFault, match="it holds files that are no vectors"):
        write_files(tmp_path, {"a/new": b"2"})
