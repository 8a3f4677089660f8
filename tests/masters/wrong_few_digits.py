"""Breaks RUN-1: sends fifteen digits of a number."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.pickle_codec import PickleEncoder

right = PickleEncoder.encode


def rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.15g}")
    return [rounded(item) for item in value] if isinstance(value, list) else value


def wrong(self: PickleEncoder, message: object, /) -> bytes:
    return right(self, (message[0], rounded(message[1])) if isinstance(message, tuple) and message else message)


swap(PickleEncoder, encode=wrong)
run()
