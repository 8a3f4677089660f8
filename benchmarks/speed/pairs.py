"""Jobs in which ours and the reference are done in turn within one child, since each go takes only milliseconds."""

from __future__ import annotations

import pickle
import statistics
import time
from collections.abc import Callable
from typing import Final

from speed import ours, raw
from speed.clock import check
from speed.values import Load
from spreadjobs import Settings
from spreadjobs.codec import make_decoder

READ_BYTES: Final = 256 * 1024
"""What the loop reads at once."""
GOES: Final = 15
LIST_BYTES: Final = 1_800_000
SAMPLE: Final = 100_000


def floats(count: int) -> list[object]:
    """So many different floats: nine bytes each in a pickle."""
    return [index / 7 for index in range(count)]


def short_strings(count: int) -> list[object]:
    """So many different strings of seven characters."""
    return [f"s{index:06}" for index in range(count)]


LISTS: Final[dict[str, Callable[[int], list[object]]]] = {"floats": floats, "short strings": short_strings}


def long_list(kind: str, protocol: int) -> list[object]:
    """As many items as make a pickle of 1.8 MB, within a few per cent."""
    make = LISTS[kind]
    return make(SAMPLE * LIST_BYTES // len(pickle.dumps(make(SAMPLE), protocol)))


def decode_list(load: Load) -> dict[str, float]:
    """Decode a response that holds a long list: the master's decoder, and ``pickle.loads``."""
    response = ((12345, long_list(load.way, load.protocol)), None, None)
    raw_bytes = pickle.dumps(response, load.protocol) + b"\n"
    reads = [raw_bytes[start : start + READ_BYTES] for start in range(0, len(raw_bytes), READ_BYTES)]

    def by_decoder() -> object:
        decoder = make_decoder(Settings())
        messages = [message for data in reads for message in decoder.feed(data)]
        (message,) = messages
        return message

    def by_loads() -> object:
        message: object = pickle.loads(raw_bytes)
        return message

    check([by_decoder(), by_loads()], [response, response])
    return {**_in_turn(by_decoder, by_loads, GOES), "bytes": len(raw_bytes)}


def fixed_cost(load: Load) -> dict[str, float]:
    """One task from nothing: ``main()``, and the bare way. Both in a process in which everything is imported."""
    for _ in range(2):
        ours.one_task(load)
        raw.one_task(load)
    return _in_turn(lambda: ours.one_task(load), lambda: raw.one_task(load), load.tasks)


def _in_turn(mine: Callable[[], object], bare: Callable[[], object], goes: int) -> dict[str, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(goes):
        for do, taken in zip((mine, bare), times, strict=True):
            begun_s = time.perf_counter()
            kept = do()
            taken.append(time.perf_counter() - begun_s)
            del kept
    return {"ours": statistics.median(times[0]), "bare": statistics.median(times[1])}
