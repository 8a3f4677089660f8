"""What a type checker infers for each way to call the library: checked, never run."""

from __future__ import annotations

from collections.abc import Generator
from typing import assert_type

import attrs

from spreadjobs import Answered, Cancelled, Failed, Master, Outcome, Quarantined, Spread, Worker, main


@attrs.frozen
class Result:
    """A class of the caller's own."""

    energy: float


def read_result(answer: object) -> Result:
    """A converter, as a cattrs hook is one."""
    if isinstance(answer, float):
        return Result(answer)
    raise TypeError(answer)


# Without answer=, an answer is an object: nothing is silently Any.
assert_type(main([1, 2], [["worker"]]), Spread[object])
results, outputs = main([1, 2], [["worker"]])
assert_type(results, list[object])
assert_type(outputs, list[list[str]])

# answer= is a type that is checked, or a callable that converts.
assert_type(main([1], [["worker"]], answer=int), Spread[int])
assert_type(main([1], [["worker"]], answer=read_result), Spread[Result])
assert_type(main([1], [["worker"]], answer=int).results, list[int])
assert_type(main((x for x in "ab"), [Worker(["worker"], count=3)], stdin=[None], verbose=True), Spread[object])

with Master([["worker"]]) as plain:
    assert_type(plain, Master[object])
    assert_type(plain.run([1]), list[object])

with Master([["worker"]], answer=read_result) as master:
    assert_type(master, Master[Result])
    assert_type(master.run([1]), list[Result])
    assert_type(master.stream([1]), Generator[Result, None, None])
    assert_type(master.outcomes([1]), Generator[Outcome[Result], None, None])
    for outcome in master.outcomes([1]):
        match outcome:
            case Answered():
                assert_type(outcome.value, Result)
            case Failed():
                assert_type(outcome.error, Exception)
            case Quarantined() | Cancelled():
                assert_type(outcome.task_index, int)

main([1], ["worker"], answer="int")  # type: ignore[call-overload]
