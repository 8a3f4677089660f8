"""Preparation items of ``spreadjobs.worker``: where they end, and what becomes of a preparation that fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from conversation import Codec
from live_workers import CODECS, as_json, program, served


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("options", "items", "received"),
    [
        (("--items", "2"), [None, "b"], [None, "b"]),
        (("--until-none",), ["a", None], ["a"]),
        (("--until-none",), [None], []),
    ],
)
def test_preparation_items_come_to_the_function(
    codec: Codec, options: tuple[str, ...], items: list[object], received: list[object]
) -> None:
    """As many as announced, or all before a None. [PREP-4]"""
    with served("--prepare", "served:prepare", *options, codec=codec) as worker:
        worker.send(*items, (1, {"op": "prepared"}))

        assert as_json(worker.receive()) == [[1, received], None, None]


def test_any_value_may_end_the_preparation(tmp_path: Path) -> None:
    """An equal value of the same type is the terminator: True is not 1. [PREP-4]"""
    text = """
        from spreadjobs.worker import Until, serve
        items = []
        serve(lambda payload: items, prepare=items.extend, preparation_items=Until(1))
    """
    with program(tmp_path, text) as worker:
        items: list[object] = [True, 1.0, 1]
        worker.send(*items, (7, None))

        assert repr(worker.receive()) == "((7, [True, 1.0]), None, None)"


def test_a_preparation_that_fails_ends_the_worker_with_its_traceback() -> None:
    """Nothing gets onto the wire; the error stream has the reason. [PREP-3]"""
    with served("--prepare", "served:fail_to_prepare", "--items", "1") as worker:
        worker.send("item")
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "\nRuntimeError: no such model\n" in errors


def test_a_preparation_item_that_cannot_be_read_ends_the_worker_with_its_traceback() -> None:
    """The missing class is named on the error stream. [PREP-3]"""
    with served("--prepare", "served:prepare", "--items", "1") as worker:
        worker.send_bytes(b"\x80\x02c__main__\nModel\n.")
        status, output, errors = worker.end()

    assert (status, output) == (1, "")
    assert "Model" in errors
    assert "put it into a module of its own" in errors
