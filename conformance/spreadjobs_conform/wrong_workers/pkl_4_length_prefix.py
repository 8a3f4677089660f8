"""Breaks PKL-4: writes the length of a pickle in front of it."""

from __future__ import annotations

from right_worker import Worker, run


class LengthPrefix(Worker):
    def encode(self, response: object) -> bytes:
        message = super().encode(response)
        return len(message).to_bytes(4, "big") + message


run(LengthPrefix)
