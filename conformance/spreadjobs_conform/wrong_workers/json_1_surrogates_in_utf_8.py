"""Breaks JSON-1: writes a character beyond U+FFFF as two surrogates of three bytes each, which is no UTF-8."""

from __future__ import annotations

from right_worker import Worker, run


class SurrogatesInUtf8(Worker):
    def write(self, message: bytes) -> None:
        units = message.decode("utf-8").encode("utf-16-le")
        halves = (units[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(units), 2))
        super().write("".join(halves).encode("utf-8", "surrogatepass"))


run(SurrogatesInUtf8)
