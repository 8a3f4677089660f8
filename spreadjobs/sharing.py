"""
What it costs to hash what a pickle builds, found out before it is built. Spec SEC-1, SEC-2.

A tuple does not keep its hash. A few hundred bytes of tuples, each with two references to the one before, take longer
than a life to hash as the key of a dict, and tuples nested 130,000 deep crash the interpreter when they are hashed
(measured in CPython 3.11 to 3.13). So the opcodes are carried out here on numbers instead of values: for each value,
how many steps its hash takes and how deep that goes.

A list, dict or set has no hash; asking for it stops there with an error, so nothing inside of it counts. It counts
when it becomes an argument: then its items may become keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spreadjobs.opcodes import MANY_BUILDS, Refused, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_DEPTH: Final = 10_000
"""Tuples nested deeper than this are refused: 640 KB of stack when hashed, a thirteenth of what crashes."""
FREE_STEPS: Final = 1_000_000
"""What hashing may take whatever the size of the message, and more for each of its bytes."""
STEPS_PER_BYTE: Final = 64
BYTES_PER_STEP: Final = 64
"""So many bytes of a text or a number are one step."""
_NUMBERS: Final = b"IL\x8a\x8b"
_LARGE: Final = ord("B")
_ENDLESS: Final = 2**60  # no count goes beyond, or the counting itself would cost more and more


class _Cost:
    """What is known of a value: the depth and steps of its hash, and the steps of all that is in it."""

    __slots__ = ("depth", "inner", "steps")

    def __init__(self, depth: int, steps: int, inner: int) -> None:
        self.depth = depth
        self.steps = steps
        self.inner = inner


_ATOM: Final = _Cost(0, 1, 1)


def _large_atom(op: int, size: int) -> _Cost:
    """A long text, which keeps its hash, or a long number, which does not."""
    steps = size // BYTES_PER_STEP
    return _Cost(0, 1 + steps if op in _NUMBERS else 1, 1 + steps)


def _steps(items: list[_Cost]) -> int:
    return min(_ENDLESS, sum([item.steps for item in items]))


def _inner(items: list[_Cost]) -> int:
    return min(_ENDLESS, sum([item.inner for item in items]))


class _Stack:
    """The unpickler's stack, marks and memo, with costs in the place of values."""

    def __init__(self, size_bytes: int) -> None:
        self.items: list[_Cost] = []
        self.below: list[list[_Cost]] = []  # what stood under each mark
        self.memo: dict[int, _Cost] = {}
        self.composite_keys = 0
        self.steps_left = self.compares_left = FREE_STEPS + STEPS_PER_BYTE * size_bytes
        self.argument = b""

    def hashed(self, items: list[_Cost]) -> None:
        """Take the steps that it costs to hash these items, and count those whose hash anybody can choose."""
        self.composite_keys += len(items) - items.count(_ATOM)
        self.compares_left -= _inner(items)
        self.spend(_steps(items))

    def spend(self, steps: int) -> None:
        self.steps_left -= steps
        if self.steps_left < 0:
            raise Refused("its keys refer to each other so often that hashing them would not end (spec SEC-2)", 0)

    def pop(self, count: int) -> list[_Cost]:
        if len(self.items) < count:
            raise Refused("an opcode finds too few values on the stack (spec PKL-4)", 0)
        taken = self.items[len(self.items) - count :]
        del self.items[len(self.items) - count :]
        return taken

    def pop_mark(self) -> list[_Cost]:
        if not self.below:
            raise Refused("an opcode finds no mark on the stack (spec PKL-4)", 0)
        taken, self.items = self.items, self.below.pop()
        return taken

    def push_tuple(self, items: list[_Cost]) -> None:
        depth = 1 + max((item.depth for item in items), default=0)
        if depth > MAX_DEPTH:
            raise Refused(f"tuples are nested more than {MAX_DEPTH} deep (spec SEC-2)", 0)
        self.items.append(_Cost(depth, 1 + _steps(items), 1 + _inner(items)))

    def push_new(self, arguments: list[_Cost]) -> None:
        """An object whose own hash may cost as much as all that it was given."""
        inner = 1 + _inner(arguments)
        self.items.append(_Cost(max((item.depth for item in arguments), default=0), inner, inner))

    def push_made(self, arguments: list[_Cost]) -> None:
        """What a constructor makes, which may hash all that it is given."""
        inner = _inner(arguments)
        self.composite_keys += inner
        self.compares_left -= inner
        self.spend(inner)
        self.push_new(arguments)

    def fill(self, items: list[_Cost]) -> None:
        """Put items into the container on top."""
        (container,) = self.pop(1)
        if container is _ATOM:  # something that the loader refuses to fill
            container = _Cost(0, 1, 1)
        container.inner = min(_ENDLESS, container.inner + _inner(items))
        self.items.append(container)

    def keep(self, index: int) -> None:
        if self.items:
            self.memo[index] = self.items[-1]

    def fetch(self, index: int) -> None:
        self.items.append(self.memo.get(index, _ATOM))


def _mark(stack: _Stack) -> None:
    stack.below.append(stack.items)
    stack.items = []


def _container(stack: _Stack) -> None:
    stack.items.append(_Cost(0, 1, 1))


def _list(stack: _Stack) -> None:
    items = stack.pop_mark()
    _container(stack)
    stack.fill(items)


def _pairs(stack: _Stack, items: list[_Cost]) -> None:
    stack.hashed(items[::2])
    stack.fill(items)


def _dict(stack: _Stack) -> None:
    items = stack.pop_mark()
    _container(stack)
    _pairs(stack, items)


def _add_items(stack: _Stack) -> None:
    items = stack.pop_mark()
    stack.hashed(items)
    stack.fill(items)


def _frozenset(stack: _Stack) -> None:
    items = stack.pop_mark()
    stack.hashed(items)
    _container(stack)
    stack.fill(items)


def _pop(stack: _Stack) -> None:
    if stack.items:
        stack.items.pop()
    else:
        stack.pop_mark()


def _build(stack: _Stack) -> None:
    target, state = stack.pop(2)
    stack.items.append(target)
    if target is not _ATOM:
        target.steps = min(_ENDLESS, target.steps + state.inner)
        target.inner = min(_ENDLESS, target.inner + state.inner)
        target.depth = max(target.depth, state.depth)


def _stack_global(stack: _Stack) -> None:
    stack.pop(2)
    stack.items.append(_ATOM)


def _pop_mark(stack: _Stack) -> None:
    stack.pop_mark()


def _duplicate(stack: _Stack) -> None:
    stack.items += stack.pop(1) * 2


def _index(stack: _Stack) -> int:
    return int.from_bytes(stack.argument, "little")


_EFFECTS: Final[dict[int, Callable[[_Stack], None]]] = {
    ord("("): _mark,
    ord("]"): _container,
    ord("}"): _container,
    0x8F: _container,
    ord("t"): lambda stack: stack.push_tuple(stack.pop_mark()),
    0x85: lambda stack: stack.push_tuple(stack.pop(1)),
    0x86: lambda stack: stack.push_tuple(stack.pop(2)),
    0x87: lambda stack: stack.push_tuple(stack.pop(3)),
    ord("l"): _list,
    ord("d"): _dict,
    ord("a"): lambda stack: stack.fill(stack.pop(1)),
    ord("e"): lambda stack: stack.fill(stack.pop_mark()),
    ord("s"): lambda stack: _pairs(stack, stack.pop(2)),
    ord("u"): lambda stack: _pairs(stack, stack.pop_mark()),
    0x90: _add_items,
    0x91: _frozenset,
    ord("0"): _pop,
    ord("1"): _pop_mark,
    ord("2"): _duplicate,
    ord("R"): lambda stack: stack.push_made(stack.pop(2)),
    ord("i"): lambda stack: stack.push_made(stack.pop_mark()),
    ord("o"): lambda stack: stack.push_made(stack.pop_mark()),
    0x81: lambda stack: stack.push_new(stack.pop(2)),
    0x92: lambda stack: stack.push_new(stack.pop(3)),
    ord("b"): _build,
    0x93: _stack_global,
    ord("q"): lambda stack: stack.keep(_index(stack)),
    ord("r"): lambda stack: stack.keep(_index(stack)),
    ord("p"): lambda stack: stack.keep(int(stack.argument)),
    0x94: lambda stack: stack.keep(len(stack.memo)),
    ord("h"): lambda stack: stack.fetch(_index(stack)),
    ord("j"): lambda stack: stack.fetch(_index(stack)),
    ord("g"): lambda stack: stack.fetch(int(stack.argument)),
    0x80: lambda _stack: None,
    0x95: lambda _stack: None,
    ord("."): lambda _stack: None,
}


def _tokens(pieces: list[bytes], apart: list[int]) -> Iterator[tuple[int, bytes, int]]:
    for number, piece in enumerate(pieces):
        if number:
            yield _LARGE, b"", apart[number - 1]
        yield from tokens(piece)


def check_sharing(pieces: list[bytes], apart: list[int]) -> bool:
    """
    Refuse a complete pickle that would take too long, or nest too deep, to hash. Takes time linear in its length.

    Args:
        pieces: The pickle, in pieces where its large texts and bytes are kept apart.
        apart: The sizes of these, bytes, of which one stands between two pieces each.

    Returns:
        Whether its keys must be looked at one by one, since they could collide too often or cost too much to compare.
        CPython keys the hashes of texts and bytes with a secret, and those of plain numbers collide seldom; any number
        of tuples, frozensets, complex numbers or Decimals of one hash can be made up. Frozensets and texts keep their
        hashes, but two equal ones are compared item by item.

    Raises:
        Refused: it would, or its opcodes make no sense.
    """
    stack = _Stack(sum(map(len, pieces)) + sum(apart))
    for op, argument, size in _tokens(pieces, apart):
        effect = _EFFECTS.get(op)
        if effect is None:
            stack.items.append(_ATOM if size < BYTES_PER_STEP else _large_atom(op, size))
            continue
        stack.argument = argument
        try:
            effect(stack)
        except ValueError:
            raise Refused(f"the memo index {argument!r} is no number (spec PKL-4)", 0) from None
    return stack.composite_keys > MANY_BUILDS or stack.compares_left < 0
