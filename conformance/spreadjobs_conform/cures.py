"""What the author of a worker probably has to change, told from what the worker wrote and what it is doing."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from spreadjobs_conform.observe import CHILD_READS, WAITS_FOR_CHILD

MOSTLY_TEXT: Final = 0.9
PAGE_BYTES: Final = 4096
"""A pipe is full at a multiple of it."""
MOST_HEAD_BYTES: Final = 200
_RESPONSE: Final = re.compile(rb'\s*\[\s*\[\s*(?:null|[0-9]+|"RemoteException"|"TooBusy")\s*,')
_TOO_DEEP: Final = re.compile(r"(?i)nest(ing|ed)|too deep|depth|recursion|stack level")
_JSON_ERROR: Final = re.compile(r"JSON")
_PICKLE_ERROR: Final = re.compile(r"(?i)pickl")
_NOT_READ: Final = re.compile(r"(?i)parse[r:]?.?error|error parsing|decodeerror|unpickl|unexpected (token|char|end of)")
_TEXT_BYTES: Final = frozenset(b"\t\n\r") | frozenset(range(0x20, 0x7F))

PRINTS: Final = "the program, or one that it starts, probably prints to stdout; send prints to stderr"
ONE_LINE: Final = "a message is one line: write JSON without line breaks or indentation, and a newline behind it"
NO_NEWLINE: Final = "end each message with a newline (LF): what came is a whole JSON text without one"
FLUSH: Final = "flush standard output after each response, and read one message at a time, no further than its end"
FLUSH_EACH: Final = "flush standard output after each response, not at the end alone (WIRE-3)"
KEEP_READ: Final = (
    "keep what was read behind the end of a message: it is the beginning of the next one; or does it take the request "
    "for a preparation item (OPS-8)?"
)
ONE_MESSAGE: Final = "read one message at a time, no further than its end"
DEV_NULL: Final = "start it with standard input from /dev/null"
EXIT_REFUSED: Final = (
    "it went on after the exit payload; does a handler catch the exit, or did a child process exit in its place?"
)
CHILD: Final = (
    "a child process keeps the worker waiting; if it reads standard input it gets the worker's: start it with standard "
    "input from /dev/null"
)
SEE_STDERR: Final = "see the last lines of its standard error"
UNCAUGHT: Final = "if an exception of a task ended it, catch that and answer RemoteException (ERR-4)"
LEFT_AT_ONCE: Final = (
    "a worker reads its preparation up to a None (OPS-8) and then answers requests until its standard input ends"
)
NOT_READ: Final = "reading the request failed; read each message as the codec has it, whatever it holds"
TOO_DEEP: Final = (
    "raise the nesting limit of the JSON library: a value nested 100 deep lies a few levels deeper in its message "
    "(DATA-2)"
)
AS_JSON: Final = "the worker seems to write JSON: start it with its option for pickle, or the kit with --codec json"
AS_PICKLE: Final = (
    "the worker seems to write pickles: start it with its option for JSON, or the kit with --codec pickle"
)
AS_UTF_8: Final = "encode what you write as UTF-8: these bytes are JSON in another encoding, such as Latin-1"
SHORT_WRITE: Final = (
    "a short write: write() wrote less than it was given, as much as the pipe took, and the rest was not written; "
    "write again until all is out"
)
STOP_HEARTBEAT: Final = (
    "stop the heartbeat when the task is answered: an Alive comes only while a task is worked on (RUN-11)"
)
TORN: Final = "a response is torn: where two threads or processes write, let each write whole messages under one lock"
ANSWER_FIRST: Final = (
    "answer every request that was read before the end of standard input, then exit (SHUT-2); if it leaves by itself "
    "after some tasks, the kit needs it to stay"
)
PREPARATION_TAKEN: Final = (
    "it took a preparation item (the None that ends it?) for a request: read up to that None first, see OPS-8, or say "
    'preparation_ends = "count" in a manifest'
)
SAMPLE: Final = "mend the worker's answer, or the manifest's"
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
    cut = is_open and _is_cut_json(first_line)
    signs = (  # the surest first
        (codec == "pickle" and is_open and (_is_json(first_line) or (not newline and cut)), AS_JSON),
        (codec == "json" and data[:1] in (b"\x80", b"("), AS_PICKLE),
        (is_heartbeat(data, codec), STOP_HEARTBEAT),
        (codec == "json" and is_open and _is_in_latin_1(first_line), AS_UTF_8),
        (codec == "json" and cut, ONE_LINE),
        (codec == "json" and _RESPONSE.match(first_line) is not None, TORN),
        (looks_like_text(first_line or data), PRINTS),
    )
    return next((cure for sign, cure in signs if sign), "write nothing to stdout but messages")


def unasked_cure(data: bytes, codec: str, *, has_answered: bool) -> str:
    """The same for bytes that came while no request was unanswered, of a worker that may have answered some before."""
    if is_heartbeat(data, codec):
        return STOP_HEARTBEAT
    head = data[:MOST_HEAD_BYTES]
    response = _RESPONSE.match(head) if codec == "json" else head[:1] == b"\x80" and b"RemoteException" in head
    if not response:
        return likely_cure(data, codec)
    return ONE_EACH if has_answered else PREPARATION_TAKEN


def is_heartbeat(data: bytes, codec: str) -> bool:
    """Whether these bytes begin with an Alive."""
    head = data[:MOST_HEAD_BYTES]
    if codec == "json":
        return re.match(rb'\s*\[\s*\[\s*"Alive"', head) is not None
    return head[:1] in (b"\x80", b"(", b"]") and b"Alive" in head[:40]


def unfinished_cure(data: bytes, codec: str, size_bytes: int) -> str:
    """The same for the beginning of a message of so many bytes, whose end does not come."""
    if size_bytes and size_bytes % PAGE_BYTES == 0:
        return SHORT_WRITE
    if codec == "json" and _is_json(data):
        return NO_NEWLINE
    return f"write whole messages and flush them; or {likely_cure(data, codec)}"


def exit_cure(status: int, codec: str, stderr: Sequence[str], *, has_answered: bool) -> str:
    """
    The same for a worker that has exited in place of an answer.

    Args:
        status: Of the exit, a signal as its negative number.
        codec: That was agreed.
        stderr: The last lines of its standard error.
        has_answered: Whether it had answered before.
    """
    text = "\n".join(stderr)
    see = f"{SEE_STDERR}; " if text.strip() else ""
    if status < 0:
        return f"{see}find out what sends the signal: memory may have run out"
    if codec == "pickle" and not has_answered and _JSON_ERROR.search(text):
        return AS_JSON
    if codec == "json" and not has_answered and _PICKLE_ERROR.search(text):
        return AS_PICKLE
    if _TOO_DEEP.search(text):
        return TOO_DEEP
    if _NOT_READ.search(text):
        return f"{see}{NOT_READ}"
    return f"{see}{UNCAUGHT if has_answered else LEFT_AT_ONCE}"


def failure_cure(type_name: str, message: str) -> str:
    """The same for a task that was to be answered, and failed so; empty if that says nothing."""
    return TOO_DEEP if _TOO_DEEP.search(f"{type_name}: {message[:MOST_HEAD_BYTES]}") else ""


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
    _, reads, which = doing.partition(f"{CHILD_READS} (")
    if reads:
        return f"a child ({which.rpartition(')')[0]}) reads the worker's standard input; {DEV_NULL}"
    if WAITS_FOR_CHILD in doing:
        return CHILD
    return FLUSH if "read" in doing else ""


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _is_in_latin_1(line: bytes) -> bool:
    """Whether it is no UTF-8, and would be JSON if each byte were a character."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return _is_json(line.decode("latin-1").encode("utf-8"))
    return False


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
