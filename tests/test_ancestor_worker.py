"""
Our master with ``LEGACY`` and a worker as the ancestor's users wrote it: the loop that its documentation shows.

The worker runs under Python 2.7 where there is one, and under this Python. It imports a stand-in for
``gmisclib.spread_jobs``, whose instances travel as the published ones do; tests/interop has the published package.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final

import attrs
import pytest
from conversation import interpreter
from programs import program

from spreadjobs import LEGACY, Master, PoisonTask, RemoteException, main, notComputed

STAND_IN: Final = """
class TooBusy(object):
    def __init__(self, delay):
        self.delay = delay

class RemoteException(Exception):
    def __init__(self, *args):
        Exception.__init__(self, *args)
        self.index = ""
        self.comment = ""
"""

# What the published classes write in Python 2 with protocol 2: spec/1.0, codecs.md, section P5.
TOO_BUSY: Final = (
    b"\x80\x02cgmisclib.spread_jobs\nTooBusy\nq\x01)\x81q\x02}q\x03U\x05delayq\x04G\x3f\xe0\0\0\0\0\0\0sbNN\x87."
)
REMOTE_EXCEPTION: Final = (
    b"\x80\x02cgmisclib.spread_jobs\nRemoteException\nq\x01U\x0aValueErrorq\x02U\x05bad 2q\x03\x86q\x04Rq\x05}q\x06("
    b"U\x07commentq\x07U\0U\x05indexq\x08U\0ubNN\x87."
)

HEAD_2: Final = """
import cPickle
from sys import stdin, stdout
"""
HEAD_3: Final = """
import pickle as cPickle, sys
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
"""

COMPUTE: Final = """
CP = cPickle
from gmisclib import spread_jobs
refusals = [spread_jobs.TooBusy(0.01), spread_jobs.TooBusy(0)]

def compute(control):
    if control == "prints":
        return control, ["one\\n", "two\\n"], ["to stderr\\n"]
    if control == "prints a text":
        return control, "one\\ntwo\\n", ""
    if control == "refuses" and refusals:
        return refusals.pop(), [], []
    if control == "raises":
        return spread_jobs.RemoteException("ValueError", "bad 2"), ["before\\n"], []
    if control == "dies":
        raise SystemExit(3)
    return control, None, None
"""

LOOP: Final = """
while True:
        try:
                control = cPickle.load(stdin)
        except EOFError:
                break
        d, so, se = compute(control)
        cPickle.dump((d, so, se), stdout, CP.HIGHEST_PROTOCOL)
        stdout.flush()
"""
PREPARED: Final = "prepared = cPickle.load(stdin)\n"
TEXT: Final = 'stdout.write(b"bye\\n")\n'
CLOSE: Final = "stdout.close()\n"


@attrs.frozen
class Writer:
    """Makes worker programs for one Python."""

    python: str
    head: str
    folder: Path

    def worker(self, *parts: str) -> list[str]:
        """A worker of these parts."""
        path = self.folder / "worker.py"
        path.write_text(self.head + "".join(parts), encoding="utf-8")
        return [self.python, str(path)]

    def sample(self) -> list[str]:
        """A worker with the loop of the documentation as it is, and nothing more."""
        return self.worker(COMPUTE, LOOP, CLOSE)


@pytest.fixture(name="writer", params=["2.7", "this"])
def each_python(request: pytest.FixtureRequest, tmp_path: Path) -> Writer:
    """A writer for each Python; one that is not on this machine is skipped, and said so."""
    package = tmp_path / "gmisclib"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "spread_jobs.py").write_text(STAND_IN, encoding="utf-8")
    if request.param == "this":
        return Writer(sys.executable, HEAD_3, tmp_path)
    found = interpreter("2.7")
    if found is None:
        pytest.skip("no python2.7 on PATH")
    return Writer(found, HEAD_2, tmp_path)


def test_answers_come_back_in_the_order_of_the_tasks(writer: Writer) -> None:
    """Three workers answer three hundred tasks, and each answer stands where its task stood. [UNT-2] [UNT-3]"""
    spread = main(range(300), [writer.sample()] * 3, settings=LEGACY)

    assert spread.results == list(range(300))


def test_answers_are_equal_and_of_the_same_type(writer: Writer) -> None:
    """What such a worker hands on is what it was given. [UNT-4] [DATA-1]"""
    values: list[object] = [None, True, -1, 2**70, -0.5, 1j, "", "text é \U0001f600\0\n"]
    values += [
        (1, [2, ()]),
        {"a": {1: None}},
        {"x"},
        ("TooBusy", 1, 0.5),
        ["RemoteException", 1, "a", "b", ""],
        ("Alive", 1),
    ]

    assert repr(main(values, [writer.sample()], settings=LEGACY).results) == repr(values)


def test_what_it_printed_is_shown(writer: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    """The second and third item of its tuple, lists or one text, come out under the number of the task. [OUT-3]"""
    assert main([0, "prints", "prints a text"], [writer.sample()], settings=LEGACY).results[1] == "prints"

    out, err = capsys.readouterr()
    assert out == "#slot so1 ------\none\ntwo\n#slot so2 ------\none\ntwo\n"
    assert err == "#slot se1 ------\nto stderr\n"


def test_a_task_that_it_refuses_is_sent_again(writer: Writer, caplog: pytest.LogCaptureFixture) -> None:
    """An instance of TooBusy puts the task back, and costs nothing else. [INST-2] [BUSY-3]"""
    with caplog.at_level(logging.DEBUG, logger="spreadjobs"):
        spread = main(["refuses", 1, 2], [writer.sample()], settings=LEGACY)

    assert spread.results == ["refuses", 1, 2]
    assert caplog.text.count("TooBusy: sleeping") == 2
    assert spread.workers[0].answered == 3


def test_its_remote_exception_is_raised_in_the_caller(writer: Writer) -> None:
    """The type's name and the message arrive, with the task, its lines and the answers so far. [INST-2] [ERR-5]"""
    with pytest.raises(RemoteException, match=r"task 1 raised ValueError: bad 2 in worker 1\.1") as caught:
        main([0, "raises", 2], [writer.sample()], settings=LEGACY)

    error = caught.value
    assert (error.type_name, error.message, error.task_index) == ("ValueError", "bad 2", 1)
    assert error.args[:2] == ("ValueError", "bad 2")
    assert list(error.out) == ["before\n"]
    assert list(error.partial) == [0, notComputed, notComputed]


def test_it_goes_on_after_a_failure(writer: Writer) -> None:
    """A worker that has sent a RemoteException answers the tasks of the next run. [ERR-2]"""
    with Master([writer.sample()], settings=LEGACY) as master:
        with pytest.raises(RemoteException):
            master.run(["raises"])

        assert master.run([1, 2]) == [1, 2]


def test_preparation_items_come_before_the_tasks(writer: Writer) -> None:
    """Each worker gets them in front of its first task, without a terminator. [PREP-1] [PREP-2]"""
    items: list[object] = [{"model": ["é", 2**40]}]
    worker = writer.worker(PREPARED, COMPUTE, "compute = lambda control: (prepared, None, None)\n", LOOP, CLOSE)

    assert main([1, 2, 3, 4], [worker, worker], stdin=items, settings=LEGACY).results == items * 4


@pytest.mark.usefixtures("nothing_is_left")
def test_the_end_of_its_input_ends_it(writer: Writer) -> None:
    """It leaves its loop with EOFError and exits with status 0, also when it was sent no task. [SHUT-1] [SHUT-5]"""
    spread = main([1], [writer.sample()], settings=LEGACY)

    assert ([report.status for report in spread.workers], spread.outputs) == ([0], [[]])
    assert main([], [writer.sample()], settings=LEGACY) == ([], [[]])


def test_what_it_writes_at_shutdown_is_returned(writer: Writer) -> None:
    """Text behind its last answer comes back, also from one that had nothing to do. [SHUT-7] [SHUT-8]"""
    worker = writer.worker(COMPUTE, LOOP, TEXT, CLOSE)

    assert main([1, 2], [worker], settings=LEGACY) == ([1, 2], [["bye\n"]])
    assert main([], [worker, worker], settings=LEGACY) == ([], [["bye\n"], ["bye\n"]])


def test_one_that_dies_is_charged_for_its_task_alone(writer: Writer) -> None:
    """With bare payloads too the answers before and after it are kept. [JOB-2] [JOB-3]"""
    with pytest.raises(PoisonTask, match=r"task 1(?s:.)*exit status 3") as caught:
        main([0, "dies", 2], [writer.sample()], settings=LEGACY)

    assert list(caught.value.partial) == [0, notComputed, 2]


# --- the bytes


def test_the_stand_in_writes_what_the_published_classes_write(tmp_path: Path) -> None:
    """The instances that these tests send in Python 2 are byte for byte those of the specification. [INST-1]"""
    python = interpreter("2.7")
    if python is None:
        pytest.skip("no python2.7 on PATH")
    (tmp_path / "spread_jobs.py").write_text(STAND_IN, encoding="utf-8")
    script = """
        import cPickle, imp, sys
        sys.modules["gmisclib"] = imp.new_module("gmisclib")
        spread_jobs = imp.load_source("gmisclib.spread_jobs", "spread_jobs.py")
        sys.stdout.write(cPickle.dumps((spread_jobs.%s, None, None), cPickle.HIGHEST_PROTOCOL))
    """
    for made, due in (("TooBusy(0.5)", TOO_BUSY), ("RemoteException('ValueError', 'bad 2')", REMOTE_EXCEPTION)):
        command = [python, "-c", textwrap.dedent(script) % made]
        # In Python 2 a seed, as test runners set one, changes the order of a dict.
        fixed = {**os.environ, "PYTHONHASHSEED": "0"}
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, env=fixed)
        assert ended.stdout == due


def test_the_bytes_of_the_published_classes_are_taken() -> None:
    """What Python 2 wrote is a refusal and a failure, wherever it comes from. [INST-1] [INST-2] [PKL-11]"""
    worker = program(f"""
        read(); stdout.write({TOO_BUSY!r}); stdout.flush()
        read(); stdout.write({REMOTE_EXCEPTION!r}); stdout.flush()
        stdin.read()
    """)

    with pytest.raises(RemoteException) as caught:
        main([7], [worker], settings=LEGACY)

    assert (caught.value.type_name, caught.value.message, caught.value.traceback_text) == ("ValueError", "bad 2", "")
