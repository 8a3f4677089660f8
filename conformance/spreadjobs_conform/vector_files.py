"""``spec/1.0/vectors``: the inputs of the cases as plain files, with what is due, an index and digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.registry import Case
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.runner import not_run
from spreadjobs_conform.vectors import Vector, coding_of, expected_lines, vector_of

INDEX: Final = "INDEX.jsonl"
DIGESTS: Final = "DIGESTS"
MOST_FILE_BYTES: Final = 1 << 16
CANDIDATES: Final = (
    Candidate(command=(), codec="json"),
    Candidate(command=(), pickle_protocol=4),
    # What the ancestor's workers in Python 2 can read: nothing above protocol 2.
    Candidate(command=(), pickle_protocol=2, protocol_given=True, tagged=False),
)


def files_of(cases: Sequence[Case], requirements: Mapping[str, Requirement]) -> dict[str, bytes]:
    """
    All files of the folder, by name.

    Args:
        cases: All that the kit has.
        requirements: All there are, by id.

    Raises:
        HarnessFault: A case does not pass on a right worker.
    """
    files: dict[str, bytes] = {}
    # Cases for commands do not apply: their input has no bytes.
    index = [
        json.dumps(_add(case, candidate, requirements, files))
        for case in cases
        for candidate in CANDIDATES
        if not_run(case, candidate) is None
    ]
    files[INDEX] = _joined(index)
    digests = [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(files.items())]
    return {**files, DIGESTS: _joined(digests)}


def _add(
    case: Case, candidate: Candidate, requirements: Mapping[str, Requirement], files: dict[str, bytes]
) -> dict[str, object]:
    """Makes the files of a vector; its line in the index."""
    line: dict[str, object] = {
        "case": case.id,
        "coding": coding_of(candidate),
        "level": case.level(requirements),
        "requirements": case.requirements,
        "needs": sorted(case.needs),
        "shows": case.summary,
    }
    if case.heavy:
        return line | {"left_out": "it moves many bytes"}
    vector = vector_of(case, candidate)
    line["coding"] = vector.coding
    why = _left_out(vector)
    if why:
        return line | {"left_out": why}
    name = f"{case.id}.{vector.coding}"
    files[f"{name}.in"] = vector.data
    files[f"{name}.expected"] = _joined(expected_lines(vector))
    return line | {"file": f"{name}.in", "size_bytes": len(vector.data), "notes": vector.notes}


def _left_out(vector: Vector) -> str:
    if vector.fixed_bytes < len(vector.data):
        return "its input depends on the size of what the worker answers"
    if len(vector.data) > MOST_FILE_BYTES:
        return f"its input has {len(vector.data)} bytes"
    return ""


def _joined(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """
    Writes the files, and removes those of an earlier time that are no longer among them.

    Args:
        folder: Made if it does not exist.
        files: What ``files_of`` gave.

    Raises:
        UsageFault: The folder holds something else, or cannot be written.
    """
    try:
        for name in _of_an_earlier_time(folder) - files.keys():
            folder.joinpath(name).unlink(missing_ok=True)
        for name, data in files.items():
            path = folder.joinpath(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise UsageFault(f"--all {folder}: {error}") from error


def _of_an_earlier_time(folder: Path) -> set[str]:
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    digests = folder / DIGESTS
    if not digests.is_file():
        raise UsageFault(f"--all {folder}: it holds files that are no vectors; an empty folder is due, or a new one")
    names = {line.partition("  ")[2] for line in digests.read_text("utf-8").splitlines()}
    # A list may be anybody's: it must not lead out of the folder.
    return {name for name in names if name and folder.resolve() in folder.joinpath(name).resolve().parents}
