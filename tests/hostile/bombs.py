"""Pickles that crash CPython's unpickler, fill the memory or never end: small ones that do much, and deep ones."""

from __future__ import annotations

from hostile.parts import HASH_PRIME, frame, long4, message, name, raw, text

_TWICE = b"h\x00h\x01R"
_MIB = 2**20


def _again(constructor: str, arguments: bytes, times: int) -> bytes:
    """Call a constructor many times with the same arguments, which stand in the message once."""
    return message(name(constructor), b"q\x00(", arguments, b"tq\x01", _TWICE * times)


BOMBS: dict[str, bytes] = {
    "a deep key": b"(}" + b"N" + b"\x85" * 200_000 + b"Nst.",
    "a deep key by two": b"(}" + b"N" + b"N\x86" * 200_000 + b"Nst.",
    "a deep item of a set": b"\x80\x04\x8f(N" + b"\x85" * 200_000 + b"\x90\x85.",
    "nested deques": b"(" + b"ccollections\ndeque\n)R(" * 200_000 + b"e" * 200_000 + b"t.",
    "a memo index of 4 GB": b"(r\xff\xff\xff\x1ft.",
    "a memo index in text": b"(p4294967295\nt.",
    "a memo index of a long text": b"(p" + b"9" * 100 + b"\nt.",
    "laughs as a key": b"(})"
    + b"".join(b"q%cK\x01h%c\x86" % (i, i) for i in range(60)).replace(b"K\x01", b"")
    + b"Nst.",
    "laughs by DUP": b"(})" + b"2\x86" * 60 + b"Nst.",
    "laughs for a set": b"(cbuiltins\nset\n((l)" + b"2\x86" * 60 + b"atRt.",
    "laughs in a frozenset": b"\x80\x04()" + b"2\x86" * 60 + b"\x91\x85.",
    "integers of one hash": b"(}("
    + b"".join(b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"N" for i in range(100_000))
    + b"ut.",
    "a number of ten million digits": b"(L" + b"9" * 10_000_000 + b"L\nt.",
    "a range": message(name("builtins.range"), b"(I1000000000\ntR"),
    "a frozenset of a range": message(name("builtins.frozenset"), b"(", name("builtins.range"), b"(I1000000000\ntRtR"),
    "a power by a name": message(name("operator.pow"), b"(I9\nL99999999999L\ntR"),
    "a repeated text by a name": message(name("operator.mul"), b"(", text("x"), b"L99999999999L\ntR"),
    "a Fraction of a huge exponent": message(name("fractions.Fraction"), b"(", text("1e999999999"), b"tR"),
    "a Fraction of a tiny exponent": message(name("fractions.Fraction"), b"(", text("1e-999999999"), b"tR"),
    "a Fraction of a huge text": message(name("fractions.Fraction"), b"(", text("9" * 1_000_000), b"tR"),
    "a memo index of 4 GB that is got": message(b"j\xff\xff\xff\xff"),
    "a text of 2**31 bytes": message(b"X\0\0\0\x80" + b"x" * 100),
    "bytes of 2**63 bytes": message(b"\x8e" + b"\0" * 7 + b"\x80" + b"x" * 100),
    "a bytearray of 2**40 bytes": b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"x.",
    "a number of 2**31 bytes": message(b"\x8b\xff\xff\xff\x7f" + b"x" * 100),
    "a frame of 2**63 bytes": frame(2**63, b"(NNNt."),
    "a frame of 2**31 bytes with names": frame(2**31, message(name("builtins.set"), b")R")),
    "an int in text of 5,000 digits": message(b"I" + b"9" * 5000 + b"\n"),
    "a float in text without end": message(b"F" + b"1" * 1_000_000 + b"\n"),
    "a memo index in text without end": message(b"g" + b"9" * 1_000_000 + b"\n"),
    "a name without end": b"(c" + b"x" * 10_000_000,
    "a deep Decimal": message(name("decimal.Decimal"), b"(" * 500_000 + b"t" * 500_000, b"R"),
    "deep lists for a set": message(name("builtins.set"), b"(" + b"]" * 300_000 + b"a" * 299_999 + b"tR"),
    "laughs as arguments": message(name("collections.OrderedDict"), b"(])" + b"2\x86" * 60 + b"atR"),
    "bytes by reference": _again("_codecs.encode", text(_MIB) + text("latin1"), 10_000),
    "bytearrays by reference": _again("builtins.bytearray", raw(bytes(_MIB)), 10_000),
    "sets by reference": _again(
        "builtins.set", b"](" + b"".join(b"J%b" % i.to_bytes(4, "little") for i in range(300_000)) + b"e", 300
    ),
    "deques by reference": _again("collections.deque", b"](" + b"N" * 300_000 + b"e", 5_000),
    "Decimals by reference": _again("decimal.Decimal", b"X" + _MIB.to_bytes(4, "little") + b"7" * _MIB, 20_000),
    "Fractions by reference": _again("fractions.Fraction", long4(b"\x6f" * 8190) + long4(b"\x6d" * 8191), 100_000),
    "UUIDs of one hash": message(
        b"}(",
        *(
            name("uuid.UUID") + b")\x81}U\x03int\x8a\x10" + (i * HASH_PRIME).to_bytes(16, "little") + b"sbN"
            for i in range(20_000)
        ),
        b"u",
    ),
    "Fractions of one hash": message(
        name("fractions.Fraction") + b"q\x000}(",
        *(b"h\x00(\x8a\x10" + (1 + i * HASH_PRIME * 2).to_bytes(16, "little") + b"K\x02tRN" for i in range(20_000)),
        b"u",
    ),
}
"""Refused, in little time and memory."""

HARMLESS: dict[str, bytes] = {
    "a deep key in a small message": b"(}" + b"N" + b"\x85" * 8_000 + b"Nst.",
    "nested lists": b"]" * 1_000_000 + b"a" * 999_999 + b".",
    "nested sets": b"\x80\x04" + b"(" * 300_000 + b"N" + b"\x91" * 300_000 + b"\x85.",
    "laughs that are no key": b"()" + b"2\x86" * 60 + b"t.",
    "nested tuples": b"(" * 400_000 + b"t" * 400_000 + b".",
    "nested dicts": message(b"}N" * 300_000 + b"}" + b"s" * 300_000),
    "lists that are shared": b"(]" + b"2\x86" * 60 + b"t.",
    "a list in itself": b"]q\x00h\x00a.",
    "a great many small values": b"(" + b"N" * 2_000_000 + b"t.",
    "a text of 10 MB": message(text(10_000_000)),
    "a number of 1 MB": message(long4(b"\x7f" * _MIB)),
    "a class that is named and not called": message(name("builtins.set"), name("fractions.Fraction")),
    "a Decimal of a huge exponent": message(name("decimal.Decimal"), b"(", text("1e999999999999"), b"tR"),
    "a text of half a surrogate": message(b"X\x03\0\0\0\xed\xa0\x80"),
    "a key that comes twice": message(b"}(K\x01K\x02K\x01K\x03u"),
    "numbers that are not": message(b"Fnan\nFinf\nF-inf\n"),
}
"""May be read: strange, but plain data, in little time and memory."""
