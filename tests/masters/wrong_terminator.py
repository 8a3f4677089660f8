"""Breaks PREP-1: ends the preparation with a None where it does not end so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wronging import run, swap

from spreadjobs import master
from spreadjobs.inputs import encode_preparation


def wrong(items: Sequence[object], encode: Callable[[object], bytes]) -> list[bytes]:
    return encode_preparation([*items, None] if items and items[-1] is not None else items, encode)


swap(master, encode_preparation=wrong)
run()
