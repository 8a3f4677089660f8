"""Worker programs that go wrong in one way each."""

from __future__ import annotations

import textwrap

from programs import ECHO, program

from faults.scenario import FOREVER

_FIRST = """
i, p = read()
write((i, p))
if os.environ["SPREAD_JOBS_WORKER"].endswith(".1"):
    i, p = read()
"""

LENGTHS = """
while True:
    try:
        i, p = read()
    except EOFError:
        break
    write((i, len(p)))
"""
"""Answers with the length of the payload."""


GOOD = program(ECHO)


def once(fault: str) -> list[str]:
    """Answers one task, then does this with the second one (i, p); its replacement is well."""
    return program(_FIRST + textwrap.indent(textwrap.dedent(fault), "    "), ECHO)


def at_once(fault: str) -> list[str]:
    """Reads its first task (i, p), does this, and then lives on."""
    return program("i, p = read()", fault, FOREVER)


def second(fault: str) -> list[str]:
    """Answers with the length of its first payload and does this; its replacement goes on so."""
    name = "os.environ['SPREAD_JOBS_WORKER']"
    return program(f"i, p = read(); write((i, len(p)))\nif {name} == '1.1': {fault}", LENGTHS)


def behind(fault: str) -> list[str]:
    """Answers everything, and does this at the end of its input."""
    return program(ECHO, fault)
