"""Tests of ``spreadjobs_conform.state_table``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from spreadjobs_conform.findings import HarnessFault
from spreadjobs_conform.state_table import load_transitions, parse_transitions

SPEC = Path(__file__).parents[1] / "spec" / "1.0" / "states.toml"


def test_copy_in_the_package_equals_the_specification() -> None:
    """The kit carries the state table of the specification byte for byte."""
    carried = resources.files("spreadjobs_conform").joinpath("states.toml").read_bytes()

    assert carried == SPEC.read_bytes()


def test_a_row_has_what_happens_and_what_follows() -> None:
    """The rows come in order, each with party, state, event, next state and requirements. [RUN-3]"""
    first, *_ = load_transitions()

    assert (first.party, first.name, first.next) == ("worker", "exec: executed", "preparation")
    assert first.requirements == ("EXEC-3", "EXEC-4", "WIRE-4")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("version = '1.0'", "transition"),
        ("transition = []", "transition"),
        ("transition = [3]", "no table"),
        ("[[transition]]\nparty = 'worker'", "state"),
        (
            "[[transition]]\nparty='worker'\nstate='exec'\nevent='e'\naction='a'\nnext='ended'\nrequirements='RUN-3'",
            "requirements",
        ),
    ],
)
def test_a_damaged_table_is_a_fault_of_the_kit(text: str, named: str) -> None:
    """A copy that is damaged is said to be the kit's fault, with what is missing."""
    with pytest.raises(HarnessFault, match=named):
        parse_transitions(text)
