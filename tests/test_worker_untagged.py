"""``spreadjobs.worker`` in the untagged dialect, as the ancestor reads it."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path
from typing import Final

import pytest
from conversation import Instance, interpreter
from live_workers import served


def untagged(response: object) -> tuple[str, str, object, object]:
    """Class name, module and contents of an instance in first place, and out."""
    assert isinstance(response, tuple)
    instance, out, _ = response
    assert isinstance(instance, Instance)
    return type(instance).__name__, type(instance).__module__, vars(instance), out


def test_the_untagged_dialect_speaks_bare_values() -> None:
    """Bare payloads, bare values, lists for out and err, instances of gmisclib's classes. [UNT-4] [UNT-5]"""
    with served("--dialect", "untagged", protocol=2) as worker:
        worker.send({"op": "echo", "value": ("TooBusy", 1, 2)})
        assert worker.receive() == (("TooBusy", 1, 2), [], [])
        worker.send({"op": "print", "out": ["a\n"], "err": ["b\n"]})
        assert worker.receive() == (None, ["a\n"], ["b\n"])
        worker.send({"op": "busy", "key": 1, "delay_s": 0.5, "times": 1})
        assert untagged(worker.receive()) == ("TooBusy", "gmisclib.spread_jobs", {"delay": 0.5}, [])
        worker.send({"op": "raise", "type": "Boom", "message": "é"})
        name, module, contents, out = untagged(worker.receive())
        assert isinstance(contents, dict)
        assert (name, module, contents["args"][:2], out) == (
            "RemoteException",
            "gmisclib.spread_jobs",
            ("Boom", "é"),
            [],
        )
        worker.send({"do": "signs_of_life", "every_s": 0})
        assert worker.receive() == (None, [], [])
        worker.send_bytes(b"\x80\x02clost\nPoint\n.")
        assert untagged(worker.receive())[0] == "RemoteException"
        assert worker.end()[:2] == (0, "")


PYTHON_2: Final = interpreter("2.7")


@pytest.mark.skipif(PYTHON_2 is None, reason="no python2.7 here")
def test_the_ancestor_can_read_the_untagged_dialect(tmp_path: Path) -> None:
    """Python 2 makes of it instances of the classes that gmisclib has. [INST-1]"""
    package = tmp_path / "gmisclib"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "spread_jobs.py").write_text(
        "class TooBusy(object):\n    def __init__(self, delay): self.delay = delay\n"
        "class RemoteException(Exception): pass\n",
        encoding="utf-8",
    )
    with served("--dialect", "untagged", protocol=2) as worker:
        worker.send(
            {"op": "busy", "key": 1, "delay_s": 0.5, "times": 1}, {"op": "raise", "type": "Boom", "message": "m"}
        )
        worker.send({"op": "echo", "value": 7})
        status, output, _ = worker.end()
    assert status == 0
    assert PYTHON_2 is not None
    script = """
        import cPickle, sys
        first, out, err = cPickle.load(sys.stdin)
        print type(first).__name__, first.delay, out, err
        first, out, err = cPickle.load(sys.stdin)
        print type(first).__name__, first.args[0], first.args[1], out, err
        print cPickle.load(sys.stdin)
    """
    read = subprocess.run(
        [PYTHON_2, "-c", textwrap.dedent(script)],
        input=output.encode("utf-8", "surrogateescape"),
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=True,
    )

    assert read.stdout == b"TooBusy 0.5 [] []\nRemoteException Boom m [] []\n(7, [], [])\n"
