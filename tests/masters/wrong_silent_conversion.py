"""Breaks JSON-5: sends a list for a set, and text for bytes."""

from __future__ import annotations

import json

from wronging import run, swap

from spreadjobs.json_codec import JsonEncoder


def converted(value: object) -> object:
    if isinstance(value, set):
        return list(value)
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def wrong(_self: JsonEncoder, message: object, /) -> bytes:
    return json.dumps(message, default=converted).encode() + b"\n"


swap(JsonEncoder, encode=wrong)
run()
