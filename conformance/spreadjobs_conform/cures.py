"""What the author of a worker probably has to change, told from what the worker wrote and what it is doing."""

from __future__ import annotations

import json
from typing import Final

from spreadjobs_conform.observe import WAITS_FOR_CHILD

MOSTLY_TEXT: Final = 0.9
_TEXT_BYTES: Final = frozenset(b"\t\n\r") | frozenset(range(0x20, 0x7F))

PRINTS: Final = "the program, or one that it starts, probably prints to stdout; send prints to stderr"
ONE_LINE: Final = "a message is one line: write JSON without line breaks or indentation, and a newline behind it"
NO_NEWLINE: Final = "end each message with a newline (LF): what came is a whole JSON text without one"
FLUSH: Final = "flush standard output after each response, and read one message at a time, no further than its end"
CHILD: Final = (
    "a child process keeps the worker waiting; if it reads standard input it gets the worker's: start it with standard "
    "input from /dev/null"
)
UNCAUGHT: Final = (
    "see the last lines of its standard error, which exited in place of an answer; if an exception of a task ended it, "
    "catch that and answer RemoteException (ERR-4)"
)
LEFT_AT_ONCE: Final = (
    "see the last lines of its standard error; a worker reads its preparation up to a None (OPS-8) and then answers "
    "requests until its standard input ends"
)
THREE_ITEMS: Final = "write (first, out, err); out and err may be None"
ID_UNCHANGED: Final = "return the task id of the request with its response, unchanged"
ONE_EACH: Final = "write one response for each request"
CLEAN_END: Final = (
    "take the end of standard input at a message boundary for the end, not for an error, and exit with status 0"
)
NO_OTHER_OUTCOME: Final = (
    "an exception of a task, whatever it is, gives RemoteException with its type and message (ERR-4), and no answer"
)
PREPARED: Final = "answer the list of the preparation items, in their order and without the None that ends them (OPS-7)"
GREAT_FLOAT: Final = (
    "write a whole float beyond 2**53-1 with an exponent or a fraction, such as 1e17, or answer RemoteException"
)
REFUSE: Final = "answer TooBusy with the delay, as often as the payload says (OPS-3)"
COUNT_REFUSALS: Final = 'count the refusals of each key, and answer "done" after as many as the payload says (OPS-3)'


def looks_like_text(data: bytes) -> bool:
    """Whether a person would read these bytes as text."""
    printable = sum(byte in _TEXT_BYTES for byte in data)
    return bool(data) and printable >= MOSTLY_TEXT * len(data)


def likely_cure(data: bytes, codec: str) -> str:
    """What the author of a worker probably did that made it write these bytes where a message was due."""
    # The first line alone: a stray print may be followed by a good message in the same read.
    first_line, newline, _ = data.lstrip(b"\r\n").partition(b"\n")
    is_open = first_line[:1] in (b"[", b"{")
    if codec == "pickle" and is_open and (_is_json(first_line) or (not newline and _is_cut_json(first_line))):
        return "the worker seems to write JSON: start it with its option for pickle, or the kit with --codec json"
    if codec == "json" and data[:1] in (b"\x80", b"("):
        return "the worker seems to write pickles: start it with its option for JSON, or the kit with --codec pickle"
    if codec == "json" and is_open and _is_cut_json(first_line):
        return ONE_LINE
    if looks_like_text(first_line or data):
        return PRINTS
    return "write nothing to stdout but messages"


def unfinished_cure(data: bytes, codec: str) -> str:
    """The same for the beginning of a message whose end does not come."""
    if codec == "json" and _is_json(data):
        return NO_NEWLINE
    return f"write whole messages and flush them; or {likely_cure(data, codec)}"


def exit_cure(status: int, *, has_answered: bool) -> str:
    """The same for a worker that has exited in place of an answer, and may have answered before."""
    if status < 0:
        return "see the last lines of its standard error, and what sends the signal: memory may have run out"
    return UNCAUGHT if has_answered else LEFT_AT_ONCE


def value_cure(due: object, came: object) -> str:
    """The same for a value that came back changed; empty if the change says nothing."""
    if not isinstance(due, str) or not isinstance(came, str):
        return ""
    if "\ufffd" in came and "\ufffd" not in due:
        return "decode whole messages as UTF-8, not each piece that was read: a character may be cut"
    data = due.encode("utf-8", "surrogatepass")
    if any(came == data.decode(encoding, "replace") for encoding in ("latin-1", "cp1252")):
        return "read standard input as UTF-8, whatever the locale says: it was read as another encoding"
    return ""


def waiting_cure(doing: str) -> str:
    """The same for a worker that does not answer; empty if what it is doing says nothing."""
    if WAITS_FOR_CHILD in doing:
        return CHILD
    return FLUSH if "read" in doing else ""


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _is_cut_json(line: bytes) -> bool:
    """Whether it is the beginning of a JSON text, which goes on behind a line break."""
    text = line.decode("utf-8", "replace").rstrip()
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text)
    except (ValueError, RecursionError):
        return False
    return False
