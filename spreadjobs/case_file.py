"""
Case files: a task that failed, with all that it takes to run it again alone. One JSON object, made to be read.

The preparation and the request are kept as the very bytes that were sent, so that nothing of them is decoded, neither
to write a case file nor to read one. ``case_fields.py`` checks what is read.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import attrs

from spreadjobs.case_fields import CaseError, Fields, check_passable
from spreadjobs.outcomes import Attempt, Cause
from spreadjobs.settings import MAX_TASK_ID, Settings

FORMAT: Final = 1
"""The version of the format, in the field ``spreadjobs_case``: other fields, or another meaning, are another one."""
LARGEST_CASE_BYTES: Final = 512 * 1024**2
"""A larger file is not read."""
_LINE: Final = 76
"""Characters of base64 on a line, as in mail."""

Kind: TypeAlias = Literal["raised", "wrong answer", "quarantined", "no worker left"]
_FAILURE: Final = ("kind", "text", "type_name", "message", "traceback_text", "out", "err", "attempts", "stderr")
_ATTEMPT: Final = ("worker", "cause", "detail", "status", "signal", "stderr")
_WORKER: Final = ("name", "arguments", "cwd", "env", "started_by")
_SETTINGS: Final = (
    *("codec", "dialect", "pickle_protocol", "py2_strings", "task_timeout_s", "start_timeout_s", "shutdown_timeout_s"),
    *("max_message_bytes", "allow"),
)
_CASE: Final = ("spreadjobs_case", "spreadjobs", "saved", "task_index", "failure", "worker", "settings", "payload")
_BYTES: Final = ("preparation", "task_id", "request")


@attrs.frozen(kw_only=True)
class Failure:
    """How the task ended in the run."""

    kind: Kind
    text: str
    """In words."""
    type_name: str = ""
    """What the task raised, as the worker named it, its message and traceback; "" where it raised nothing."""
    message: str = ""
    traceback_text: str = ""
    out: Sequence[str] = ()
    """Lines that the task printed, where it raised."""
    err: Sequence[str] = ()
    attempts: Sequence[Attempt] = ()
    """Tries that ended with the worker's end, oldest first."""
    stderr: Sequence[str] = ()
    """The last lines that the worker wrote on stderr."""


@attrs.frozen(kw_only=True)
class Started:
    """How the worker was started on which the task failed, the last one if there were several."""

    name: str
    """Such as ``3.1``."""
    arguments: Sequence[str]
    cwd: str
    env: Mapping[str, str] = attrs.field(repr=False)
    """The whole environment, the hints among it. Spec EXEC-5."""
    started_by: str = ""
    """The caller's connection factory, or "" where the worker was a process of the master's machine."""


@attrs.frozen(kw_only=True)
class Case:
    """What a case file says."""

    version: str
    """Of spreadjobs, when it was saved."""
    saved: str
    """When, ISO 8601."""
    task_index: int
    failure: Failure
    worker: Started
    settings: Settings
    """Those that matter to one task; ``allow`` is always empty."""
    allow: Sequence[str]
    """What the run admitted, as text; reading a case file admits nothing."""
    payload: str
    """The payload for people, shortened."""
    preparation: Sequence[bytes] = attrs.field(repr=False)
    """The preparation items as they were sent. Spec PREP-1."""
    task_id: int
    request: bytes = attrs.field(repr=False)
    """The request as it was sent."""


def write_case(case: Case) -> bytes:
    """
    The text of a case file.

    Raises:
        ValueError: it would be longer than what is read.
    """
    settings: dict[str, object] = {name: getattr(case.settings, name) for name in _SETTINGS[:-1]}
    record: dict[str, object] = {
        "spreadjobs_case": FORMAT,
        "spreadjobs": case.version,
        "saved": case.saved,
        "task_index": case.task_index,
        "failure": {
            **{name: _plain(getattr(case.failure, name)) for name in _FAILURE},
            "attempts": [{name: _plain(getattr(each, name)) for name in _ATTEMPT} for each in case.failure.attempts],
        },
        "worker": {**{name: _plain(getattr(case.worker, name)) for name in _WORKER}, "env": dict(case.worker.env)},
        "settings": {**settings, "allow": list(case.allow)},
        "payload": case.payload,
        "preparation": [_lines(item) for item in case.preparation],
        "task_id": case.task_id,
        "request": _lines(case.request),
    }
    data = json.dumps(record, indent=1).encode("ascii") + b"\n"
    if len(data) > LARGEST_CASE_BYTES:
        raise ValueError(f"a case file of {len(data)} bytes could not be read: {LARGEST_CASE_BYTES} is the most")
    return data


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple | list) else value


def _lines(data: bytes) -> list[str]:
    text = base64.b64encode(data).decode("ascii")
    return [text[start : start + _LINE] for start in range(0, len(text), _LINE)]


def read_case(path: str | os.PathLike[str]) -> Case:
    """
    Read a case file. Nothing in it is run or unpickled.

    Args:
        path: The file.

    Raises:
        CaseError: it is no case file, or a damaged one; the text says where.
        OSError: it cannot be read.
    """
    with Path(path).open("rb") as file:
        data = file.read(LARGEST_CASE_BYTES + 1)
    if len(data) > LARGEST_CASE_BYTES:
        raise CaseError(f"{path}: it has more than {LARGEST_CASE_BYTES} bytes, and no case file has")
    try:
        return parse_case(data)
    except CaseError as error:
        raise CaseError(f"{path}: {error}") from error


def parse_case(data: bytes) -> Case:
    """
    Read the text of a case file.

    Raises:
        CaseError: it is no case file, or a damaged one; the text says where.
    """
    try:
        value: object = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CaseError(f"no case file: one JSON object is due ({error})") from error
    if not isinstance(value, dict) or "spreadjobs_case" not in value:
        raise CaseError("no case file: a JSON object with the field 'spreadjobs_case' is due")
    version: object = value["spreadjobs_case"]
    if isinstance(version, int) and not isinstance(version, bool) and version > FORMAT:
        raise CaseError(f"a case file of format {version}, and this version of spreadjobs reads {FORMAT}: upgrade it")
    fields = Fields(value, "", (*_CASE, *_BYTES))
    if fields.whole("spreadjobs_case", 0) != FORMAT:
        raise CaseError(f"spreadjobs_case is {version!r:.80}: {FORMAT} is due")
    settings = fields.inner("settings", _SETTINGS)
    return Case(
        version=fields.text("spreadjobs"),
        saved=fields.text("saved"),
        task_index=fields.whole("task_index", 0),
        failure=_failure(fields.inner("failure", _FAILURE)),
        worker=_started(fields.inner("worker", _WORKER)),
        settings=_settings(settings),
        allow=settings.texts("allow"),
        payload=fields.text("payload"),
        preparation=fields.many_bytes("preparation"),
        task_id=fields.whole("task_id", 0, MAX_TASK_ID),
        request=fields.some_bytes("request"),
    )


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _failure(fields: Fields) -> Failure:
    return Failure(
        kind=fields.choice("kind", get_args(Kind)),
        text=fields.text("text"),
        type_name=fields.text("type_name"),
        message=fields.text("message"),
        traceback_text=fields.text("traceback_text"),
        out=fields.texts("out"),
        err=fields.texts("err"),
        attempts=tuple(_attempt(each) for each in fields.inners("attempts", _ATTEMPT)),
        stderr=fields.texts("stderr"),
    )


def _attempt(fields: Fields) -> Attempt:
    causes: tuple[Cause, ...] = get_args(Cause)
    return Attempt(
        worker=fields.text("worker"),
        cause=fields.choice("cause", causes),
        detail=fields.text("detail"),
        status=fields.optional_whole("status"),
        signal=fields.optional_text("signal"),
        stderr=fields.texts("stderr"),
    )


def _started(fields: Fields) -> Started:
    arguments, env, cwd = fields.texts("arguments"), fields.text_map("env"), fields.text("cwd")
    if not arguments or not arguments[0]:
        raise CaseError("worker.arguments is without a program: its name is due as the first one")
    for position, text in enumerate(arguments):
        check_passable(text, f"worker.arguments[{position}]")
    for name, text in env.items():
        check_passable(name, "a name in worker.env")
        check_passable(text, f"worker.env[{name!r:.80}]")
        if "=" in name:
            raise CaseError(f"worker.env has the name {name!r:.80}: no name of a variable has an '='")
    check_passable(cwd, "worker.cwd")
    return Started(
        name=fields.text("name"), arguments=arguments, cwd=cwd, env=env, started_by=fields.text("started_by")
    )


def _settings(fields: Fields) -> Settings:
    try:
        return Settings(
            codec=fields.choice("codec", ("pickle", "json")),
            dialect=fields.choice("dialect", ("tagged", "untagged")),
            pickle_protocol=fields.whole("pickle_protocol", 0),
            py2_strings=fields.choice("py2_strings", ("surrogateescape", "latin1", "bytes")),
            task_timeout_s=fields.optional_seconds("task_timeout_s"),
            start_timeout_s=fields.optional_seconds("start_timeout_s"),
            shutdown_timeout_s=fields.optional_seconds("shutdown_timeout_s"),
            max_message_bytes=fields.whole("max_message_bytes", 1),
        )
    except ValueError as error:
        raise CaseError(f"settings: {error}") from error
