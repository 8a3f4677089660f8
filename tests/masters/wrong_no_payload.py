"""Breaks RUN-1: leaves a payload out that is None."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.pickle_codec import PickleEncoder

right = PickleEncoder.encode


def wrong(self: PickleEncoder, message: object, /) -> bytes:
    is_empty = isinstance(message, tuple) and len(message) == 2 and message[1] is None and isinstance(message[0], int)
    return right(self, message[:1] if is_empty and isinstance(message, tuple) else message)


swap(PickleEncoder, encode=wrong)
run()
