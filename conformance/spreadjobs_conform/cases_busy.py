"""Family busy: refusals. Spec BUSY-1, BUSY-2, OPS-3, UNT-5."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.asking import Request
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.registry import TAGGED, UNTAGGED, case
from spreadjobs_conform.responses import Refusal

BUSY: Final = "op:busy"


def _ask(conv: Conversation, key: str, delay_s: float, times: int) -> Request:
    request = conv.request(payloads.busy(key, delay_s, times))
    conv.send(request)
    return request


def _refused(conv: Conversation, key: str, delay_s: float, times: int) -> Refusal:
    request = _ask(conv, key, delay_s, times)
    return conv.expect_sort(request, conv.response(request), Refusal, op="busy")


def _done(conv: Conversation, key: str, delay_s: float, times: int) -> None:
    request = _ask(conv, key, delay_s, times)
    conv.expect_value(request, conv.response(request), "done", op="busy")


@case("busy/refusal-has-three-items", "BUSY-1", checks=4, needs=BUSY, dialects=TAGGED)
def refusal_has_three_items(conv: Conversation) -> None:
    """A refusal is TooBusy, the task id and the delay."""
    conv.prepare()
    _refused(conv, "key", 0.5, 2)
    _refused(conv, "key", 0.5, 2)


@case("busy/returns-the-task-id", "BUSY-1", checks=6, needs=BUSY, dialects=TAGGED)
def returns_the_task_id(conv: Conversation) -> None:
    """Each refusal bears the task id of its request, also when the same task is sent again under a new one."""
    conv.prepare()
    for _ in range(3):
        _refused(conv, "key", 0.0, 3)


@case("busy/refuses-n-times-then-done", "OPS-3", "BUSY-2", checks=8, needs=BUSY)
def refuses_n_times_then_done(conv: Conversation) -> None:
    """The busy payload is refused as often as asked and answered "done" after that."""
    conv.prepare()
    for _ in range(3):
        _refused(conv, "key", 0.1, 3)
    _done(conv, "key", 0.1, 3)


@case("busy/keeps-the-delay", "OPS-3", "BUSY-1", checks=18, needs=BUSY)
def keeps_the_delay(conv: Conversation) -> None:
    """A refusal bears the delay that was asked for, int or float; the worker itself does not wait for it."""
    conv.prepare()
    for delay_s in (0.25, 10, 1.5, 86_400.125, 1_000_000.5, 2_000_000_000):
        came = _refused(conv, f"key of {delay_s}", delay_s, 1)
        conv.check(came.delay_s == delay_s, f"a delay of {came.delay_s} s came", f"{delay_s} s")


@case("busy/delay-of-zero", "BUSY-1", "OPS-3", checks=3, needs=BUSY)
def delay_of_zero(conv: Conversation) -> None:
    """A delay of 0 is a delay."""
    conv.prepare()
    came = _refused(conv, "key", 0, 1)
    conv.check(came.delay_s == 0, f"a delay of {came.delay_s} s came", "0 s")


@case("busy/takes-other-tasks-in-between", "BUSY-2", checks=8, needs=f"{BUSY} op:echo")
def takes_other_tasks_in_between(conv: Conversation) -> None:
    """After a refusal the worker takes other tasks, and the refused one again."""
    conv.prepare()
    _refused(conv, "key", 5, 2)
    conv.echo("in between")
    _refused(conv, "key", 5, 2)
    conv.echo("once more")
    _done(conv, "key", 5, 2)


@case("busy/counts-each-key-apart", "OPS-3", checks=10, needs=BUSY)
def counts_each_key_apart(conv: Conversation) -> None:
    """The refusals of each key are counted by themselves."""
    conv.prepare()
    _refused(conv, "one", 0, 2)
    _refused(conv, "other", 0, 1)
    _refused(conv, "one", 0, 2)
    _done(conv, "other", 0, 1)
    _done(conv, "one", 0, 2)


@case("busy/refuses-zero-times", "OPS-3", checks=2, needs=BUSY)
def refuses_zero_times(conv: Conversation) -> None:
    """A task that is to be refused 0 times is done at once."""
    conv.prepare()
    _done(conv, "key", 5, 0)


@case("busy/untagged-refusal-is-an-instance", "UNT-5", checks=4, needs=BUSY, dialects=UNTAGGED)
def untagged_refusal_is_an_instance(conv: Conversation) -> None:
    """In the untagged dialect a refusal is an instance of a class named TooBusy with a delay."""
    conv.prepare()
    came = _refused(conv, "key", 0.5, 1)
    conv.check(came.delay_s == 0.5, f"a delay of {came.delay_s} s came", "0.5 s")  # noqa: PLR2004 - as asked
    _done(conv, "key", 0.5, 1)
