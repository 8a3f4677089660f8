"""
The required set: the cases that score for a version of the specification, frozen.

Cases are added to the kit after a version of the specification is out. They are run and shown, but a worker that was
right yesterday is not wrong today: what is not in the set changes no verdict and no exit status.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

from spreadjobs_conform.findings import HarnessFault

SPEC: Final = "1.0"


def load_required(spec: str = SPEC) -> frozenset[str]:
    """
    The ids of the cases that score.

    Args:
        spec: The version of the specification.

    Raises:
        HarnessFault: The package has no such set, or its file is damaged.
    """
    try:
        text = resources.files(__package__).joinpath("required", f"{spec}.txt").read_text("utf-8")
    except OSError as error:
        raise HarnessFault(f"required/{spec}.txt cannot be read: {error}") from error
    return parse_required(text)


def parse_required(text: str) -> frozenset[str]:
    """
    The ids in the text of a required set: a line each, sorted.

    Raises:
        HarnessFault: It is not sorted, names a case twice or has a line that is no id.
    """
    ids = text.splitlines()
    if not ids or ids != sorted(set(ids)) or not all("/" in case_id and case_id == case_id.strip() for case_id in ids):
        raise HarnessFault("a required set has the ids of cases, a line each, sorted, each one once")
    return frozenset(ids)
