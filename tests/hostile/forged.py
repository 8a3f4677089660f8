"""Pickles that forge what numpy makes of its pickles: its own ``__setstate__`` believes all of it."""

from __future__ import annotations

from hostile.parts import raw

HEAD = b"(cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
F8 = b"cnumpy\ndtype\n(S'f8'\ntR"
REFUSED: dict[str, bytes] = {
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
    "an array of objects by a state": HEAD + b"(I1\n(I1\ntcnumpy\ndtype\n(S'O8'\ntRI00\n(lNatbt.",
    "a dtype with a base and a shape": b"(cnumpy\ndtype\n(S'(1000000,1000000)f8'\ntRt.",
    "a dtype of records by text": b"(cnumpy\ndtype\n(S'f8,i8'\ntRt.",
    "a size that overflows": HEAD + b"(I1\n(L4294967296L\nL4294967296L\nt" + F8 + b"I00\nS''\ntbt.",
    "text without a length, many times": b"(cnumpy.core.numeric\n_frombuffer\n(C\x00cnumpy\ndtype\n(S'S0'\ntR"
    b"(L1099511627776L\ntS'C'\ntRt.",
    "a state of the dtype for an array": HEAD + b"(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbt.",
    "memmap": b"(cnumpy\nmemmap\n(S'/etc/passwd'\ntRt.",
    "f2py": b"(cnumpy.f2py\ncompile\n(S'x'\ntRt.",
    "the old way to os.system": b"(cnumpy.testing._private.utils\nrunstring\n(S'import os'\n(dtRt.",
}


def _array(shape: list[int], data: bytes) -> bytes:
    sizes = b"".join(b"I%d\n" % size for size in shape)
    return HEAD[1:] + b"(I1\n(" + sizes + b"tcnumpy\ndtype\n(S'i8'\ntRI00\n" + raw(data) + b"tb"


def endless_write() -> bytes:
    """SETITEM with arrays as indices, which are broadcast: 4**24 writes from 5 KB."""
    dimensions = 24
    indices = [_array([1] * i + [4] + [1] * (dimensions - 1 - i), bytes(32)) for i in range(dimensions)]
    return b"(" + _array([1] * dimensions, bytes(8)) + b"(" + b"".join(indices) + b"tK\x00st."


def endless_write_of_a_buffer() -> bytes:
    """The same with the form of protocol 5, which the C unpickler reads."""
    sizes = b"".join(b"I1\n" for _ in range(24))
    target = b"cnumpy.core.numeric\n_frombuffer\n(\x96" + (8).to_bytes(8, "little") + bytes(8)
    target += b"cnumpy\ndtype\n(S'i8'\ntR(" + sizes + b"tS'C'\ntR"
    return endless_write().replace(_array([1] * 24, bytes(8)), target)


def numbers_of_one_hash() -> bytes:
    """Long doubles beyond the range of doubles all have the hash of infinity."""
    head = b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f16'\ntRC\x10"
    numbers = [((1 << 63) + i).to_bytes(8, "little") + b"\x00\x70" + bytes(6) for i in range(50_000)]
    return b"(}(" + b"".join(head + number + b"tRN" for number in numbers) + b"ut."


def copies_of_one_text() -> bytes:
    """A thousand arrays of one megabyte of text: bytes are used where they are, text is made bytes for each."""
    state = b"(I1\n(L1048576L\ntcnumpy\ndtype\n(S'i1'\ntRI00\nh\x00tb"
    return b"(X" + (2**20).to_bytes(4, "little") + b"x" * 2**20 + b"q\x00" + (HEAD[1:] + state) * 900 + b"t."


HARMLESS_ARRAYS: dict[str, bytes] = {
    "a dtype with the flags of objects": b"(" + F8 + b"(I3\nS'|'\nNNNI-1\nI-1\nI63\ntb(lt.",
    "a megabyte of nothing": b"(cnumpy._core.numeric\n_frombuffer\n(C\x00"
    + F8
    + b"(I0\nL1152921504606846975L\ntS'C'\ntRt.",
}
"""May be read, as plain arrays and dtypes."""
