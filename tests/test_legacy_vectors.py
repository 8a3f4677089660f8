"""
Golden values: what the functions of gmisclib 0.73.0 returned under Python 2.7.18, compared with ours.

``data/legacy_vectors.json`` holds calls as Python expressions and what came of them. ``S``, ``G``, ``PP``, ``doa``,
``uses``, ``delay`` and ``oneshot`` are bound to ours below. Three things are translated, none of them a difference of
behaviour:

- Texts of exceptions are not compared, only their types: ours say what came, what was due and what to do. An
  AssertionError of the ancestor is one of ours too, beside what it is by rights.
- Byte strings of Python 2 are text, and its StringIO is a binary file.
- Pickles are compared by the values that they hold, since not even one pickler writes the same bytes twice (memo
  marks come and go); that ours is of protocol 0 is checked.

What is a difference of behaviour stands in ``DIFFERENT`` with its reason.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import json
import math
import pickle
import pickletools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import pytest

from spreadjobs import abridge, spread_jobs
from spreadjobs.arglists import read_arglists
from spreadjobs.backoff import START_USEFULNESS, Happening, Number, Refusal, busy_delay_s, next_usefulness
from spreadjobs.past_performance import Averages, PastPerformance, ordered

DATA: Final = Path(__file__).parent / "data" / "legacy_vectors.json"

GOLDEN: Final = {
    "PastPerformance_call": 19,
    "PastPerformance_order": 9,
    "Replace": 27,
    "append": 13,
    "compute_delay": 14,
    "delay_sanitize": 28,
    "dict_of_averages": 21,
    "one_shot_test": 7,
    "replace": 24,
    "truncate": 9,
    "usefulness": 14,
}
"""Groups and their sizes: a vector that got lost would be a test that got lost."""

Outcome: TypeAlias = tuple[str, object]
"""``("out", value)``, ``("raises", name)`` or ``("never returns", None)``."""


@attrs.frozen
class Different:
    """Where ours differs from the ancestor on purpose."""

    ours: Outcome
    reason: str


ENDLESS: Final = "the ancestor searched the replacement again, for ever; ours goes on after it"
MERGED: Final = "the ancestor could not merge what it had itself collected; ours adds sums and weights"

DIFFERENT: Final[Mapping[str, Different]] = {
    "S.Replace([['a']], 'a', 1, ['a'])": Different(("out", [["a"]]), ENDLESS),
    "S.Replace([['a']], 'a', 1, ['abc'])": Different(("out", [["abc"]]), ENDLESS),
    "S.replace([[u'a']], 'a', 'x')": Different(
        ("out", [["x"]]), "Python 2's unicode was refused; it is the one text of Python 3"
    ),
    "sorted([['c'], ['a'], ['b', 'x']], key=None)": Different(
        ("out", [["c"], ["a"], ["b", "x"]]), "no memory means the given order, not the alphabetical one"
    ),
    "(d.merge(doa(('a', 3.0), ('a', 3.0)).items()), d)[1]": Different(("out", {"a": complex(7.0, 3.0)}), MERGED),
    "(d.merge(doa(('ab', 3.0))), d)[1]": Different(("out", {"a": complex(1.0, 1.0), "ab": complex(3.0, 1.0)}), MERGED),
    "d.merge(doa(('abc', 3.0)))": Different(("out", None), MERGED),
    "type(doa(('a', 1.0)).copy()).__name__": Different(("out", "Averages"), "our name for dict_of_averages"),
    "oneshot(None, [(1, None, None)])": Different(
        (
            "out",
            {
                "loaded": "None",
                "second_load": "EOFError",
                "close": "ok",
                "printed": "STDOUT:\nSTDERR:\nd=1\n",
                "second_close": "ok",
                "printed_by_second_close": "STDOUT:\nSTDERR:\nd=1\n",
            },
        ),
        "a task that printed nothing may say None for its lines [OUT-1]",
    ),
}


@attrs.frozen
class Vector:
    """One call of the ancestor's and what came of it."""

    group: str
    call: str
    golden: Outcome


def decoded(value: object) -> object:
    """A value of the file with its tuples and complex numbers."""
    match value:
        case {"tuple": list(items)}:
            return tuple(decoded(item) for item in items)
        case {"complex": [float(real), float(imaginary)]}:
            return complex(real, imaginary)
        case dict():
            return {key: decoded(item) for key, item in value.items()}
        case list():
            return [decoded(item) for item in value]
        case _:
            return value


def golden(vector: Mapping[str, object]) -> Outcome:
    """What the ancestor did."""
    if vector.get("never_returns"):
        return "never returns", None
    return ("raises", vector["raises"]) if "raises" in vector else ("out", decoded(vector["out"]))


def vectors() -> list[Vector]:
    """All vectors of the file."""
    groups: dict[str, list[dict[str, object]]] = json.loads(DATA.read_text(encoding="utf-8"))
    return [
        Vector(group, str(vector["call"]), golden(vector))
        for group, members in groups.items()
        if group != "_meta"
        for vector in members
    ]


# The names that the calls use.


def doa(*added: tuple[str, float]) -> Averages:
    """A dict_of_averages with these added."""
    averages = Averages()
    for one in added:
        averages.add(*one)
    return averages


def past_performance(**known: Iterable[float]) -> PastPerformance:
    """A memory that knows these values of these arguments."""
    memory = PastPerformance()
    for argument, values in known.items():
        memory.add_many((argument, value) for value in values)
    return memory


def start_order(lists: Iterable[Sequence[str]], *, key: PastPerformance | None) -> list[list[str]]:
    """The ancestor sorted argument lists by the memory; ours is asked for the start order."""
    return [list(slot.arguments) for slot in ordered(read_arglists(lists), key)]


def uses(happenings: Iterable[object]) -> list[float]:
    """Usefulness after each of these: 1 an answer, 0 a refusal, text one of the ancestor's states."""
    names: Mapping[object, Happening] = {1: "answered", 0: "refused", "running": "running"}
    usefulness, seen = START_USEFULNESS, []
    for happening in happenings:
        usefulness = next_usefulness(usefulness, names.get(happening, "ended"))
        seen.append(usefulness)
    return seen


def delay(qdelay: Number, delta_t: float, nq: int, na: float, u: float, r: float) -> float:  # noqa: PLR0913 - as the vectors call it
    """Seconds of rest after a refusal."""
    refusal = Refusal(asked_s=qdelay, took_s=delta_t, queued=nq, all_usefulness=na, usefulness=u)
    return busy_delay_s(refusal, factor=r)


def said(action: Callable[[], object]) -> str:
    """``ok``, or the name of what was raised."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - the name of any exception is the result
        return type(error).__name__
    return "ok"


def closed(pseudofile: spread_jobs.unpickled_pseudofile) -> tuple[str, str]:
    """How closing went, and what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        result = said(pseudofile.close)
    return result, printed.getvalue()


def oneshot(task: object, answers: Iterable[object]) -> dict[str, object]:
    """One conversation of a worker's loop with what one_shot_test() made."""
    stdin, stdout = spread_jobs.one_shot_test(task)
    assert stdin.tell() == 0
    assert all(opcode.proto == 0 for opcode, _, _ in pickletools.genops(stdin.getvalue()))
    loaded = pickle.load(stdin)
    second_load = said(lambda: pickle.load(stdin))
    for answer in answers:
        pickle.dump(answer, stdout, pickle.HIGHEST_PROTOCOL)
        stdout.flush()
    (close, printed), (second_close, printed_by_second_close) = closed(stdout), closed(stdout)
    return {
        "loaded": repr(loaded),
        "second_load": second_load,
        "close": close,
        "printed": printed,
        "second_close": second_close,
        "printed_by_second_close": printed_by_second_close,
    }


def translated_oneshot(result: Mapping[str, object]) -> dict[str, object]:
    """The ancestor's conversation without what is translated: see the top of this file."""
    kept = dict(result)
    assert repr(pickle.loads(str(kept.pop("stdin_bytes")).encode("latin-1"), encoding="latin-1")) == kept["loaded"]
    assert kept.pop("stdin_pos") == 0
    assert {kept.pop("stdin_type"), kept.pop("stdout_type")} == {"instance"}
    for name in ("close", "second_close"):
        kept[name] = str(kept[name]).split(":", maxsplit=1)[0]
    return kept


def outcome(vector: Vector) -> Outcome:
    """What ours does."""
    memory = past_performance(a=[1.0, 0.0], b=[0.5]) if vector.call == "p" else past_performance(**{"1": [1.0]})
    names = {
        "S": spread_jobs,
        "G": abridge,
        "PP": past_performance,
        "p": memory,
        "doa": doa,
        "d": doa(("a", 1.0)),
        "sorted": start_order,
        "uses": uses,
        "delay": delay,
        "oneshot": oneshot,
        "x": [["a"]],
        "INF": math.inf,
        "NAN": math.nan,
    }
    try:
        # The expressions are this project's own test data, and functions are what they test.
        value: object = eval(vector.call, names)  # noqa: S307 - see above
    except Exception as error:  # noqa: BLE001 - any exception may be the golden one
        return "raises", error
    return "out", value


def same(ours: object, due: object) -> bool:
    """Equal, floats but for the last bits, which the machine's own exp() and sqrt() decide."""
    if isinstance(ours, float) and isinstance(due, float):
        return math.isclose(ours, due, rel_tol=1e-12, abs_tol=0.0)
    if isinstance(ours, list | tuple) and isinstance(due, list | tuple):
        return type(ours) is type(due) and len(ours) == len(due) and all(map(same, ours, due))
    return ours == due and (isinstance(ours, dict) or type(ours) is type(due))


def exception_named(name: object) -> type[BaseException]:
    """The exception of this name; the one of ``re`` is called error."""
    if name == "error":
        return re.error
    found: object = getattr(builtins, str(name))
    assert isinstance(found, type)
    assert issubclass(found, BaseException)
    return found


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: f"{vector.group}: {vector.call}")
def test_golden_value(vector: Vector) -> None:
    """Ours does what the ancestor did, but for what is declared different. [docs/names.md]"""
    kind, due = DIFFERENT[vector.call].ours if vector.call in DIFFERENT else vector.golden
    if vector.group == "one_shot_test" and vector.call not in DIFFERENT:
        assert isinstance(due, dict)
        due = translated_oneshot(due)

    our_kind, ours = outcome(vector)

    assert our_kind == kind, f"ours: {ours!r}, due: {due!r}"
    if kind == "raises":
        assert isinstance(ours, exception_named(due))
    else:
        assert same(ours, due), f"ours: {ours!r}, due: {due!r}"


def test_every_group_is_there_and_whole() -> None:
    """No vector got lost."""
    found = [vector.group for vector in vectors()]

    assert {group: found.count(group) for group in found} == GOLDEN


def test_every_declared_difference_is_one() -> None:
    """A difference that is none any more, or whose vector is gone, is taken off the list."""
    golden_values = {vector.call: vector.golden for vector in vectors()}

    assert set(DIFFERENT) <= set(golden_values)
    assert not [call for call, different in DIFFERENT.items() if golden_values[call] == different.ours]
