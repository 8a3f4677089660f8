"""How the worker state machine quotes what came: in short, and without ever failing."""

from __future__ import annotations

import pytest
from unspeakable import Unnamed, Unspeakable
from worker_machines import machine, take

from spreadjobs.events import Refusal
from spreadjobs.messages import LegacyTooBusy
from spreadjobs.states import short


def nested(depth: int) -> object:
    """A list in a list in a list."""
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (None, ""),
        ("no licence", "no licence"),
        (5, "5"),
        (nested(10**5), "[[[[[[[...]]]]]]]"),
        (10**5000, "<int"),
    ],
    ids=["none", "text", "number", "deep", "long"],
)
def test_comment_of_an_instance_becomes_text_whatever_it_is(comment: object, text: str) -> None:
    """Nobody has checked a comment: its text is bounded, and making it cannot fail. [INST-1] [SEC-2]"""
    [response] = take(machine(7), (LegacyTooBusy(0, comment), None, None))

    assert isinstance(response, Refusal)
    assert response.comment.startswith(text)
    assert len(response.comment) <= 80


def test_quotes_are_short_and_never_fail() -> None:
    """Whatever came can be quoted, in 80 characters. [VIO-3]"""
    assert short("x") == "'x'"
    assert len(short("x" * 10**6)) <= 80
    assert len(short([["y" * 70] * 6] * 6)) == 80
    assert short([["y" * 70] * 6] * 6).endswith("...")
    assert "Unspeakable" in short(Unspeakable())
    assert short(nested(10**5)) == "[[[[[[[...]]]]]]]"


def test_quote_of_what_cannot_be_shown_says_so() -> None:
    """Where even the shortening fails, its failure is named instead of passed on. [VIO-3]"""
    assert short([Unnamed()]) == "<list whose repr raised RuntimeError>"
