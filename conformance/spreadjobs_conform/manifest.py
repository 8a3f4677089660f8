"""
The manifest: what the author of a worker declares about it, in TOML.

command, codec, dialect, pickle_protocol; preparation (items), preparation_ends; [[task]] with payload and perhaps
answer; [raises] with payload, type and message; conformance_payloads; lacks. A key with ``_literal`` behind it takes a
Python literal in a string instead, for what TOML cannot say: ``payload_literal = "(1, None, b'x')"``.

needs, debian, build and files are for people, and for those who copy or build the worker.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import Final

import attrs

from spreadjobs_conform.candidate import FailingSample, Sample
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.pickle_machine import HIGHEST_PROTOCOL

OPS: Final = ("echo", "raise", "busy", "print", "sleep", "exit", "prepared")
TYPES: Final = ("bigint", "nan", "surrogate", "bytes", "bytearray", "set", "complex")
NAME: Final = "spread-jobs-worker.toml"
"""Of a manifest that is found without being asked for, beside the worker."""
FOLDERS_UP: Final = 2
LACKS: Final = frozenset([*(f"op:{op}" for op in OPS), *(f"type:{name}" for name in TYPES)])
_FOR_PEOPLE: Final = ("needs", "debian", "build", "files")

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
    conformance_payloads: bool = False
    lacks: frozenset[str] = frozenset()


def beside(command: Sequence[str]) -> Path | None:
    """
    Find the manifest of a worker: it lies beside a file of the command or a few folders above it, as where builds go to
    a folder of their own, and its own command names that file.

    Args:
        command: As the user gave it.

    Returns:
        The manifest, or None: there is none, or it is of another worker.
    """
    for file in (Path(word) for word in command):
        if _is_file(file):
            for folder in file.absolute().parents[: FOLDERS_UP + 1]:
                own = folder == file.absolute().parent
                if _is_file(folder / NAME) and _names(folder / NAME, file, strict=own):
                    return _from_here(folder / NAME)
    return None


def _from_here(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _names(manifest: Path, file: Path, *, strict: bool) -> bool:
    """Whether the first file of its command, which is the worker, is this one. ``strict``: it is read, or a fault."""
    try:
        files = [word for word in map(Path, load_manifest(manifest).command) if _is_file(word)]
    except UsageFault:
        if strict:
            raise
        return False
    return bool(files) and files[0].samefile(file)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # A word of a command may be a whole program: no name of a file is as long.
        return False


def load_manifest(path: Path) -> Manifest:
    """
    Reads a manifest. Words of its command that name files beside it become their paths.

    Raises:
        UsageFault: It cannot be read, or a key is wrong; the text names the key.
    """
    try:
        data: _Table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageFault(f"manifest {path}: {error}") from error
    try:
        manifest = _manifest(data)
    except UsageFault as error:
        raise UsageFault(f"manifest {path}: {error}") from error
    return attrs.evolve(manifest, command=tuple(_placed(word, path.parent) for word in manifest.command))


def _placed(word: str, folder: Path) -> str:
    """A file of the folder as a path that is right from here; ``./`` keeps a program from being looked for in PATH."""
    if Path(word).is_absolute() or not _is_file(folder / word):
        return word
    placed = str(folder / word)
    return placed if "/" in placed or "/" not in word else f"./{placed}"


def _manifest(data: _Table) -> Manifest:
    keys = ("command", "codec", "dialect", "pickle_protocol", "preparation", "preparation_ends")
    _only(data, "", *keys, "task", "raises", "conformance_payloads", "lacks", *_FOR_PEOPLE)
    _check_for_people(data)
    return Manifest(
        command=_strings(data, "command"),
        codec=_one_of(data, "codec", ("pickle", "json")),
        dialect=_one_of(data, "dialect", ("tagged", "untagged")),
        pickle_protocol=_protocol(data),
        preparation=_items(data),
        preparation_ends=_one_of(data, "preparation_ends", ("none", "count")),
        samples=_samples(data),
        failing=_failing(data),
        conformance_payloads=_truth(data, "conformance_payloads"),
        lacks=_lacks(data),
    )


def _check_for_people(data: _Table) -> None:
    _text(data, "", "needs")
    for key in ("debian", "build", "files"):
        _strings(data, key)


def _truth(table: _Table, key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise UsageFault(f"{key!r} must be true or false")
    return value


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
