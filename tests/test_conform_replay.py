"""Records of conversations, read again."""

from __future__ import annotations

import tracemalloc

from spreadjobs_conform import recording
from spreadjobs_conform.process import READ_BYTES
from spreadjobs_conform.replay import Tape


def test_a_flood_is_unpacked_as_it_is_asked_for() -> None:
    """What a worker that wrote without end fills a record with takes no more memory than the kit's own reading did."""
    facts = recording.Facts()
    piece = b"and another thing\n" * (READ_BYTES // 18)
    for _ in range(500):
        facts.add_bytes(piece)
    record = facts.record()
    assert record is not None
    tracemalloc.start()

    tape = Tape(record)
    same = all(tape.came(len(piece)) == piece for _ in range(500))
    tape.check_over()

    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert same
    assert peak_bytes < 10 * len(piece) < 500 * len(piece)
