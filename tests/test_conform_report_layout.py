"""Lines for a screen: how wide, and how many."""

from __future__ import annotations

from spreadjobs_conform.diagnosis import bytes_lines
from spreadjobs_conform.report_layout import SHOWN_EVENTS, events_shown, evidence_shown, wrapped


def test_texts_are_folded_and_line_ends_kept() -> None:
    """What does not fit goes on below its label; an empty text leaves the label; too much ends in dots."""
    assert wrapped("one two three " * 8, 50, indent=6, first="  a:  ")[1].startswith("      ")
    assert all(len(line) <= 50 for line in wrapped("x" * 200, 50, indent=6, first="  a:  "))
    assert wrapped("", 50, indent=6, first="  a:  ") == ["  a:"]
    assert wrapped("word " * 50, 50, indent=4, most=2)[-1].endswith(" ...")


def test_a_long_conversation_is_its_start_and_its_end() -> None:
    """The first event and the last ones stand there, with how many are left out."""
    lines = [f"event {number}" for number in range(20)]
    shown = events_shown(lines)

    assert events_shown(lines[:SHOWN_EVENTS]) == lines[:SHOWN_EVENTS]
    assert len(shown) == SHOWN_EVENTS
    assert (shown[0], shown[-1]) == ("event 0", "event 19")
    assert "14 events are left out" in shown[1]


def test_evidence_is_three_rows_and_the_last_opcode() -> None:
    """Where a pickle breaks off is told however long it is."""
    opcodes = [f"{at:8}  NONE" for at in range(9)] + ["       9  then: unknown"]
    shown = evidence_shown([*bytes_lines(bytes(200), 0), *opcodes])

    assert [line.split()[0] for line in shown] == ["0", "16", "32", "...", "0", "1", "2", "3", "4", "...", "9"]
