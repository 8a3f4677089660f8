"""Why no worker is left, in words."""

from __future__ import annotations

from collections.abc import Sequence

from spreadjobs.abridge import command_text
from spreadjobs.errors import CannotCreateConnection, NoResponse
from spreadjobs.failures import LINES_OF_STDERR
from spreadjobs.outcomes import WorkerReport
from spreadjobs.settings import Codec
from spreadjobs.slots import SlotState
from spreadjobs.stall import MOST_NAMED, silence_hint


def fates(places: Sequence[SlotState]) -> str:
    """Why the last workers of the first slots ended, on one line."""
    places = sorted(places, key=lambda place: place.slot.index)
    more = f"; and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    return "; ".join(f"{place.slot.index + 1}: {place.why}" for place in places[:MOST_NAMED]) + more


def no_response(
    places: Sequence[SlotState], codec: Codec, reports: Sequence[WorkerReport], *, taken: int, missing: Sequence[int]
) -> NoResponse:
    """
    The error for a run that has no worker left. Spec JOB-4.

    Args:
        places: All slots.
        codec: What the workers were to speak.
        reports: How each worker ended.
        taken: How many elements of todo were taken.
        missing: Those without an answer.
    """
    places = sorted(places, key=lambda place: place.slot.index)
    reasons = {f"{place.slot.index + 1}": place.why for place in places}
    lines: list[str] = []
    for place in places:
        who = f"{place.slot.index + 1} {place.slot.name}" if place.slot.name else f"{place.slot.index + 1}"
        lines.append(f"  {who} ({command_text(place.slot.arguments)}): {place.why}")
        silent = place.ever_started and not place.ever_answered and not place.why.startswith("killed by ")
        if silent and place.cause not in ("violation", "refused answer"):
            lines.append(f"    {silence_hint(codec)}")
        lines += [f"    stderr: {line}" for line in place.last_words[-LINES_OF_STDERR:]]
    never = not any(place.ever_started for place in places)
    what = "no worker could be started" if never else "no worker is left"
    if missing:
        what += f"; of {taken} tasks begun, {len(missing)} have no answer, the first is task {missing[0]}"
    error = (CannotCreateConnection if never else NoResponse)("\n".join([what + ":", *lines]))
    error.reasons, error.workers = reasons, reports
    return error
