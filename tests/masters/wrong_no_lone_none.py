"""Breaks OPS-9: takes a preparation that is one None for none at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wronging import run, swap

from spreadjobs import master
from spreadjobs.inputs import encode_preparation


def wrong(items: Sequence[object], encode: Callable[[object], bytes]) -> list[bytes]:
    return encode_preparation([] if list(items) == [None] else items, encode)


swap(master, encode_preparation=wrong)
run()
