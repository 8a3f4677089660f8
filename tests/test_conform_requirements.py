"""Tests of ``spreadjobs_conform.requirements``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from spreadjobs_conform.findings import HarnessFault
from spreadjobs_conform.requirements import load_requirements, parse_requirements

SPEC = Path(__file__).parents[1] / "spec" / "1.0" / "requirements.toml"


def test_copy_in_the_package_equals_the_specification() -> None:
    """The kit carries the requirements of the specification byte for byte."""
    carried = resources.files("spreadjobs_conform").joinpath("requirements.toml").read_bytes()

    assert carried == SPEC.read_bytes()


def test_requirements_have_their_fields() -> None:
    """A requirement is found by its id, with level, party and what it applies to. [RUN-5]"""
    requirements = load_requirements()

    assert (requirements["RUN-5"].level, requirements["RUN-5"].party) == ("MUST", "worker")
    assert requirements["PKL-3"].level == "SHOULD"
    assert requirements["JSON-1"].applies == "json"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("version = '1.0'", "no table"),
        ("[requirement]\nX-1 = 3", "X-1"),
        ("[requirement]\nX-1 = {level = 3}", "X-1.level"),
        ("[requirement]\nX-1 = {level = 'MUST', party = 'worker'}", "text"),
        ("[requirement]\nX-1 = {level = 'WILL', party = 'worker', text = 't'}", "known level"),
    ],
)
def test_damaged_requirements_are_a_fault_of_the_kit(text: str, named: str) -> None:
    """A copy that is damaged is said to be the kit's fault, with the place."""
    with pytest.raises(HarnessFault, match=named):
        parse_requirements(text)
