"""A master that does not end: what its workers were at, and what it probably waits for."""

from __future__ import annotations

from collections.abc import Sequence

from spreadjobs_conform.findings import Hang
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.cures import ASK, CLOSE_INPUT, END_WORKERS, NOTICE_ENDS, READ, START_WORKERS


def no_end(requirement: str, limit_s: float, actors: Sequence[Actor]) -> Hang:
    """
    What is told of a master that has not ended.

    Args:
        requirement: That of the case.
        limit_s: How long was waited.
        actors: The played workers, all that came.
    """
    by_name = sorted(actors, key=lambda actor: (actor.slot, actor.incarnation))
    held = ", ".join(f"{actor.name} {_doing(actor)}" for actor in by_name) or "none came"
    came = f"the master had not ended within {limit_s:.0f} s; its workers: {held}"
    return Hang(f"no end of the master: {_what(actors)}", requirement, came, "an account of the job", _cure(actors))


def _signs(actors: Sequence[Actor]) -> Sequence[tuple[bool, str, str]]:
    """The surest first: whether it is so, what that is called, and the cure."""
    living = [actor for actor in actors if actor.gone_s is None]
    return (
        (not actors, "it started no worker", START_WORKERS),
        (not living, "all its workers have ended", NOTICE_ENDS),
        (any(actor.unwritten for actor in living), "it does not read what a worker writes", READ),
        (any(actor.eof_s is not None for actor in living), "a worker stays after the end of its input", END_WORKERS),
        (not any(actor.messages for actor in actors), "it sent nothing", ASK),
        (True, "the input of a worker is still open", CLOSE_INPUT),
    )


def _what(actors: Sequence[Actor]) -> str:
    return next(what for sign, what, _ in _signs(actors) if sign)


def _cure(actors: Sequence[Actor]) -> str:
    return next(cure for sign, _, cure in _signs(actors) if sign)


def _doing(actor: Actor) -> str:
    if actor.gone_s is not None:
        return "has ended"
    count = len(actor.messages)
    sent = f"was sent {count} message" + ("" if count == 1 else "s")
    return f"{sent}, its input is closed" if actor.eof_s is not None else sent
