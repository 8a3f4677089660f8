"""
Vector files of conversations that a worker failed in.

``NAME.CODING.in`` and ``NAME.CODING.expected`` are as in ``spec/1.0/vectors``; ``NAME.CODING.json`` has beside it how
the bytes are cut and what is waited for, so that exactly this conversation can be had again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.findings import Finding, HarnessFault, UsageFault
from spreadjobs_conform.fuzz_play import Close, LetRead, Move, Play, Stop, TakeResponses, Write, foreseen
from spreadjobs_conform.registry import CaseFacts
from spreadjobs_conform.vectors import Vector, coding_of, expected_lines

FORMAT: Final = 1
_WORDS: Final[Mapping[type[Move], str]] = {
    Write: "write",
    TakeResponses: "take",
    LetRead: "let read",
    Stop: "stop",
    Close: "close",
}


@attrs.frozen(kw_only=True)
class FoundVector:
    """A conversation as it lies in files."""

    name: str
    """Such as ``fuzz-1-41``."""
    play: Play
    codec: str
    tagged: bool
    pickle_protocol: int
    about: Mapping[str, object] = attrs.field(factory=dict)
    """For people: seed, requirement, what came, what was due."""


def write_vector(folder: Path, found: FoundVector, case: CaseFacts) -> Path:
    """
    Write the three files of a conversation.

    Args:
        folder: Made if it does not exist.
        found: The conversation.
        case: What it is called in reports.

    Returns:
        The one with which it can be played again.

    Raises:
        UsageFault: The folder cannot be written.
    """
    candidate = speaks(found, Candidate(command=()))
    play = found.play
    vector = Vector(
        case=case, candidate=candidate, data=play.data, reads=play.reads, fixed_bytes=len(play.data), notes=()
    )
    place = folder / f"{found.name}.{coding_of(candidate)}"
    about = {
        "format": FORMAT,
        "codec": found.codec,
        "dialect": "tagged" if found.tagged else "untagged",
        "pickle_protocol": found.pickle_protocol,
        **found.about,
        "moves": [_record(move) for move in play.moves],
    }
    expected = "".join(f"{line}\n" for line in expected_lines(vector))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Path(f"{place}.in").write_bytes(play.data)
        Path(f"{place}.expected").write_text(expected, encoding="utf-8")
        Path(f"{place}.json").write_text(f"{json.dumps(about, indent=1)}\n", encoding="utf-8")
    except OSError as error:
        raise UsageFault(f"--output {folder}: {error}") from error
    return Path(f"{place}.json")


def speaks(found: FoundVector, candidate: Candidate) -> Candidate:
    """The worker, spoken to as the vector has it."""
    return attrs.evolve(
        candidate,
        codec=found.codec,
        tagged=found.tagged,
        pickle_protocol=found.pickle_protocol,
        protocol_given=found.codec == "pickle",
    )


def read_vector(path: Path) -> FoundVector:
    """
    Read the files of a conversation.

    Args:
        path: The one that ends in ``.json``; the bytes lie beside it.

    Raises:
        UsageFault: They cannot be read, or are no such files.
    """
    try:
        about: object = json.loads(path.read_text(encoding="utf-8"))
        data = path.with_suffix(".in").read_bytes()
    except (OSError, ValueError) as error:
        raise UsageFault(f"--again {path}: {error}") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise UsageFault(f"--again {path}: it is no vector of fuzz; NAME.json is due, beside NAME.in")
    codec, dialect, protocol = about.get("codec"), about.get("dialect"), about.get("pickle_protocol")
    if codec not in ("pickle", "json") or dialect not in ("tagged", "untagged") or protocol not in range(6):
        raise UsageFault(f"--again {path}: codec, dialect or pickle_protocol is not what such a file has")
    moves = _moves(about.get("moves"), len(data), path)
    name = path.name.removesuffix(".json").rpartition(".")[0]
    found = FoundVector(
        name=name,
        play=Play(data=data, moves=moves, reads=()),
        codec=str(codec),
        tagged=dialect == "tagged",
        pickle_protocol=int(str(protocol)),
        about=about,
    )
    try:
        reads = foreseen(data, speaks(found, Candidate(command=())))
    except (Finding, HarnessFault) as fault:
        raise UsageFault(f"--again {path}: {path.with_suffix('.in')} is no conversation: {fault}") from fault
    return attrs.evolve(found, play=attrs.evolve(found.play, reads=reads))


def _record(move: Move) -> list[object]:
    word: list[object] = [_WORDS[type(move)]]
    match move:
        case Write(size_bytes):
            return [*word, size_bytes]
        case TakeResponses(count):
            return [*word, count]
        case _:
            return word


def _moves(records: object, size_bytes: int, path: Path) -> tuple[Move, ...]:
    if not isinstance(records, list):
        raise UsageFault(f"--again {path}: it has no list of moves")
    moves = tuple(_move(record, path) for record in records)
    written = sum(move.size_bytes for move in moves if isinstance(move, Write))
    if written != size_bytes:
        raise UsageFault(f"--again {path}: the moves write {written} bytes, and the file beside it has {size_bytes}")
    closes = [at for at, move in enumerate(moves) if isinstance(move, Close)]
    if closes and closes != [len(moves) - 1]:
        raise UsageFault(f"--again {path}: nothing may follow the end of standard input")
    return moves


def _move(record: object, path: Path) -> Move:
    match record:
        case ["write", int(size)] if size > 0:
            return Write(size)
        case ["take", int(count)] if count > 0:
            return TakeResponses(count)
        case ["let read"]:
            return LetRead()
        case ["stop"]:
            return Stop()
        case ["close"]:
            return Close()
        case _:
            raise UsageFault(f"--again {path}: {record!r:.80} is no move")


def moves_told(moves: Sequence[Move]) -> str:
    """The moves for people, in one line: ``write 4, take 1, close``."""
    return ", ".join(" ".join(map(str, _record(move))) for move in moves)
