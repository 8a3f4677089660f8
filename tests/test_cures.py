"""What a worker that wrote the wrong bytes is told about the likely cause."""

from __future__ import annotations

import pytest

from spreadjobs.cures import PRINTS, SPEAKS_JSON, SPEAKS_PICKLE, TRACEBACK, likely_cure, start_cure


@pytest.mark.parametrize(
    ("data", "codec", "cure"),
    [
        (b"hello\n", "pickle", PRINTS),
        (b"hello\n", "json", PRINTS),
        ("Fortschritt: 50 %, schön\r".encode(), "pickle", PRINTS),
        (b"\n", "pickle", PRINTS),
        (b"Traceback (most recent call last):\n", "pickle", TRACEBACK),
        (b"Traceback (most recent call last):\n", "json", TRACEBACK),
        (b"[[1, 2], null, null]\n", "pickle", SPEAKS_JSON),
        (b'[["TooBusy", 1, 2], null, null]\n', "pickle", SPEAKS_JSON),
        (b'{"a": 1}\n', "pickle", SPEAKS_JSON),
        (b'["Alive", 1]', "pickle", SPEAKS_JSON),
        (b"[{}]", "pickle", SPEAKS_JSON),
        (b"[[1, 2], null]\n", "json", PRINTS),
        (b"\x80\x04K\x01.", "json", SPEAKS_PICKLE),
        (b"\x80\x04K\x01.", "pickle", ""),
        (b"\x00\x01\x02\xff\xfe", "pickle", ""),
        (b"\x00\x01\x02\xff\xfe", "json", ""),
    ],
)
def test_likely_cause_is_told_from_the_first_bytes(data: bytes, codec: str, cure: str) -> None:
    """Prints, a traceback, the other codec; and nothing where nothing is likely. [VIO-3]"""
    assert likely_cure(data, codec) == cure


def test_cures_say_what_to_do() -> None:
    """Each names a setting, a stream or a file to begin with. [VIO-3]"""
    assert "stderr" in PRINTS
    assert "workers/python/worker.py" in PRINTS
    assert "Settings(codec='json')" in SPEAKS_JSON
    assert "Settings(codec='pickle')" in SPEAKS_PICKLE
    assert "stderr" in TRACEBACK


def test_a_command_line_in_one_string_is_taken_apart() -> None:
    """The error that the file is missing says what was meant. [JOB-4]"""
    assert start_cure("python3 worker.py", FileNotFoundError()) == (
        "; a list of arguments is due: did you mean ['python3', 'worker.py']?"
    )
    assert start_cure("python3", FileNotFoundError()) == ""
    assert start_cure("python3 worker.py", PermissionError()) == ""
