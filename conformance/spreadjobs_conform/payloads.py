"""The conformance payloads, a closed list in 1.0. Spec OPS-1 to OPS-7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final


def echo(value: object) -> dict[str, object]:
    """Answered with the value. Spec OPS-1."""
    return {"op": "echo", "value": value}


def raising(type_name: str, message: str) -> dict[str, object]:
    """Gives a failure with this type's name and this message. Spec OPS-2."""
    return {"op": "raise", "type": type_name, "message": message}


def busy(key: str, delay_s: float, times: int) -> dict[str, object]:
    """Refused that many times for the key, then answered ``done``. Spec OPS-3."""
    return {"op": "busy", "key": key, "delay_s": delay_s, "times": times}


def printing(out: Sequence[str], err: Sequence[str]) -> dict[str, object]:
    """Answered None with these lines. Spec OPS-4."""
    return {"op": "print", "out": list(out), "err": list(err)}


def sleeping(seconds: float) -> dict[str, object]:
    """Answered None after that time. Spec OPS-5."""
    return {"op": "sleep", "seconds": seconds}


def leaving(status: int) -> dict[str, object]:
    """Makes the worker exit without an answer. Spec OPS-6."""
    return {"op": "exit", "status": status}


def prepared() -> dict[str, object]:
    """Answered with the preparation items. Spec OPS-7."""
    return {"op": "prepared"}


LOOKALIKES: Final = (
    *("007", "1e5", "-3", "3.5", "0x10", "true", "null", "None", "NA", "NaN", "", " "),
    *("2020-01-02T03:04:05Z", "2020-01-02", "12:30", "a<b & c>d", "&amp;", "100%% %d %s %n"),
    *("$HOME `x` \\n \\u0041", "'\"", "[]", "{}", "~"),
)
"""Texts that something else could be made of: a number, a date, None, markup, a format, an escape."""
LOOKALIKE_KEYS: Final = (*LOOKALIKES, "someKey", "some-key", "SOME_KEY", "__proto__", "constructor", "json_class")
