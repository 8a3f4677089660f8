"""The plan in command mode: every command is started once, and nothing is sent to it."""

from __future__ import annotations

from bench import Bench, kinds, of

from spreadjobs.dispatch import LAUNCHES_A_TURN, WORKLESS_LAUNCHES_A_TURN
from spreadjobs.events import CloseStdin, Discard, Exit, Launch, Started


def commands(slots: int) -> Bench:
    """Command mode, as the engine sets it up."""
    bench = Bench(slots=slots)
    bench.add()
    bench.plan.workless = bench.plan.command = True
    assert bench.plan.finish(bench.now_s) == []
    return bench


def test_every_command_is_started_once_and_its_input_closed() -> None:
    """Nothing is sent, the input ends at once, what it writes is text. [CMD-1]"""
    bench = commands(5)
    keys = []
    while not bench.plan.over:
        keys += [launch.worker for launch in of(Launch, bench.dispatch())]
        assert bench.tell(keys[0], Started()) == [CloseStdin(keys[0])]
        assert bench.end(keys.pop(0), Exit(status=3)) == [Discard(len(bench.plan.reports), text_due=True)]

    assert len(bench.plan.reports) == 5
    assert bench.dispatch() == []


def test_limit_of_shutdown_does_not_hold_for_commands() -> None:
    """Its time in shutdown is its work. [CMD-3]"""
    bench = commands(1)
    bench.dispatch()
    bench.tell(1, Started())

    assert bench.later(10_000.0) == []


def test_exception_starts_no_further_commands() -> None:
    """Ctrl-C among many commands ends those that run, and no other one is started."""
    bench = commands(WORKLESS_LAUNCHES_A_TURN + 2)
    keys = bench.start()

    assert kinds(bench.plan.abort(bench.now_s)) == ["Terminate"] * WORKLESS_LAUNCHES_A_TURN
    assert bench.dispatch() == []
    for key in keys:
        bench.end(key, Exit(signal="SIGTERM"))
    assert bench.plan.over


def test_more_commands_than_workers_are_started_a_turn() -> None:
    """There is no task that the first of them could do meanwhile. [CMD-1]"""
    bench = commands(WORKLESS_LAUNCHES_A_TURN + 3)

    started = [len(of(Launch, bench.dispatch())) for _ in range(3)]

    assert started == [WORKLESS_LAUNCHES_A_TURN, 3, 0]
    assert WORKLESS_LAUNCHES_A_TURN > LAUNCHES_A_TURN
