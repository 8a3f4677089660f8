"""Family prep: preparation. Spec PREP-3, PREP-4, OPS-7."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.registry import TAGGED, case

MEBIBYTE: Final = 1 << 20
PREPARED: Final = "op:prepared"
SECONDS_S: Final = 2.5
"""Long enough for a thread that loads something, or looks each second."""


def _asks_for(conv: Conversation, *items: object) -> None:
    conv.ask(payloads.prepared(), [*conv.candidate.preparation, *items])


@case("prep/silent-before-any-input", "PREP-3", checks=2)
def silent_before_any_input(conv: Conversation) -> None:
    """Nothing comes on standard output before anything was sent."""
    conv.start()
    conv.silent(conv.stage.quiet_s(), "before anything was sent")
    conv.prepare()
    conv.ask_sample()


@case("prep/silent-during-preparation", "PREP-3", checks=3)
def silent_during_preparation(conv: Conversation) -> None:
    """Nothing comes on standard output between the preparation items."""
    items, last = conv.open_preparation("first", "second")
    for number, data in enumerate(items, 1):
        conv.send_bytes(data, f"preparation item {number}")
        conv.silent(conv.stage.quiet_s(), f"after preparation item {number}, before the last message")
    if not items:
        conv.start()
        conv.silent(conv.stage.quiet_s(), "before the only message of the preparation")
    if len(items) < 2:  # noqa: PLR2004 - as many checks with few items
        conv.silent(0.0, "before the last message of the preparation")
    conv.send_bytes(last, "the last message of the preparation")
    conv.ask_sample()


@case("prep/silent-when-prepared", "PREP-3", checks=2)
def silent_when_prepared(conv: Conversation) -> None:
    """Nothing comes on standard output between the end of preparation and the first request."""
    conv.prepare()
    conv.silent(conv.stage.quiet_s(), "after preparation, before the first request")
    conv.ask_sample()


@case("prep/items-come-in-order", "OPS-7", "PREP-4", checks=2, needs=PREPARED)
def items_come_in_order(conv: Conversation) -> None:
    """The worker has the preparation items that were sent, in order."""
    items = (1, "two", [3.5], {"four": [4]}, "two")
    conv.prepare(*items)
    _asks_for(conv, *items)


@case("prep/no-items", "OPS-7", "PREP-4", "OPS-8", checks=2, needs=PREPARED)
def no_items(conv: Conversation) -> None:
    """A preparation of the terminating None alone gives an empty list."""
    conv.prepare()
    _asks_for(conv)


@case("prep/falsy-items-do-not-end-it", "PREP-4", "OPS-7", "OPS-8", checks=2, needs=PREPARED)
def falsy_items_do_not_end_it(conv: Conversation) -> None:
    """Items that are empty or zero do not end the preparation: only None does."""
    items: tuple[object, ...] = (False, 0, 0.0, "", [], {})
    conv.prepare(*items)
    _asks_for(conv, *items)


@case("prep/none-inside-an-item-does-not-end-it", "PREP-4", "OPS-7", "OPS-8", checks=2, needs=PREPARED)
def none_inside_an_item_does_not_end_it(conv: Conversation) -> None:
    """A None inside an item does not end the preparation, nor does its name as text."""
    items = ([None], {"a": None}, "None", "null")
    conv.prepare(*items)
    _asks_for(conv, *items)


@case("prep/none-after-the-end-is-a-payload", "PREP-4", "ERR-4", checks=2, dialects=TAGGED)
def none_after_the_end_is_a_payload(conv: Conversation) -> None:
    """A request whose payload is None is answered, in whatever way: it belongs to no preparation."""
    conv.prepare()
    request = conv.request(None)
    conv.send(request)
    conv.response(request)
    conv.ask_sample()


@case("prep/a-thousand-items", "PREP-4", "OPS-7", checks=2, needs=PREPARED)
def a_thousand_items(conv: Conversation) -> None:
    """A preparation may have a thousand items."""
    items = tuple(f"item {number}" for number in range(1000))
    conv.prepare(*items)
    _asks_for(conv, *items)


@case("prep/item-of-one-mebibyte", "WIRE-5", "OPS-7", checks=2, needs=PREPARED, heavy=True)
def item_of_one_mebibyte(conv: Conversation) -> None:
    """A preparation item may have a mebibyte."""
    item = "0123456789abcdef" * (MEBIBYTE // 16)
    conv.prepare(item, "and a small one")
    _asks_for(conv, item, "and a small one")


@case("prep/items-cut-into-bytes", "WIRE-2", "OPS-7", checks=2, needs=PREPARED)
def items_cut_into_bytes(conv: Conversation) -> None:
    """Preparation items are read right when each of their bytes comes alone."""
    items = ("first", [2, "second"])
    data = b"".join(conv.preparation(*items))
    conv.send_pieces([data[at : at + 1] for at in range(len(data))], "a preparation")
    _asks_for(conv, *items)


@case("prep/in-one-write-with-the-first-request", "WIRE-2", "PREP-4", checks=2)
def in_one_write_with_the_first_request(conv: Conversation) -> None:
    """The first request may come in one piece with the whole preparation."""
    request = conv.sample()
    conv.expect_requests(request)
    conv.send_bytes(b"".join([*conv.preparation(), request.data]), f"preparation and {request}")
    conv.outcome(request)
    conv.ask_sample()


@case("prep/items-keep-their-values", "DATA-1", "OPS-7", checks=2, needs=PREPARED)
def items_keep_their_values(conv: Conversation) -> None:
    """Preparation items keep their values and types, as payloads do."""
    items: tuple[object, ...] = (True, -1, 2**31, 3.141592653589793, " lead\t\n", "é漢😀", [[], {"k": [None]}])
    if conv.candidate.codec == "pickle":
        items += ((1, (2,)),)
    conv.prepare(*items)
    _asks_for(conv, *items)


@case("prep/items-that-look-like-requests", "OPS-8", "PREP-4", checks=4, needs=PREPARED)
def items_that_look_like_requests(conv: Conversation) -> None:
    """Items that look like requests, or like outcomes, are items: only the None ends the preparation."""
    items = ([1, payloads.echo("an item")], payloads.prepared(), ["TooBusy", 1, 0.5], [[1, 2], None, None])
    messages, last = conv.open_preparation(*items)
    conv.send_bytes(b"".join(messages), "items that look like requests")
    conv.has_read("the items that look like requests")
    conv.silent(conv.stage.quiet_s(), "after items that look like requests, before the None that ends the preparation")
    conv.send_bytes(last, "the None that ends the preparation")
    _asks_for(conv, *items)


@case("prep/items-that-look-like-other-values", "DATA-1", "DATA-3", "OPS-7", checks=2, needs=PREPARED)
def items_that_look_like_other_values(conv: Conversation) -> None:
    """Preparation items stay what they are, whatever number, date, markup or format could be read into them."""
    items = (*payloads.LOOKALIKES, {key: number for number, key in enumerate(payloads.LOOKALIKE_KEYS)})
    conv.prepare(*items)
    _asks_for(conv, *items)


@case("prep/silent-for-seconds", "PREP-3", checks=2, idle=True)
def silent_for_seconds(conv: Conversation) -> None:
    """Nothing comes on standard output in the seconds after preparation either, when what starts late has started."""
    conv.prepare()
    conv.silent(SECONDS_S, "seconds after preparation, before the first request")
    conv.ask_sample()
