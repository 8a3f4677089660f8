"""Family data: values arrive equal and of the same type. Spec DATA-1 to DATA-4, JSON-7."""

from __future__ import annotations

import math
import sys
from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.registry import JSON, PICKLE, case

ECHO: Final = "op:echo"
LEVELS: Final = 100
CUT_BYTES: Final = 72_000
"""A text of so many bytes goes beyond the buffers of languages and pipes, which hold up to 64 KiB."""
MAX_JSON_INT: Final = 2**53 - 1


def _echoes(conv: Conversation, *values: object, rare: bool = False) -> None:
    conv.prepare()
    for value in values:
        conv.echo(value, rare=rare)


@case("data/none-and-bools", "DATA-1", checks=8, needs=ECHO)
def none_and_bools(conv: Conversation) -> None:
    """None, True and False come back as they are, and are no numbers."""
    _echoes(conv, *(None, True, False), [None, True, False, 0, 1])


@case("data/integers", "DATA-1", checks=20, needs=ECHO)
def integers(conv: Conversation) -> None:
    """Integers come back exact at every edge of a machine type up to 48 bits, and of both signs."""
    edges = [2**bits + near for bits in (7, 8, 15, 16, 31, 32, 48) for near in (-1, 0, 1)]
    _echoes(conv, 0, 1, -1, 9, 10, edges, [-edge for edge in edges], *edges[-6:])


@case("data/integers-beyond-64-bits", "DATA-1", checks=16, needs=f"{ECHO} type:bigint", codecs=PICKLE)
def integers_beyond_64_bits(conv: Conversation) -> None:
    """Integers at and beyond the edges of 64 bits come back exact."""
    _echoes(conv, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 2**64, 10**30, 2**200, -(2**2100), rare=True)


@case("data/integers-at-the-json-limit", "JSON-7", "JSON-4", checks=8, needs=ECHO, codecs=JSON)
def integers_at_the_json_limit(conv: Conversation) -> None:
    """Integers up to 2**53-1 in magnitude come back exact."""
    _echoes(conv, MAX_JSON_INT, -MAX_JSON_INT, MAX_JSON_INT - 1, [2**52 + 1, -(2**52) - 1])


@case("data/floats", "DATA-1", "JSON-7", "PKL-10", checks=20, needs=ECHO)
def floats(conv: Conversation) -> None:
    """Floats come back to the last bit: ordinary ones, the largest, the smallest, and those that look like ints."""
    tiny, huge = sys.float_info.min, sys.float_info.max
    _echoes(
        conv, math.pi, -math.e, 0.1, 1 / 3, 1e22, 1e-7, 5e-324, tiny, huge, -huge, 0.0, 1.0, -1.0, 1e15, 123456789.5
    )


@case("data/floats-of-many-whole-digits", "DATA-1", "JSON-7", checks=14, needs=ECHO)
def floats_of_many_whole_digits(conv: Conversation) -> None:
    """Floats with up to 16 digits before the point keep what stands behind it, which takes up to 17 digits in all."""
    great = [569800593555564.5, -98765432109876.55, 1234567890123.4567, 2**51 + 0.25, 2**52 - 0.5, 2**53 - 1.0]
    _echoes(conv, *great, [great, -0.1, 100.00000000000001])


@case("data/great-floats-in-json", "JSON-4", "DATA-1", checks=8, needs=ECHO, codecs=JSON)
def great_floats_in_json(conv: Conversation) -> None:
    """Whole floats beyond 2**53-1 come back as floats, or the task fails: they are no integers."""
    _echoes(conv, 1e17, -1.5e20, 2.0**53, 1e300, rare=True)


@case("data/negative-zero", "DATA-1", checks=4, needs=ECHO, codecs=PICKLE)
def negative_zero(conv: Conversation) -> None:
    """The float -0.0 keeps its sign."""
    _echoes(conv, -0.0, [0.0, -0.0])


@case("data/nan-and-infinities", "DATA-1", checks=6, needs=f"{ECHO} type:nan", codecs=PICKLE)
def nan_and_infinities(conv: Conversation) -> None:
    """NaN and both infinities come back."""
    _echoes(conv, math.inf, -math.inf, math.nan, rare=True)


@case("data/white-space-in-strings", "DATA-3", checks=18, needs=ECHO)
def white_space_in_strings(conv: Conversation) -> None:
    """Strings keep white space at both ends, line ends of every sort, NUL, and emptiness."""
    _echoes(conv, " lead\t\n", "", " ", "\n", "\r\n", "a\rb\nc\r\nd", "\0", "end\0", "\t\x0b\x0c\x1b\x7f", "\"\\/'")


@case("data/strings-beyond-ascii", "DATA-3", "JSON-1", "JSON-4", checks=16, needs=ECHO)
def strings_beyond_ascii(conv: Conversation) -> None:
    """Strings keep every character, beyond U+FFFF too, and are not normalised."""
    accents = ("\u00e9", "e\u0301", "\u212b", "\u00c5")
    _echoes(
        conv, *accents, "\u6f22\u5b57", "\U0001f600", "\U0010ffff", "\ufeff\u2028\u2029\u0085\u00a0", "\uffff\u200d"
    )


@case("data/long-strings-beyond-ascii", "DATA-3", "JSON-1", checks=8, needs=ECHO)
def long_strings_beyond_ascii(conv: Conversation) -> None:
    """Long strings keep their characters wherever a buffer ends in the midst of one."""
    # Some character of 2, 3 and 4 bytes each lies over every boundary of a power of two, in one of the four.
    text = "\u00e9\u6f22\U0001f600" * (CUT_BYTES // 9)
    _echoes(conv, *(before + text for before in ("", "a", "ab", "abc")))


@case("data/lone-surrogates", "DATA-3", checks=8, needs=f"{ECHO} type:surrogate", codecs=PICKLE)
def lone_surrogates(conv: Conversation) -> None:
    """Strings keep lone surrogates, in which Python holds bytes of file names that are no text."""
    _echoes(conv, "\ud800", "\udfff", "name-\udcff.txt", ["\udc80", "\ude00\ud83d"], rare=True)


@case("data/bytes", "DATA-1", "PKL-9", checks=6, needs=f"{ECHO} type:bytes", codecs=PICKLE)
def bytes_(conv: Conversation) -> None:
    """Bytes come back as bytes: empty, all 256 of them, and text-like ones."""
    _echoes(conv, b"", bytes(range(256)), b"text\r\n", [b"x", "x"], rare=True)


@case("data/bytearrays", "DATA-1", checks=4, needs=f"{ECHO} type:bytearray", codecs=PICKLE)
def bytearrays(conv: Conversation) -> None:
    """A bytearray comes back as a bytearray."""
    _echoes(conv, bytearray(), bytearray(range(256)), [bytearray(b"x"), b"x"], rare=True)


@case("data/sets", "DATA-1", checks=14, needs=f"{ECHO} type:set", codecs=PICKLE)
def sets(conv: Conversation) -> None:
    """A set comes back as a set and a frozenset as a frozenset."""
    # Texts stand alone: among others they would have another place in each process, and the kit would send other bytes.
    # These three differ in their hashes modulo 8, so that their order does not depend on which came first.
    several = {1, 2.5, (2, 3)}
    _echoes(conv, set(), several, {"one"}, {None}, frozenset(), frozenset(several), {frozenset({b"b"})}, rare=True)


@case("data/complex-numbers", "DATA-1", "PKL-9", "PKL-10", checks=4, needs=f"{ECHO} type:complex", codecs=PICKLE)
def complex_numbers(conv: Conversation) -> None:
    """A complex number comes back with both parts and their signs."""
    _echoes(conv, 1 + 2j, complex(-0.0, 0.0), complex(math.pi, -math.e), rare=True)


@case("data/lists", "DATA-1", "JSON-4", checks=12, needs=ECHO)
def lists(conv: Conversation) -> None:
    """Lists come back with their items in order, of every length from none."""
    _echoes(conv, [], [0], [1, 2], [3, "three", None], [[], [[]], [1, [2, [3]]]], list("abcd"))


@case("data/tuples", "DATA-1", checks=14, needs=ECHO, codecs=PICKLE)
def tuples(conv: Conversation) -> None:
    """Tuples come back as tuples, of every length from none, and stay apart from lists."""
    _echoes(conv, (), (0,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [(), ([],)], ((1, [2, (3,)]), [4]))


@case("data/dicts", "DATA-1", "JSON-4", checks=10, needs=ECHO)
def dicts(conv: Conversation) -> None:
    """Dicts come back with their keys, the empty one among them."""
    _echoes(conv, {}, {"": ""}, {"a": 1, "b": None}, {"\u00e9 \n": {"x": [{}]}}, {str(n): n for n in range(50)})


@case("data/dict-keys-of-any-type", "DATA-1", checks=8, needs=ECHO, codecs=PICKLE)
def dict_keys_of_any_type(conv: Conversation) -> None:
    """Keys keep their types: 1 stays apart from "1"."""
    _echoes(conv, {1: "int", "1": "str"}, {None: 0, 1.5: 1}, {(1, "x"): [2]}, {True: 1, "True": 2}, rare=True)


@case("data/lists-100-deep", "DATA-2", checks=4, needs=ECHO)
def lists_100_deep(conv: Conversation) -> None:
    """Lists nested 100 deep come back."""
    nested: object = "core"
    for _ in range(LEVELS):
        nested = [nested]
    _echoes(conv, nested, [nested, 1])


@case("data/dicts-100-deep", "DATA-2", checks=2, needs=ECHO)
def dicts_100_deep(conv: Conversation) -> None:
    """Dicts nested 100 deep come back."""
    nested: object = "core"
    for _ in range(LEVELS):
        nested = {"k": nested}
    _echoes(conv, nested)


@case("data/tuples-100-deep", "DATA-2", checks=2, needs=ECHO, codecs=PICKLE)
def tuples_100_deep(conv: Conversation) -> None:
    """Tuples nested 100 deep come back."""
    nested: object = "core"
    for _ in range(LEVELS):
        nested = (nested,)
    _echoes(conv, nested)


@case("data/ten-thousand-items", "DATA-1", checks=6, needs=ECHO, heavy=True)
def ten_thousand_items(conv: Conversation) -> None:
    """A list and a dict of ten thousand items come back."""
    count = 10_000
    _echoes(conv, list(range(count)), [f"item {n}" for n in range(count)], {f"k{n}": n / 8 for n in range(count)})


@case("data/shared-references", "DATA-4", checks=4, needs=ECHO, codecs=PICKLE)
def shared_references(conv: Conversation) -> None:
    """A value that stands twice in one message, the second time by reference, comes back twice."""
    text, items = "a text that is shared", [1, "x"]
    _echoes(conv, [text, text, items, items], {"k": items, "l": [items, (text, text)]})


@case("data/values-that-look-like-outcomes", "DATA-1", "RUN-5", "UNT-5", checks=10, needs=ECHO)
def values_that_look_like_outcomes(conv: Conversation) -> None:
    """Values that look like outcomes, responses or requests are values like others."""
    _echoes(
        conv,
        ["TooBusy", 1, 0.5],
        ["RemoteException", 1, "ValueError", "no", ""],
        ["Alive", 1],
        [[1, "value"], None, None],
        {"op": "exit", "status": 3},
    )


@case("data/strings-that-look-like-other-values", "DATA-1", "DATA-3", checks=48, needs=ECHO)
def strings_that_look_like_other_values(conv: Conversation) -> None:
    """A str stays a str, whatever number, date, markup or format could be read into it."""
    _echoes(conv, *payloads.LOOKALIKES, list(payloads.LOOKALIKES))


@case("data/keys-that-look-like-other-values", "DATA-1", "DATA-3", checks=8, needs=ECHO)
def keys_that_look_like_other_values(conv: Conversation) -> None:
    """Keys are neither renamed nor left out nor taken for something else, and no dict is taken for an object."""
    keys = {key: number for number, key in enumerate(payloads.LOOKALIKE_KEYS)}
    made_of = {"json_class": "String", "raw": [97]}, {"$date": 0}, {"^t": 1.5}, {"__class__": "int", "value": "1"}
    _echoes(conv, keys, {"inside": [keys]}, list(made_of), {"__proto__": {"x": 1}, "constructor": {"prototype": None}})
