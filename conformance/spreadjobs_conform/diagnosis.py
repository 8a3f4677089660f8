"""What sort of hang it was, and what bytes mean that are no message: for people who look for their mistake."""

from __future__ import annotations

import enum
import pickletools
from collections.abc import Iterator
from itertools import islice
from typing import Final

import attrs

from spreadjobs_conform.patience import Wait

CUT_SHORT: Final = "the wait was cut short"
"""Behind the sort of a hang that was given less time than others: what a worker does so early says little of it."""
ROW_BYTES: Final = 16
MOST_ROWS: Final = 6
MOST_OPCODES: Final = 16
_FIRST_BYTES: Final = frozenset(b"\x80(]")
"""A message begins with one of these. Spec PKL-4."""


class HangClass(enum.Enum):
    """Sorts of hangs, each with what it means."""

    START_SILENCE = "start silence: nothing at all came since the start"
    STDIN_EATEN = "stdin eaten: it waits for input, and all that was sent has been taken out of the pipe"
    CHILD_READS = "stdin shared with a child: a process that the worker started reads its standard input"
    HELD_BACK = "answer held back until the end of input: it came when standard input was closed"
    WANTS_MORE = "answer held back until more input: it came when one byte more did"
    CHILD = "child waited for: it waits for a process that it started, which may have eaten its standard input"
    NOT_READ = "request not read: what was sent still lies in the pipe"
    PARTIAL = "partial message: what came so far is not the whole of one"
    NO_RESPONSE = "no response: it has read the request and answers nothing"
    EOF_IGNORED = "EOF ignored: its standard input has ended, and it goes on"
    PIPE_HELD = "exited but pipe held: another process keeps its standard output open"
    EXIT_REFUSED = "exit refused: a task was to end it, and it goes on; its standard input is still open"
    STOPPED = "stopped: a signal has stopped it"


@attrs.frozen(kw_only=True)
class Facts:
    """What is known of a worker that did not do what was due."""

    wait: Wait
    """What was waited for."""
    has_answered: bool
    pending_bytes: int
    """Of an unfinished message."""
    unread_bytes: int
    """That the worker has not taken out of the pipe."""
    stopped: bool
    """By a signal."""
    reads_stdin: bool
    """It sleeps in a read of its standard input."""
    input_open: bool = True
    """Whether the kit has left its standard input open."""
    child_reads: bool = False
    """A process that it started reads its standard input."""
    waits_for_child: bool = False
    """It sleeps until a process that it started exits."""


def hang_class(facts: Facts) -> HangClass:
    """Tell which sort of hang it was."""
    signs = (  # the surest first
        (facts.wait is Wait.RELEASE, HangClass.PIPE_HELD),
        (facts.stopped, HangClass.STOPPED),
        (facts.wait is Wait.EXIT, HangClass.EXIT_REFUSED if facts.input_open else HangClass.EOF_IGNORED),
        (facts.pending_bytes > 0, HangClass.PARTIAL),
        (facts.child_reads, HangClass.CHILD_READS),
        (facts.unread_bytes > 0 or facts.wait is Wait.READING, HangClass.NOT_READ),
        (facts.reads_stdin, HangClass.STDIN_EATEN),
        (facts.waits_for_child, HangClass.CHILD),
        (facts.has_answered, HangClass.NO_RESPONSE),
    )
    return next((found for sign, found in signs if sign), HangClass.START_SILENCE)


def hang_text(facts: Facts) -> str:
    """The sort of a hang, for people, with the number of bytes where it is about those."""
    found = hang_class(facts)
    count = {HangClass.PARTIAL: facts.pending_bytes, HangClass.NOT_READ: facts.unread_bytes}.get(found)
    return found.value if count is None else f"{found.value} ({count} bytes)"


def bytes_lines(data: bytes, offset: int) -> list[str]:
    """
    Bytes in rows, each with its place in the stream.

    Args:
        data: The bytes.
        offset: The place of the first one.
    """
    rows = [data[at : at + ROW_BYTES] for at in range(0, len(data), ROW_BYTES)]
    lines = []
    for number, row in enumerate(rows[:MOST_ROWS]):
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)  # noqa: PLR2004 - printable ASCII
        lines.append(f"{offset + number * ROW_BYTES:8}  {row.hex(' '):<{3 * ROW_BYTES - 1}}  {text}")
    return [*lines, f"{'':8}  ... and more"] if len(rows) > MOST_ROWS else lines


def opcode_lines(data: bytes, offset: int) -> list[str]:
    """
    The opcodes at the beginning of bytes, up to the first that makes no sense; none if they begin like no pickle.

    Args:
        data: The bytes.
        offset: The place of the first one in the stream.
    """
    if not data or data[0] not in _FIRST_BYTES:
        return []
    lines = [f"{offset + at:8}  {text}" for at, text in islice(_opcodes(data), MOST_OPCODES + 1)]
    return [*lines[:MOST_OPCODES], f"{'':8}  ... and more"] if len(lines) > MOST_OPCODES else lines


def _opcodes(data: bytes) -> Iterator[tuple[int, str]]:
    at = 0
    try:
        for opcode, argument, place in pickletools.genops(data):
            at = place or 0
            yield at, opcode.name if argument is None else f"{opcode.name} {argument!r:.60}"
    except (ValueError, UnicodeError, IndexError) as error:
        yield at, f"then: {error!s:.100}"
