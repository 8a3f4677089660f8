"""Real worker processes that serve ``served.do`` or a program of a test's own, and how their responses are read."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Final

from conversation import Codec, Conversation, serving

HERE: Final = Path(__file__).parent
"""The folder of ``served.py``, for workers to import it from."""

CODECS: Final[tuple[Codec, ...]] = ("pickle", "json")


def served(*options: str, codec: Codec = "pickle", protocol: int = 4) -> Conversation:
    """A worker that serves ``served.do``."""
    command = serving("served:do", "--codec", codec, *options)
    return Conversation(command, codec=codec, protocol=protocol, path=HERE)


def program(folder: Path, text: str) -> Conversation:
    """A worker with a main program of its own."""
    (folder / "program.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return Conversation([sys.executable, str(folder / "program.py")], path=HERE)


def failure_of(response: object) -> tuple[str, str, str]:
    """Type name, message and traceback of a failure; anything else is an error of the test."""
    assert isinstance(response, tuple | list)
    first, _, _ = response
    word, _task_id, type_name, message, traceback_text = first
    assert word == "RemoteException"
    return type_name, message, traceback_text


def as_json(value: object) -> object:
    """The value after a journey through JSON."""
    journeyed: object = json.loads(json.dumps(value))
    return journeyed
