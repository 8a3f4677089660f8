"""What a Master works with: how it starts a worker."""

from __future__ import annotations

import pytest

from spreadjobs.arglists import read_arglists
from spreadjobs.codec import make_encoder
from spreadjobs.connection import Arguments, Connection
from spreadjobs.console import Console
from spreadjobs.means import Means
from spreadjobs.settings import Settings


class Started(Exception):
    """What the factory was called with."""


def factory(arguments: Arguments) -> Connection:
    """Start nothing."""
    raise Started(arguments)


def test_a_worker_gets_the_hints_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protocol, codec and name, over what the slot and the master's own environment say. [EXEC-5]"""
    monkeypatch.setenv("FROM_THE_MASTER", "m")
    monkeypatch.setenv("SPREAD_JOBS_WORKER", "of an outer run")
    settings = Settings(codec="json")
    slots = read_arglists([["worker", "-v"]])
    means = Means(slots, settings, factory, make_encoder(settings), (), Console(verbose=False))

    with pytest.raises(Started) as started:
        means.start(slots[0], "3.1")

    [arguments] = started.value.args
    assert list(arguments) == ["worker", "-v"]
    assert {name: arguments.env[name] for name in arguments.env if name.startswith("SPREAD_JOBS")} == {
        "SPREAD_JOBS_PROTOCOL": "1.0",
        "SPREAD_JOBS_CODEC": "json",
        "SPREAD_JOBS_WORKER": "3.1",
    }
    assert arguments.env["FROM_THE_MASTER"] == "m"
