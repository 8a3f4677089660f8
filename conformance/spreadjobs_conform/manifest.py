"""
The manifest: what the author of a worker declares about it, in TOML.

command, codec, dialect, pickle_protocol; preparation (items), preparation_ends; [[task]] with payload and perhaps
answer; [raises] with payload, type and message; lacks. A key with ``_literal`` behind it takes a Python literal in a
string instead, for what TOML cannot say: ``payload_literal = "(1, None, b'x')"``.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Final

import attrs

from spreadjobs_conform.candidate import FailingSample, Sample
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.pickle_machine import HIGHEST_PROTOCOL

OPS: Final = ("echo", "raise", "busy", "print", "sleep", "exit", "prepared")
TYPES: Final = ("bigint", "nan", "surrogate", "bytes", "bytearray", "set", "complex")
LACKS: Final = frozenset([*(f"op:{op}" for op in OPS), *(f"type:{name}" for name in TYPES)])

_Table = Mapping[str, object]


@attrs.frozen(kw_only=True)
class Manifest:
    """What a worker's author declares. None: not declared."""

    command: tuple[str, ...] = ()
    codec: str | None = None
    dialect: str | None = None
    pickle_protocol: int | None = None
    preparation: tuple[object, ...] = ()
    preparation_ends: str | None = None
    samples: tuple[Sample, ...] = ()
    failing: FailingSample | None = None
    lacks: frozenset[str] = frozenset()


def load_manifest(path: Path) -> Manifest:
    """
    Reads a manifest.

    Raises:
        UsageFault: It cannot be read, or a key is wrong; the text names the key.
    """
    try:
        data: _Table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageFault(f"manifest {path}: {error}") from error
    try:
        return _manifest(data)
    except UsageFault as error:
        raise UsageFault(f"manifest {path}: {error}") from error


def _manifest(data: _Table) -> Manifest:
    keys = ("command", "codec", "dialect", "pickle_protocol", "preparation", "preparation_ends")
    _only(data, "", *keys, "task", "raises", "lacks")
    return Manifest(
        command=_strings(data, "command"),
        codec=_one_of(data, "codec", ("pickle", "json")),
        dialect=_one_of(data, "dialect", ("tagged", "untagged")),
        pickle_protocol=_protocol(data),
        preparation=_items(data),
        preparation_ends=_one_of(data, "preparation_ends", ("none", "count")),
        samples=_samples(data),
        failing=_failing(data),
        lacks=_lacks(data),
    )


def _only(table: _Table, where: str, *names: str) -> None:
    allowed = {*names, *(f"{name}_literal" for name in ("payload", "answer", "preparation") if name in names)}
    for key in table:
        if key not in allowed:
            raise UsageFault(f"unknown key {where}{key!r}; known are {', '.join(sorted(allowed))}")


def _strings(table: _Table, key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageFault(f"{key!r} must be an array of strings")
    if key in table and not value:
        raise UsageFault(f"{key!r} must not be empty")
    return tuple(str(item) for item in value)


def _text(table: _Table, where: str, key: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageFault(f"{where}{key!r} must be a string")
    return value


def _one_of(table: _Table, key: str, allowed: tuple[str, ...]) -> str | None:
    value = _text(table, "", key)
    if value is not None and value not in allowed:
        raise UsageFault(f"{key!r} is {value!r}; it may be {' or '.join(allowed)}")
    return value


def _protocol(table: _Table) -> int | None:
    value = table.get("pickle_protocol")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= HIGHEST_PROTOCOL:
        raise UsageFault(f"'pickle_protocol' is {value!r}; it may be an integer from 0 to {HIGHEST_PROTOCOL}")
    return value


def _has(table: _Table, key: str) -> bool:
    return key in table or f"{key}_literal" in table


def _value(table: _Table, where: str, key: str) -> object:
    literal = f"{key}_literal"
    if literal not in table:
        _check_plain(table.get(key), f"{where}{key!r}")
        return table.get(key)
    if key in table:
        raise UsageFault(f"{where}{key!r} and {where}{literal!r} exclude each other")
    text = _text(table, where, literal) or ""
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise UsageFault(f"{where}{literal!r} is no Python literal: {error}") from error
    return value


def _check_plain(value: object, name: str) -> None:
    # A master sends plain values alone (PKL-10); TOML has dates too.
    if isinstance(value, date | time):
        raise UsageFault(f"{name} holds {value}, a date or time, which no task can; write it as a string")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_plain(item, name)


def _items(data: _Table) -> tuple[object, ...]:
    value = _value(data, "", "preparation")
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise UsageFault("'preparation' must be an array of items; the kit adds what ends it")
    return tuple(value)


def _samples(data: _Table) -> tuple[Sample, ...]:
    tables = data.get("task", [])
    if not isinstance(tables, list):
        raise UsageFault("'task' must be an array of tables: [[task]]")
    return tuple(_sample(table, f"task[{index}].") for index, table in enumerate(tables))


def _sample(table: object, where: str) -> Sample:
    if not isinstance(table, dict):
        raise UsageFault(f"{where[:-1]!r} must be a table: [[task]]")
    _only(table, where, "payload", "answer")
    if not _has(table, "payload"):
        raise UsageFault(f"{where}'payload' is missing")
    return Sample(_value(table, where, "payload"), _value(table, where, "answer"), known=_has(table, "answer"))


def _failing(data: _Table) -> FailingSample | None:
    table = data.get("raises")
    if table is None:
        return None
    if not isinstance(table, dict):
        raise UsageFault("'raises' must be a table: [raises]")
    _only(table, "raises.", "payload", "type", "message")
    if not _has(table, "payload"):
        raise UsageFault("raises.'payload' is missing")
    payload = _value(table, "raises.", "payload")
    return FailingSample(payload, _text(table, "raises.", "type"), _text(table, "raises.", "message"))


def _lacks(data: _Table) -> frozenset[str]:
    found = frozenset(_strings(data, "lacks"))
    unknown = sorted(found - LACKS)
    if unknown:
        raise UsageFault(f"'lacks' has {unknown[0]!r}; known are {', '.join(sorted(LACKS))}")
    return found
