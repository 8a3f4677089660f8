"""Tests of ``spreadjobs_conform.report_badge``: three words and a colour."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from kit_reports import Line, any_report, case, header, report, whole
from spreadjobs_conform.report_badge import AMBER, GREEN, GREY, RED, badge, outcome
from spreadjobs_conform.report_read import Report
from spreadjobs_conform.verdicts import Exit, Status


@pytest.mark.parametrize(
    ("lines", "words", "colour"),
    [
        (whole(case("run/a")), "conformant", GREEN),
        (whole(case("run/a", Status.FAIL)), "1 MUST fails", RED),
        (whole(case("run/a", Status.FAIL), case("run/b", Status.FAIL)), "2 MUST fail", RED),
        (whole(case("run/a", Status.FAIL, level="SHOULD")), "conformant", GREEN),
        (whole(case("run/a", Status.FAIL, level="SHOULD"), strict=True), "1 SHOULD fails", RED),
        (whole(case("run/a"), problems=["stale"]), "baseline is stale", RED),
        (whole(case("run/a", Status.KNOWN)), "conformant, 1 known failure", AMBER),
        (whole(case("run/a"), case("run/b", Status.FAIL, scored=False)), "conformant", GREEN),
        (whole(case("run/a", Status.FAIL), case("run/b", Status.FAIL, scored=False)), "1 MUST fails", RED),
        (whole(case("run/a", Status.NOT_TESTABLE)), "1 MUST not tested", AMBER),
        (whole(case("run/a", Status.HARNESS_ERROR)), "kit fault", GREY),
        (whole(case("run/a"), left_out=1), "conformant, 1 case left out", AMBER),
        (whole(case("run/a", Status.KNOWN), left_out=9), "conformant, 1 known failure, 9 cases left out", AMBER),
        ([header(2), case("run/a")], "incomplete", GREY),
    ],
)
def test_the_words_say_what_came_of_it(lines: list[Line], words: str, colour: str) -> None:
    """Every outcome has words of its own, and green is for conformance alone."""
    assert outcome([report(lines)]) == (words, colour)


@given(any_report())
@settings(deadline=None)
def test_green_means_conformant(read: Report) -> None:
    """No run that did not end with status 0 gets a green badge."""
    assert outcome([read])[1] != GREEN or read.exit is Exit.CONFORMANT


def test_it_is_an_image_with_a_name() -> None:
    """Well-formed, of one file, and readable to those who do not see it."""
    svg = ET.fromstring(badge([report(whole(case("run/a")))]))  # noqa: S314 - this test wrote it

    assert svg.get("aria-label") == "spread-jobs 1.0: conformant"
    assert [each.text for each in svg.iter("{http://www.w3.org/2000/svg}text")] == ["spread-jobs 1.0", "conformant"]


def contrast(colour: str) -> float:
    """Of white text on it, as WCAG counts."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


@pytest.mark.parametrize("colour", [GREEN, AMBER, RED, GREY])
def test_the_words_can_be_read_on_their_colour(colour: str) -> None:
    """White text on each has the contrast that small text wants."""
    assert contrast(colour) >= 4.5
