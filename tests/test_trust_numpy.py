"""allow=[NUMPY]: arrays and scalars of plain dtypes come back equal; all else of numpy is refused."""

from __future__ import annotations

import pickle
import sys

import pytest

from spreadjobs.messages import Undecodable
from spreadjobs.pickle_codec import PickleDecoder
from spreadjobs.settings import NUMPY, Settings

ADMITTED = Settings(allow=[NUMPY])
PLAIN = [
    "np.arange(6.0).reshape(2, 3)",
    "np.asfortranarray(np.arange(6.0).reshape(2, 3))",
    "np.arange(6, dtype='>i4')",
    "np.array(['ab', 'c'])",
    "np.array([b'x'])",
    "np.array(['2020-01-01'], dtype='M8[25s]')",
    "np.zeros(1, dtype='m8')",
    "np.float64(1.5)",
    "np.int32(3)",
    "np.str_('')",
    "np.bool_(True)",
    "np.datetime64('2020-01-01', 'ns')",
    "np.zeros((0, 3))",
    "np.array(5)",
    "np.array([1j])",
    "np.arange(10)[::2]",
]
HEAD = b"(cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
F8 = b"cnumpy\ndtype\n(S'f8'\ntR"
REFUSED = {
    "an array without contents": HEAD + b"t.",
    "too few bytes": HEAD + b"(I1\n(I2\nt" + F8 + b"I00\nS'12345678'\ntbt.",
    "a negative size": HEAD + b"(I1\n(I-1\nt" + F8 + b"I00\nS''\ntbt.",
    "a size beyond memory": HEAD + b"(I1\n(I0\nL4611686018427387903L\nt" + F8 + b"I00\nS''\ntbt.",
    "too many dimensions": HEAD + b"(I1\n(" + b"I0\n" * 40 + b"t" + F8 + b"I00\nS''\ntbt.",
    "a state of text": HEAD + b"S'x'\nbt.",
    "an array that is filled twice": HEAD + (b"(I1\n(I0\nt" + F8 + b"I00\nS''\ntb") * 2 + b"t.",
    "an array of another class": b"(cnumpy.core.multiarray\n_reconstruct\n(cuuid\nUUID\n(I0\ntS'b'\ntRt.",
    "ndarray called": b"(cnumpy\nndarray\n(I1000000000000\ntRt.",
    "objects": b"(cnumpy\ndtype\n(S'O8'\ntRt.",
    "a dtype of a number": b"(cnumpy\ndtype\n(I5\ntRt.",
    "a dtype of nothing": b"(cnumpy\ndtype\n)Rt.",
    "fields": b"(" + F8 + b"(I3\nS'|'\nN(S'a'\nt(dI-1\nI-1\nI0\ntbt.",
    "a short state of a dtype": b"(" + F8 + b"(I3\ntbt.",
    "an unknown unit": b"(cnumpy\ndtype\n(S'M8'\ntR(I4\nS'<'\nNNNI-1\nI-1\nI0\n((d(S'xx'\nI1\nI1\nI1\nttbt.",
    "a scalar without bytes": b"(cnumpy.core.multiarray\nscalar\n(" + F8 + b"S''\ntRt.",
    "a scalar of text": b"(cnumpy.core.multiarray\nscalar\n(S'f8'\nS'12345678'\ntRt.",
    "a buffer of no bytes": b"(cnumpy.core.numeric\n_frombuffer\n(I8\n" + F8 + b"(I1\ntS'C'\ntRt.",
    "numpy.load": b"(cnumpy\nload\n(S'x'\ntRt.",
}


def test_numpy_is_needed_when_it_is_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without numpy, allow=[NUMPY] says so at once. [SEC-3]"""
    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.delitem(sys.modules, "spreadjobs.trust_numpy", raising=False)
    with pytest.raises(ImportError, match="pip install numpy"):
        PickleDecoder(ADMITTED)


@pytest.mark.parametrize("expression", PLAIN)
@pytest.mark.parametrize("protocol", range(6))
def test_plain_arrays_and_scalars_come_back_as_numpy_itself_reads_them(expression: str, protocol: int) -> None:
    """Arrays and scalars of plain dtypes come back with type, dtype, shape and values. [PKL-10]"""
    np = pytest.importorskip("numpy")
    value = eval(expression, {"np": np})  # noqa: S307 - the expressions stand above
    data = pickle.dumps((value, [value]), protocol)
    due, _ = pickle.loads(data)
    (message,) = PickleDecoder(ADMITTED).feed(data)
    assert isinstance(message, tuple)
    got, (again,) = message
    assert (type(got), got.dtype, got.shape) == (type(due), due.dtype, due.shape)
    assert np.array_equal(got, due)
    assert got is again


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_plain_array_is_refused(name: str) -> None:
    """Impossible shapes, objects, fields and states never reach numpy. [SEC-1]"""
    pytest.importorskip("numpy")
    with pytest.raises(Undecodable):
        PickleDecoder(ADMITTED).feed(REFUSED[name])


@pytest.mark.parametrize("expression", ["np.array([object()])", "np.zeros(2, dtype=[('a', 'i4')])", "np.ma.array([1])"])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_arrays_of_objects_records_and_subclasses_are_refused(expression: str, protocol: int) -> None:
    """What is no plain array is refused in each form that numpy writes. [SEC-3]"""
    np = pytest.importorskip("numpy")
    with pytest.raises(Undecodable):
        PickleDecoder(ADMITTED).feed(pickle.dumps((eval(expression, {"np": np}),), protocol))  # noqa: S307 - see above


def test_numpy_is_not_admitted_by_default() -> None:
    """The refusal names the setting. [SEC-3]"""
    with pytest.raises(Undecodable, match=r"Settings\(allow=\[NUMPY\]\)"):
        PickleDecoder(Settings()).feed(REFUSED["objects"])
