"""
Decodes each message of a family in a process of its own, with little memory and time, and says what came of it.

    python -m hostile.child ALLOW FAMILY FILE     (ALLOW: default, numpy, own; FILE: what must not come into being)

One line of JSON a message. A fork a message, so that a crash ends nothing else.
"""

from __future__ import annotations

import collections
import copyreg
import fractions
import json
import os
import resource
import sys
import uuid
from pathlib import Path

from hostile import target
from hostile.registry import FAMILIES, Hostile
from spreadjobs.codec import make_decoder
from spreadjobs.messages import Undecodable
from spreadjobs.settings import NUMPY, Allow, Settings

ALLOWS: dict[str, Allow] = {
    "default": (),
    "numpy": (NUMPY,),
    "own": (target.Result, target.Account, target.Colour),
}
_CLASSES = (
    fractions.Fraction, collections.Counter, collections.OrderedDict, uuid.UUID, target.Result, target.Account,
    target.Colour,
)  # fmt: skip
_MEMORY_BYTES = 2**30
_CPU_S = 20
_PIECE_BYTES = 65536
# What the interpreter reports when something is run, opened or imported.
_EVENTS = ("open", "exec", "compile", "import", "os.", "subprocess.", "socket.", "ctypes.", "shutil.", "marshal.")
_HARMLESS_MODULES = ("numpy", "encodings", "heapq", "_heapq")


def _state() -> list[object]:
    """What a message could change."""
    return [
        *[dict(vars(cls)) for cls in _CLASSES],
        [dict(vars(member)) for member in target.Colour],
        dict(copyreg.dispatch_table),
        list(target.CALLED),
        repr(fractions.Fraction(1, 2)),
        sorted(os.environ),
    ]


def _decode(item: Hostile, allow: Allow, data: bytes, size: int) -> tuple[str, str]:
    decoder = make_decoder(Settings(codec=item.codec, allow=allow))
    read = 0
    try:
        for start in range(0, len(data), size):
            read += len(decoder.feed(data[start : start + size]))
    except Undecodable as error:
        return ("memory" if "MemoryError" in error.reason else "refused"), error.reason
    return ("read" if read else "waits"), ""


def _judge(item: Hostile, allow: Allow, victim: str) -> dict[str, object]:
    seen: list[str] = []
    watching = [False]

    def hook(event: str, args: tuple[object, ...]) -> None:
        if not watching[0] or not event.startswith(_EVENTS):
            return
        if event in ("open", "exec", "marshal.loads", "compile") or str(args[0]).startswith(_HARMLESS_MODULES):
            return
        seen.append(f"{event} {args!r:.100}")

    sys.addaudithook(hook)
    data = item.build(victim)
    before = _state()
    watching[0] = True
    whole = _decode(item, allow, data, max(len(data), 1))
    cut = _decode(item, allow, data, _PIECE_BYTES)
    watching[0] = False
    return {
        "outcome": whole[0] if whole[0] == cut[0] else f"{whole[0]} in one piece, {cut[0]} in many",
        "reason": whole[1],
        "seen": seen,
        "changed": _state() != before or Path(victim).exists(),
    }


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    bound = pages * resource.getpagesize() + _MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _in_a_fork(item: Hostile, allow: Allow, victim: str) -> dict[str, object]:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        status = 70
        try:
            _limit()
            os.write(writer, json.dumps(_judge(item, allow, victim)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    found: dict[str, object] = json.loads(text) if text else {"outcome": "nothing"}
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = round(used.ru_utime + used.ru_stime, 2)
    return {"name": item.name, "harmless": item.harmless, "status": status, "cpu_s_so_far": seconds, **found}


def main(allow: str, family: str, victim: str) -> None:
    """Say what comes of each message of the family."""
    copyreg.add_extension("hostile.target", "function", 1)  # so that an extension code would lead somewhere
    copyreg.add_extension("hostile.target", "function2", 0x101)
    make_decoder(Settings(allow=ALLOWS[allow]))
    for item in FAMILIES[family]:
        print(json.dumps(_in_a_fork(item, ALLOWS[allow], victim)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
