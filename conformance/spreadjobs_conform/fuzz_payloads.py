"""Conformance payloads, drawn: every op, alone and in combination, and payloads that are none. Spec section 14."""

from __future__ import annotations

from random import Random
from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.fuzz_draw import drawn, odds
from spreadjobs_conform.fuzz_values import ValueMaker

OTHER: Final = "other"
"""A payload that is none of section 14: any response is right, and the worker goes on."""
DRAWN: Final = ("echo", "raise", "busy", "print", "sleep", "prepared", OTHER)
"""All but ``exit``, with which a conversation ends."""
MOST_SLEEP_S: Final = 0.2
"""All sleeps of a conversation together."""
TYPE_NAMES: Final = ("ValueError", "SystemExit", "KeyboardInterrupt", "StopIteration", "int", "Error", "a.b.Error")
STATUSES: Final = (0, 1, 2, 3, 7, 64, 77, 126, 127, 128, 129, 130, 137, 143, 200, 254, 255)
_TIMES: Final = {
    0: 3,
    1: 6,
    2: 4,
    3: 2,
    5: 1,
    127: 0.3,
    128: 0.3,
    255: 0.3,
    256: 0.3,
    257: 0.2,
    65_536: 0.3,
    2**31: 0.3,
}
_DELAYS: Final = {0: 2, 0.5: 2, 1: 2, 1e-9: 1, 86_400.125: 1, 2**31: 1, 1e12: 1, 0.1: 1, 255: 1, 65_536: 1}


class PayloadMaker:
    """
    Draws the payloads of one conversation.

    Args:
        rng: Where chance comes from.
        values: Makes the values of ``echo``.
        served: The ops that the worker serves.
    """

    def __init__(self, rng: Random, values: ValueMaker, served: frozenset[str]) -> None:
        self._rng = rng
        self._values = values
        # Few sorts at a time, and often: what one leaves behind shows in the next.
        sorts = [op for op in DRAWN if op in served or op == OTHER]
        self._weights = {op: rng.choice((0.0, 1.0, 1.0, 4.0)) * (4 if op == "echo" else 1) for op in sorts}
        if not any(self._weights.values()):
            self._weights = dict.fromkeys(sorts, 1.0)
        self._keys = {values.text(most=40): drawn(rng, _TIMES) for _ in range(rng.randint(1, 3))}
        """How often each key is refused: the same for all requests with it, so that nobody can doubt what is due."""
        self._sleep_s = MOST_SLEEP_S

    def payload(self) -> object:
        """One payload, its keys in any order."""
        made = self._made(drawn(self._rng, self._weights))
        if not isinstance(made, dict) or odds(self._rng, 60):
            return made
        items = list(made.items())
        self._rng.shuffle(items)
        return dict(items)

    def _made(self, op: str) -> object:
        rng = self._rng
        match op:
            case "raise":
                name = rng.choice(TYPE_NAMES) if odds(rng, 80) else self._values.text(most=300)
                return payloads.raising(name, self._values.text())
            case "busy":
                key = rng.choice(list(self._keys))
                return payloads.busy(key, drawn(rng, _DELAYS), self._keys[key])
            case "print":
                return payloads.printing(self._lines(), self._lines())
            case "sleep":
                return payloads.sleeping(self._seconds())
            case "other":
                return self._other()
            case _:
                return payloads.prepared() if op == "prepared" else payloads.echo(self._values.value())

    def _lines(self) -> list[str]:
        """Lines, each with its end; the last one may have none. Spec OUT-2."""
        rng = self._rng
        count = rng.choice((0, 0, 1, 1, 2, 3, 10, 256))
        most = None if count <= 3 else 20  # noqa: PLR2004 - many lines are short
        lines = [self._values.text(most=most).replace("\n", "") + "\n" for _ in range(count)]
        if lines and odds(rng, 20) and lines[-1] != "\n":
            lines[-1] = lines[-1][:-1]
        return lines

    def _seconds(self) -> float:
        seconds = min(self._rng.choice((0, 0.0, 0.001, 0.02, 0.1)), self._sleep_s)
        self._sleep_s -= seconds
        return seconds

    def _other(self) -> object:
        rng = self._rng
        strange: tuple[object, ...] = (
            *(None, 5, -0.5, "x", [], {}, [1, 2], True, [["op", "echo"]]),
            *(
                {"op": "no such op"},
                {"op": None},
                {"op": ["echo"]},
                {"OP": "echo", "value": 1},
                {"op": "Echo"},
                {"op": ""},
            ),
        )
        return rng.choice(strange)
