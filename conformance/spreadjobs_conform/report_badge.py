"""The badge: a small SVG image with the outcome in three words."""

from __future__ import annotations

from collections.abc import Sequence

from spreadjobs_conform.report_escape import xml
from spreadjobs_conform.report_read import Report, party, worst_exit
from spreadjobs_conform.verdicts import Exit, Status

GREEN = "#2a7a1f"
AMBER = "#8a5a00"
RED = "#b3261e"
GREY = "#5c5c5c"
"""White text on each has a contrast of at least 5 : 1."""
CHARACTER_PX = 6.6
PADDING_PX = 6


def outcome(reports: Sequence[Report]) -> tuple[str, str]:
    """
    The words of a badge, and its colour.

    Args:
        reports: One or more.
    """
    if any(report.incomplete for report in reports):
        return "incomplete", GREY
    match worst_exit(reports):
        case Exit.KIT_FAULT:
            return "kit fault", GREY
        case Exit.CONFORMANT:
            known = sum(
                report.count(status, scored=True) for report in reports for status in (Status.KNOWN, Status.FLAKY)
            )
            missing = sum(report.header.left_out for report in reports)
            parts = [f"{known} known {_plural(known, 'failure')}"] * bool(known)
            parts += [f"{missing} {_plural(missing, 'case')} left out"] * bool(missing)
            return (", ".join(["conformant", *parts]), AMBER if parts else GREEN)
        case Exit.NOT_TESTED:
            return f"{_count(reports, Status.NOT_TESTABLE, 'MUST')} MUST not tested", AMBER
        case _:
            for level in ("MUST", "SHOULD"):
                if failed := _count(reports, Status.FAIL, level):
                    return f"{failed} {level} {'fails' if failed == 1 else 'fail'}", RED
            return "baseline is stale", RED


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"


def _count(reports: Sequence[Report], status: Status, level: str) -> int:
    return sum(
        case.scored and case.status is status and case.level == level for report in reports for case in report.cases
    )


def badge(reports: Sequence[Report]) -> str:
    """
    The text of an SVG file.

    Args:
        reports: One or more.
    """
    # A project may have both badges.
    label = "spread-jobs master " if party(reports) == "master" else "spread-jobs "
    label += ", ".join(sorted({report.header.spec for report in reports}))
    words, colour = outcome(reports)
    left, right = (round(len(text) * CHARACTER_PX) + 2 * PADDING_PX for text in (label, words))
    title = xml(f"{label}: {words}")
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<clipPath id="round"><rect width="{left + right}" height="20" rx="3"/></clipPath>
<g clip-path="url(#round)">
<rect width="{left}" height="20" fill="#3b3b3b"/>
<rect x="{left}" width="{right}" height="20" fill="{colour}"/>
</g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{left / 2}" y="14" textLength="{left - 2 * PADDING_PX}">{xml(label)}</text>
<text x="{left + right / 2}" y="14" textLength="{right - 2 * PADDING_PX}">{xml(words)}</text>
</g>
</svg>
"""
