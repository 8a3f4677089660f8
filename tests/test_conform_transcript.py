"""Tests of ``spreadjobs_conform.transcript``."""

from __future__ import annotations

from spreadjobs_conform.transcript import MAX_HEAD_EVENTS, MAX_TAIL_EVENTS, Event, Transcript


def test_long_transcripts_keep_both_ends() -> None:
    """Of a long conversation the first and the last events are kept, and how many are missing."""
    transcript = Transcript()
    for number in range(1000):
        transcript.add(Event(float(number), "kit", f"event {number}"))

    events = transcript.events()

    assert len(events) == MAX_HEAD_EVENTS + 1 + MAX_TAIL_EVENTS
    assert "940 events" in events[MAX_HEAD_EVENTS].what
    assert events[-1].what == "event 999"
    assert transcript.last_lines(1) == [" 999.000 s  kit     event 999"]


def test_short_transcripts_are_whole() -> None:
    """A short conversation has no gap, and bytes are shown with their number."""
    transcript = Transcript()
    transcript.add(Event(0.5, "worker", "answer", 3, b"\x80ab", 7))

    assert transcript.last_lines(5) == ["   0.500 s  worker  answer [3 bytes from byte 7]"]
    assert transcript.events()[0].record() == {
        "at_s": 0.5,
        "actor": "worker",
        "what": "answer",
        "size_bytes": 3,
        "offset": 7,
        "head": "\\x80ab",
    }
    assert Event(0.0, "kit", "closed").record() == {"at_s": 0.0, "actor": "kit", "what": "closed"}
