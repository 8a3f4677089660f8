"""Lines of JSON that blow up a careless reader, or mean two things."""

from __future__ import annotations

LINES: dict[str, bytes] = {
    "nested arrays": b"[" * 5_000_000 + b"\n",
    "nested arrays that close": b"[" * 500_000 + b"]" * 500_000 + b"\n",
    "nested objects": b'{"a":' * 500_000 + b"1" + b"}" * 500_000 + b"\n",
    "an integer of ten million digits": b"[" + b"9" * 10_000_000 + b"]\n",
    "a negative integer of a million digits": b"[-" + b"9" * 1_000_000 + b"]\n",
    "an integer beyond 2**53": b"[9007199254740993]\n",
    "an exponent beyond doubles": b"[1e999999999]\n",
    "a huge exponent of many digits": b"[1e" + b"9" * 1_000_000 + b"]\n",
    "a key that comes twice": b'[{"a":1,"a":2}]\n',
    "a key that comes twice in two spellings": b'[{"a":1,"\\u0061":2}]\n',
    "a key that comes a million times": b"[{" + b'"a":1,' * 1_000_000 + b'"a":1}]\n',
    "NaN": b"[NaN]\n",
    "Infinity": b"[Infinity]\n",
    "minus Infinity": b"[-Infinity]\n",
    "half a surrogate": b'["\\ud800"]\n',
    "half a surrogate as a key": b'[{"\\udfff":1}]\n',
    "surrogates in the wrong order": b'["\\udc00\\ud800"]\n',
    "a surrogate in UTF-8": b'["\xed\xa0\x80"]\n',
    "a line without end": b'["' + b"x" * 30_000_000,
    "spaces without end": b" " * 10_000_000 + b"\n",
    "NUL": b'["\0"]\n',
    "a byte order mark": b"\xef\xbb\xbf[1]\n",
    "UTF-16": "[1]\n".encode("utf-16"),
    "a comment": b"[1] // one\n",
    "two values on a line": b"[1][2]\n",
    "a pickle": b"\x80\x04)\x85.\n",
    "a number with a plus": b"[+1]\n",
    "an octal number": b"[017]\n",
    "a tab in a text": b'["\t"]\n',
    "an escape that ends": b'["\\u00',
}
"""Refused, or not taken for a message, in little time and memory."""

HARMLESS_LINES: dict[str, bytes] = {
    "a number that is zero in the end": b"[1e-999999999]\n",
    "a fraction of a million digits": b"[0." + b"9" * 1_000_000 + b"]\n",
    "nine hundred levels": b"[" * 900 + b"]" * 900 + b"\n",
    "a hundred thousand empty objects": b"[" + b"{}," * 100_000 + b"{}]\n",
    "a hundred thousand keys": b"{" + b",".join(b'"k%d":0' % i for i in range(100_000)) + b"}\n",
    "escapes of all kinds": b'["\\ud83d\\ude00\\u0000\\"\\/"]\n',
}
"""May be read."""
