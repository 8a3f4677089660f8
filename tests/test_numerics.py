"""Arrays in and out of Python workers: what arrives is equal, in its order, and may be written to as its dtype says."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import TEMPLATE, echo

from spreadjobs import NUMPY, Master, Settings
from spreadjobs.messages import Undecodable
from spreadjobs.pickle_codec import PickleDecoder

np = pytest.importorskip("numpy")

SERVE = [sys.executable, "-m", "spreadjobs.worker", "served:answer"]
COUNT = 20_000  # more bytes of float64 than are kept with the rest of a message
ARRAYS = {
    "writable": np.arange(float(COUNT)),
    "Fortran order": np.asfortranarray(np.arange(float(COUNT)).reshape(100, 200)),
    "every other": np.arange(float(2 * COUNT))[::2],
    "backwards": np.arange(float(COUNT))[::-1],
    "0-d": np.array(5.5),
    "empty": np.zeros((0, 3)),
    "bool": np.arange(8 * COUNT) % 3 == 0,
    "complex": np.arange(COUNT) * 1j,
    "datetime64": np.arange(COUNT).astype("M8[ns]"),
    "big-endian": np.arange(COUNT, dtype=">f8"),
    "float16": np.ones(4 * COUNT, "f2"),
    "text": np.array(["word"] * COUNT),
}


def read_only() -> object:
    """An array that its owner may not write to."""
    array = np.arange(float(COUNT))
    array.flags.writeable = False
    return array


def assert_same(got: object, due: object, *, order: bool = True) -> None:
    """Equal, of the same dtype, byte order and order of dimensions."""
    assert type(got) is type(due)
    assert isinstance(got, np.ndarray)
    assert isinstance(due, np.ndarray)
    assert got.dtype == (due.dtype if order else due.dtype.newbyteorder("="))
    assert got.shape == due.shape
    assert np.array_equal(got, due)
    assert got.flags.f_contiguous == (due.flags.f_contiguous or (due.ndim == 1 and not due.flags.c_contiguous))


@pytest.fixture(name="folder", autouse=True)
def folder_of_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the module is that serve() serves."""
    text = "def answer(payload):\n    return payload['value']\n"
    (tmp_path / "served.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("worker", [SERVE, TEMPLATE], ids=["serve", "template"])
def test_arrays_go_to_a_worker_and_come_back_as_they_were(worker: list[str], protocol: int) -> None:
    """Each kind comes back equal, with its dtype and order, and can be written to. [PKL-10]"""
    items: list[object] = [None] if worker is TEMPLATE else []
    settings = Settings(pickle_protocol=protocol, allow=[NUMPY])
    with Master([worker], stdin=items, settings=settings) as master:
        results = master.run([echo(array) for array in ARRAYS.values()])
    for got, due in zip(results, ARRAYS.values(), strict=True):
        assert_same(got, due, order=protocol > 4)  # In protocol 4 numpy itself reads into the machine's byte order.
        assert isinstance(got, np.ndarray)
        assert got.flags.writeable
        got[...] = got.copy()


def test_an_array_that_may_not_be_written_to_stays_so_in_protocol_5() -> None:
    """As numpy itself has it: a copy may be written to. [PKL-10]"""
    with Master([SERVE], settings=Settings(pickle_protocol=5, allow=[NUMPY])) as master:
        (got,) = master.run([echo(read_only())])
    assert isinstance(got, np.ndarray)
    assert not got.flags.writeable
    assert_same(got, read_only())


def test_many_arrays_in_one_answer_are_their_own() -> None:
    """A dict of arrays, among them one twice, comes back with each where it was. [PKL-10]"""
    again = np.arange(float(COUNT))
    payload = {**ARRAYS, "again": again, "list": [again, {"deep": again}]}
    with Master([SERVE], settings=Settings(pickle_protocol=5, allow=[NUMPY])) as master:
        (got,) = master.run([echo(payload)])
    assert isinstance(got, dict)
    assert list(got) == list(payload)
    for name, array in ARRAYS.items():
        assert_same(got[name], array)
    assert got["list"][0] is got["again"]
    assert got["list"][1]["deep"] is got["again"]


def halves(data: bytes) -> Iterator[bytes]:
    """A message in two pieces, cut in the middle of an array."""
    yield data[: len(data) // 2]
    yield data[len(data) // 2 :]


def test_a_large_array_is_the_bytes_that_came() -> None:
    """It is not copied once its bytes are collected: it does not own its memory. [SEC-2]"""
    array = np.arange(float(COUNT))
    decoder = PickleDecoder(Settings(allow=[NUMPY]))
    data = pickle.dumps([array * number for number in range(9)], 5)
    (got,) = [message for piece in halves(data) for message in decoder.feed(piece)]
    assert isinstance(got, list)
    for number, one in enumerate(got):
        assert_same(one, array * number)
        assert isinstance(one, np.ndarray)
        base = one.base
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(base, memoryview)
        assert type(base.obj) is bytearray
        assert len(base.obj) == array.nbytes


@pytest.mark.parametrize(
    ("expression", "cure"),
    [
        ("np.array([object()])", r"return its tolist\(\)"),
        ("np.zeros(2, dtype=[('a', 'i4')])", r"return a dict of its columns"),
        ("np.ma.array([1])", r"return numpy.asarray\(it\)"),
        ("np.rec.array([(1, 2.0)], dtype=[('a', 'i4'), ('b', 'f8')])", r"return numpy.asarray\(it\)"),
    ],
)
@pytest.mark.parametrize("protocol", [4, 5])
def test_the_refusal_of_an_array_names_the_cure(expression: str, cure: str, protocol: int) -> None:
    """What is no plain array is refused by a sentence that says what to return instead. [SEC-3]"""
    data = pickle.dumps((eval(expression, {"np": np}),), protocol)  # noqa: S307 - the expressions stand above
    with pytest.raises(Undecodable, match=cure):
        PickleDecoder(Settings(allow=[NUMPY])).feed(data)
