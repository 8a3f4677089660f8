"""Makes a conversation in which a worker fails smaller, as long as it fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

from spreadjobs_conform.fuzz_script import End, Form, Message, Script, Step, Take, is_legal
from spreadjobs_conform.fuzz_simpler import simpler, simpler_payload

FIRST_ID: Final = 20_000
"""Of task ids that do not matter, as in the vectors of the cases."""


class Shrinker:
    """
    Shrinks one conversation.

    Args:
        fails: Whether the worker fails in the same way in this conversation.
        tagged: False for the untagged dialect.
        now_s: A clock, seconds.
        end_s: When it is over; what was reached by then is taken.
        most: How many conversations are tried at most.
    """

    def __init__(
        self,
        fails: Callable[[Script], bool],
        *,
        tagged: bool,
        now_s: Callable[[], float],
        end_s: float,
        most: int | None = None,
    ) -> None:
        self._fails = fails
        self._tagged = tagged
        self._now_s = now_s
        self._end_s = end_s
        self._left = most
        self.tried = 0

    def shrink(self, script: Script) -> Script:
        """The smallest one that was found in the time."""
        while not self._over():
            before = script
            script = self._fewer_steps(script)
            script = self._plainer(script)
            script = self._simpler_values(script)
            if script == before:
                break
        return self._first_of(script, [_with_plain_ids(script)])

    def _over(self) -> bool:
        return self._now_s() >= self._end_s or (self._left is not None and self.tried >= self._left)

    def _still_fails(self, script: Script) -> bool:
        if self._over() or not is_legal(script, tagged=self._tagged):
            return False
        self.tried += 1
        return self._fails(script)

    def _first_of(self, script: Script, others: Sequence[Script]) -> Script:
        """The first of the others in which it still fails, or the script itself."""
        return next((other for other in others if other != script and self._still_fails(other)), script)

    def _fewer_steps(self, script: Script) -> Script:
        size = max(1, len(script.steps) // 2)
        while True:
            at = max(0, len(script.steps) - size)
            while True:
                kept = (*script.steps[:at], *script.steps[at + size :])
                script = self._first_of(script, [Script(_mended(kept, tagged=self._tagged))])
                if not at:
                    break
                at = max(0, min(at, len(script.steps)) - size)
            if size == 1 or self._over():
                return script
            size //= 2

    def _plainer(self, script: Script) -> Script:
        """Without cuts, waits between pieces and unusual forms: in all messages, or in one after the other."""
        for change in (_all_plain, *_CHANGES):
            script = self._first_of(script, [Script(tuple(map(change, script.steps)))])
        for change in _CHANGES:
            for at, step in enumerate(script.steps):
                script = self._first_of(script, [_with_step(script, at, change(step))])
        return self._fewer_cuts(script)

    def _fewer_cuts(self, script: Script) -> Script:
        for at in range(len(script.steps)):
            message = _message_of(script.steps[at])
            for cut in message.cuts if message is not None else ():
                now = _message_of(script.steps[at])
                if now is None or cut not in now.cuts:
                    break
                others = tuple(other for other in now.cuts if other != cut)
                fewer = [_with_message(script, at, attrs.evolve(now, cuts=cuts)) for cuts in ((cut,), others)]
                script = self._first_of(script, fewer)
        return script

    def _simpler_values(self, script: Script) -> Script:
        for at in range(len(script.steps)):
            while not self._over():
                found = next((other for other in _simpler_at(script, at) if self._still_fails(other)), None)
                if found is None:
                    break
                script = found
        return script


def _simpler_at(script: Script, at: int) -> Iterator[Script]:
    message = _message_of(script.steps[at])
    if message is None:
        return
    for value in simpler(message.value) if message.is_item else simpler_payload(message.value):
        # An item that is None would end the preparation.
        if value is not None or not message.is_item:
            yield _with_message(script, at, attrs.evolve(message, value=value))


def _mended(steps: Sequence[Step], *, tagged: bool) -> tuple[Step, ...]:
    """Steps of which some are gone: no more responses are waited for than are due, in the untagged dialect each one."""
    mended: list[Step] = []
    unanswered = 0
    for step in steps:
        is_request = isinstance(step, Message) and not step.is_item
        if is_request and unanswered and not tagged:
            mended.append(Take(unanswered))
            unanswered = 0
        if isinstance(step, Take):
            count = min(step.count, unanswered)
            unanswered -= count
            mended += [Take(count)] * (count > 0)
            continue
        unanswered += is_request
        mended.append(step)
    return tuple(mended)


def _message_of(step: Step) -> Message | None:
    if isinstance(step, Message):
        return step
    return step.inside if isinstance(step, End) else None


def _with_step(script: Script, at: int, step: Step) -> Script:
    return Script((*script.steps[:at], step, *script.steps[at + 1 :]))


def _with_message(script: Script, at: int, message: Message) -> Script:
    step = script.steps[at]
    return _with_step(script, at, attrs.evolve(step, inside=message) if isinstance(step, End) else message)


def _with_plain_ids(script: Script) -> Script:
    steps: list[Step] = []
    next_id = FIRST_ID
    for step in script.steps:
        message = _message_of(step)
        if message is None or message.task_id is None:
            steps.append(step)
            continue
        numbered = attrs.evolve(message, task_id=next_id)
        next_id += 1
        steps.append(attrs.evolve(step, inside=numbered) if isinstance(step, End) else numbered)
    return Script(tuple(steps))


def _changed(step: Step, change: Callable[[Message], Message]) -> Step:
    message = _message_of(step)
    if message is None:
        return step
    return attrs.evolve(step, inside=change(message)) if isinstance(step, End) else change(message)


def _all_plain(step: Step) -> Step:
    for change in _CHANGES:
        step = change(step)
    return step


def _uncut(step: Step) -> Step:
    return _changed(step, lambda message: attrs.evolve(message, cuts=()))


def _unsettled(step: Step) -> Step:
    return _changed(step, lambda message: attrs.evolve(message, settled=False))


def _apart(step: Step) -> Step:
    return _changed(step, lambda message: attrs.evolve(message, joined=False))


def _in_plain_form(step: Step) -> Step:
    return _changed(step, lambda message: attrs.evolve(message, form=Form.PLAIN, seed=0))


def _at_leisure(step: Step) -> Step:
    return attrs.evolve(step, at_once=False) if isinstance(step, End) else step


_CHANGES: Final[tuple[Callable[[Step], Step], ...]] = (_uncut, _unsettled, _apart, _in_plain_form, _at_leisure)
