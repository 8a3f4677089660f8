"""allow=[NUMPY]: arrays and scalars of plain dtypes come back equal; all else of numpy is refused."""

from __future__ import annotations

import pickle
import sys

import pytest
from hostile.forged import REFUSED

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


@pytest.mark.parametrize("count", [6, 60_000])
@pytest.mark.parametrize("protocol", range(6))
def test_arrays_may_be_written_to_once_the_message_is_read(count: int, protocol: int) -> None:
    """An array that nothing may write to while it is read is as writable afterwards as numpy makes it. [PKL-10]"""
    np = pytest.importorskip("numpy")
    for value in (np.arange(float(count)), np.arange(count, dtype=">f8").reshape(2, -1).T):
        data = pickle.dumps((value,), protocol)
        (due,) = pickle.loads(data)
        (message,) = PickleDecoder(ADMITTED).feed(data)
        assert isinstance(message, tuple)
        (got,) = message
        assert got.flags.writeable == due.flags.writeable
        if got.flags.writeable:
            got[...] = 5
            assert got.sum() == 5 * count


def test_many_numbers_of_few_hashes_are_read() -> None:
    """A long list of equal or ordinary numbers is no attack. [PKL-10]"""
    np = pytest.importorskip("numpy")
    value = [np.complex128(n % 7) for n in range(3000)] + [np.longdouble(n) for n in range(300)] + [np.int8(1)] * 3
    assert PickleDecoder(ADMITTED).feed(pickle.dumps(value)) == [value]


def test_numpy_is_not_admitted_by_default() -> None:
    """The refusal names the setting. [SEC-3]"""
    with pytest.raises(Undecodable, match=r"Settings\(allow=\[NUMPY\]\)"):
        PickleDecoder(Settings()).feed(REFUSED["objects"])
