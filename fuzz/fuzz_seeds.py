"""What the fuzzer begins with: messages that real writers make, and the building blocks of pickles and of JSON."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import functools
import importlib
import importlib.util
import pickle
import uuid
from typing import Final

from fuzz_checks import Frozen, Point

_ZONE: Final = datetime.timezone(datetime.timedelta(hours=1), "here")
_SHARED: Final = (1, "two")
_VALUES: Final[tuple[object, ...]] = (
    ((7, None), None, None),
    ((7, {"a": [1, 2.5, True], "b": (None, "é€")}), ["line\n"], []),
    (("TooBusy", 7, 0.5), None, None),
    (("RemoteException", 7, "ValueError", "no", "Traceback"), None, None),
    (2**70, -(2**70), -1, 255, 65535, 2**31, b"bytes", bytearray(b"array"), 1j, float("inf")),
    ({1, 2}, frozenset([3, (4, 5)]), [], {}, (), [[[[]]]], {(1, 2): {frozenset(): 1}}),
    (_SHARED, _SHARED, [_SHARED] * 12, "x" * 300, b"y" * 300),
    (datetime.datetime(2020, 1, 2, 3, tzinfo=_ZONE), datetime.date(2020, 1, 2), datetime.time(1, tzinfo=_ZONE)),
    (datetime.timedelta(1, 2, 3), decimal.Decimal("1.50"), fractions.Fraction(1, 3), uuid.UUID(int=5)),
    (collections.OrderedDict(a=1), collections.Counter("aab"), collections.deque([1, 2], 5)),
    [Point(1), Point([Point(2)]), Frozen(3), {Frozen(4): 5}],
    [collections.defaultdict(list, a=[1])],
)
_RAW: Final = (
    b"(cspreadjobs\nTooBusy\n)\x81}U\x05delayK\x05sbNNt.",
    b"((ispread_jobs\nRemoteException\n(dS'args'\n(lS'a'\naI1\nasbNNt.",
    b"(ccopy_reg\n_reconstructor\n(cfuzz_checks\nPoint\nc__builtin__\nobject\nNtR(dS'x'\nI1\nsbt.",
    b"\x80\x04(}(K\x01NK\x02K\x03u\x8f(K\x01K\x02\x90(K\x01\x91cbuiltins\nset\n]K\x01a\x85Rt.",
    b"(})" + b"2\x86" * 6 + b"Nst.",
    b"(cos\nsystem\n(S'true'\ntRt.",
    b"(cbuiltins\ngetattr\n(cenum\nEnum\nS'x'\ntRt.",
    b"\x80\x04\x8c\x08builtins\x8c\x03set\x93)R\x85.\n\x80\x02)\x85.",
)
_NUMPY: Final = ("arange(6.0).reshape(2, 3)", "array(['ab'])", "float64(1.5)", "array(['2020'], dtype='M8[s]')")
NAMES: Final = tuple(
    f"{module}\n{name}\n".encode()
    for module, names in (
        ("builtins", "set frozenset bytearray complex bytes getattr eval object list int range"),
        ("__builtin__", "set object list"),
        ("collections", "OrderedDict Counter deque defaultdict"),
        ("datetime", "datetime date time timedelta timezone"),
        ("_codecs", "encode"),
        ("fractions", "Fraction"),
        ("decimal", "Decimal"),
        ("uuid", "UUID"),
        ("copyreg", "_reconstructor __newobj__"),
        ("os", "system"),
        ("spreadjobs", "TooBusy RemoteException"),
        ("fuzz_checks", "Point Frozen"),
        ("enum", "Enum"),
        ("numpy", "dtype ndarray"),
        ("numpy._core.multiarray", "_reconstruct scalar"),
        ("numpy._core.numeric", "_frombuffer"),
    )
    for name in names.split()
)
JSON_PARTS: Final = (
    b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"\\ud83d", b"\\ude00", b"\\n", b"null", b"true", b"NaN",
    b"Infinity", b"-0", b"1e5", b"1e999", b"9007199254740992", b"0." + b"0" * 50 + b"1",
    b'"a":1', b'"a"', b" ", b"\t", b"\r",
    b"\n", b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\0", b"[[],{}]", b"-",
)  # fmt: skip


@functools.cache
def pickles() -> list[bytes]:
    """Messages in each protocol."""
    out = [pickle.dumps(value, protocol) for value in _VALUES for protocol in range(6)]
    if importlib.util.find_spec("numpy"):
        np = importlib.import_module("numpy")
        values = [eval(f"np.{text}", {"np": np}) for text in _NUMPY]  # noqa: S307 - the expressions stand above
        out += [pickle.dumps((value,), protocol) for value in values for protocol in (0, 2, 4, 5)]
    return [*out, *_RAW]


@functools.cache
def fragments() -> list[bytes]:
    """Pieces that leave one value on the stack, or change the one on top."""
    whole = [data[2:-1] if data[0] == 0x80 else data[:-1] for data in pickles()]
    return [
        *(data for data in whole if data[:1] != b"\x95"),
        *(b"c" + name for name in NAMES),
        b")R", b")\x81", b"}b", b"}U\x01xK\x01sb", b"(N}U\x01xK\x01stb", b"q\x01h\x01", b"2\x86", b"\x85", b"Ns",
        b"K\x01a",
        b"(K\x01\x91", b"\x94h\x00", b"(K\x00K\x01u", b"(K\x00K\x01e", b"}\x92", b"0", b"1", b"(NNt",
    ]  # fmt: skip


@functools.cache
def json_lines() -> list[bytes]:
    """Lines of JSON."""
    return [
        b"[[7,null],null,null]\n",
        b'[[7,{"a":[1,2.5,true],"b":"\\u00e9"}],["line\\n"],[]]\n',
        b'{"a":1,"b":{"c":[[]]}}\n[1e5]\n',
        b'["\\ud83d\\ude00",-0.0,9007199254740991]\r\n',
        b"[NaN]\n",
    ]


def inputs() -> list[bytes]:
    """Whole inputs: the messages above under each setting that matters to them."""
    lanes = (0, 8, 16, 24)
    out = [bytes([lane, 0, index % 256, lane]) + data for lane in lanes for index, data in enumerate(pickles())]
    return out + [bytes([7, 0, index, 1]) + data for index, data in enumerate(json_lines())]
