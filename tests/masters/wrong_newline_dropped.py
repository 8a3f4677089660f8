"""Breaks SHUT-9: drops each newline behind the last message."""

from __future__ import annotations

from wronging import run, swap

from spreadjobs.pickle_codec import PickleDecoder

right = PickleDecoder.rest


def wrong(self: PickleDecoder) -> bytes:
    return right(self).removeprefix(b"\n")


swap(PickleDecoder, rest=wrong)
run()
