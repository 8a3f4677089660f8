"""The program under test: how it is started, what it speaks, and what it can be asked to do."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import attrs

from spreadjobs_conform.values import show


class Ops(enum.Enum):
    """Whether the worker serves the conformance payloads."""

    SERVED = "served"
    """It answered the first one rightly."""
    UNKNOWN = "unknown"
    """It answered wrongly or not at all: the cases will tell, and a wrong value is a failure."""
    ABSENT = "absent"
    """It has a task function of its own."""


@attrs.frozen
class Sample:
    """A payload, and what is known about its answer."""

    payload: object = attrs.field(repr=show)
    due: object = attrs.field(default=None, repr=show)
    known: bool = False
    """Whether ``due`` is the answer that is due; otherwise every outcome of the right form will do."""


@attrs.frozen
class FailingSample:
    """A payload whose task raises."""

    payload: object = attrs.field(repr=show)
    type_name: str | None = None
    message: str | None = None


@attrs.frozen(kw_only=True)
class Candidate:
    """The program under test."""

    command: Sequence[str]
    worker_class: str = "worker"
    codec: str = "pickle"
    tagged: bool = True
    pickle_protocol: int = 4
    protocol_given: bool = False
    """Whether the user declared the protocol: those above it do not apply then."""
    preparation: tuple[object, ...] = ()
    """Items before the None that ends the kit's preparation."""
    preparation_counted: bool = False
    """Whether the worker knows the number of its items: then no None ends them, and the kit adds none of its own."""
    samples: tuple[Sample, ...] = ()
    failing: FailingSample | None = None
    serves_ops: bool = False
    """Whether it is said to serve the conformance payloads beside its samples."""
    lacks: frozenset[str] = frozenset()
    ops: Ops = Ops.UNKNOWN
    any_payload_fails: bool = False
    """Whether it answered the first conformance payload with a failure: then the others will fail too."""
    ops_note: str = ""
    """Why ``ops`` is what it is, for reports."""
    mark: str = "SPREAD_JOBS_CONFORM_RUN=0"
    """A variable of every worker's environment, by which stray processes are found at the end."""
