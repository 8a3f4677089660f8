"""What the tests of ``fuzz`` have in common: ways to speak, and conversations with a right worker in memory."""

from __future__ import annotations

from random import Random
from typing import Final

import attrs
from spreadjobs_conform.candidate import Candidate, Ops
from spreadjobs_conform.fuzz_play import Play, play_of
from spreadjobs_conform.fuzz_script import Message, Script
from spreadjobs_conform.fuzz_trial import Had, had
from spreadjobs_conform.fuzz_walk import Walk
from spreadjobs_conform.manifest import OPS
from spreadjobs_conform.payloads import echo
from spreadjobs_conform.rehearsal import RehearsalStage
from spreadjobs_conform.responder_wire import Manner
from spreadjobs_conform.state_table import Transition, load_transitions

TABLE: Final = load_transitions()
SERVED: Final = frozenset(OPS)
PICKLE: Final = Candidate(command=(), ops=Ops.SERVED)
JSON: Final = attrs.evolve(PICKLE, codec="json")
UNTAGGED: Final = attrs.evolve(PICKLE, pickle_protocol=2, tagged=False)
WAYS: Final = {
    "json": JSON,
    **{f"pickle{number}": attrs.evolve(PICKLE, pickle_protocol=number) for number in range(6)},
    "untagged": UNTAGGED,
}


def script(number: int, candidate: Candidate = PICKLE, table: tuple[Transition, ...] = TABLE, seed: int = 5) -> Script:
    """A conversation that was thought up."""
    rng = Random(f"{seed}/{number}")  # noqa: S311 - it is for tests
    return Walk(table, candidate, rng, SERVED).script()


def in_memory(play: Play, candidate: Candidate, manner: Manner = Manner.BRIEF) -> Had:
    """The conversation, had with a right worker in memory."""
    return had("fuzz/0-0", "a conversation", play, candidate, RehearsalStage(candidate, manner))


def request(value: object, task_id: int = 20_000) -> Message:
    """An echo."""
    return Message(value=echo(value), task_id=task_id)


END_OF_PREPARATION: Final = Message(value=None, is_item=True)


def simple_play(*values: object, candidate: Candidate = PICKLE) -> Play:
    """Echoes of these values, without cuts."""
    requests = [request(value, 20_000 + number) for number, value in enumerate(values)]
    return play_of(Script((END_OF_PREPARATION, *requests)), candidate)
