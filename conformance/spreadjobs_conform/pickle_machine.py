"""
The machine below the pickle reader: a cursor over bytes that may still grow, a stack, marks and a memo.

It resumes at an opcode, so finding the end of a message costs time in proportion to its size however it is cut, and
it builds nothing but the data model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NoReturn

from spreadjobs_conform.findings import Finding
from spreadjobs_conform.pickle_objects import admit, build, call, hashable
from spreadjobs_conform.values import show

MAX_MESSAGE_BYTES: Final = 1 << 28
MAX_NAME_BYTES: Final = 4096
HIGHEST_PROTOCOL: Final = 5


class NeedMoreError(Exception):
    """The bytes end inside an opcode."""


class PickleMachine:
    """One pickle, read opcode by opcode from a buffer that may still grow."""

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer
        self.position = 0
        """Behind the last opcode that was carried out."""
        self._at = 0
        self._searched = 0
        self._stack: list[object] = []
        self._marks: list[list[object]] = []
        self._memo: dict[int, object] = {}
        self._done = False

    def run(self, steps: Mapping[int, Callable[[PickleMachine], None]]) -> bool:
        """
        Goes on as far as the bytes reach.

        Args:
            steps: What to do at each opcode.

        Returns:
            Whether the pickle is complete; ``position`` is behind its last byte then.

        Raises:
            Finding: The bytes are no pickle of the data model.
        """
        try:
            while not self._done:
                self._at = self.position
                if self.position > MAX_MESSAGE_BYTES:
                    self.bad(f"the message goes on beyond {MAX_MESSAGE_BYTES} bytes")
                opcode = self.unsigned(1)
                step = steps.get(opcode)
                if step is None:
                    self._unknown(opcode)
                step(self)
                self.position = self._at
        except NeedMoreError:
            return False
        except (IndexError, KeyError, ValueError, TypeError, UnicodeError, OverflowError) as error:
            self.bad(f"{type(error).__name__}: {error}")
        return True

    def result(self) -> object:
        """The value, once ``run`` has returned True."""
        return self._stack[-1]

    # Bytes.

    def bad(self, why: str) -> NoReturn:
        """Refuses the message. Spec WIRE-1."""
        came = f"bytes that are no message: {why}, at byte {self.position}"
        raise Finding("WIRE-1", came, "one complete pickle of a tuple or list")

    def _unknown(self, opcode: int) -> NoReturn:
        if opcode in b"PQ\x82\x83\x84\x97\x98":
            what = "a persistent id, an extension code or an out-of-band buffer"
            raise Finding("PKL-9", f"the response holds {what} (opcode {opcode:#04x})", "plain pickle opcodes alone")
        self.bad(f"{bytes([opcode])!r} is no opcode")

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size > MAX_MESSAGE_BYTES:
            self.bad(f"an item claims {size} bytes")
        end = self._at + size
        if end > len(self._buffer):
            raise NeedMoreError
        taken = bytes(self._buffer[self._at : end])
        self._at = end
        return taken

    def unsigned(self, size: int) -> int:
        """An unsigned int of that many bytes."""
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        """A signed int of that many bytes."""
        return int.from_bytes(self.take(size), "little", signed=True)

    def counted(self, size: int) -> bytes:
        """Bytes with an unsigned count of that many bytes before them."""
        return self.take(self.unsigned(size))

    def counted_signed(self) -> bytes:
        """Bytes with a signed count of four bytes before them."""
        count = self.signed(4)
        if count < 0:
            self.bad("a negative count")
        return self.take(count)

    def line(self) -> bytes:
        """The bytes up to the next LF, which is taken too."""
        # The search goes on where it stopped: a long line that comes in pieces is searched once.
        end = self._buffer.find(b"\n", max(self._at, self._searched))
        if end < 0:
            self._searched = len(self._buffer)
            raise NeedMoreError
        self._searched = 0
        return self.take(end + 1 - self._at)[:-1]

    def name(self) -> str:
        """A line that is a name, and short."""
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            if len(self._buffer) - self._at > MAX_NAME_BYTES:
                self.bad("a name without an end")
            raise NeedMoreError
        return self.take(end + 1 - self._at)[:-1].decode("utf-8")

    # The stack.

    def push(self, value: object) -> None:
        """Puts a value on the stack."""
        self._stack.append(value)

    def pop(self) -> object:
        """Takes the last value."""
        return self._stack.pop()

    def pop_one_or_mark(self) -> None:
        """Drops the last value, or the mark if there is none above it."""
        if self._stack:
            self.pop()
        else:
            self.pop_mark()

    def repeat(self) -> None:
        """Puts the last value there once more."""
        self.push(self._stack[-1])

    def mark(self) -> None:
        """Sets a mark."""
        self._marks.append(self._stack)
        self._stack = []

    def pop_mark(self) -> list[object]:
        """Takes the values down to the last mark, and the mark."""
        items = self._stack
        self._stack = self._marks.pop()
        return items

    def tuple_of(self, count: int) -> None:
        """Makes one tuple of the last values."""
        if len(self._stack) < count:
            self.bad("too few values on the stack")
        self._stack[-count:] = [tuple(self._stack[-count:])]

    def append(self, items: list[object]) -> None:
        """Appends to the list on top."""
        target = self._stack[-1]
        if not isinstance(target, list):
            self.bad(f"items are appended to {show(target)}")
        target.extend(items)

    def set_items(self, items: list[object]) -> None:
        """Sets keys and values of the dict on top."""
        target = self._stack[-1]
        if not isinstance(target, dict):
            self.bad(f"items are set in {show(target)}")
        if len(items) % 2:
            self.bad("a key without a value")
        for index in range(0, len(items), 2):
            target[hashable(items[index])] = items[index + 1]

    def add(self, items: list[object]) -> None:
        """Adds members to the set on top."""
        target = self._stack[-1]
        if not isinstance(target, set):
            self.bad(f"members are added to {show(target)}")
        target.update(hashable(item) for item in items)

    def put(self, index: int | None) -> None:
        """Remembers the last value, under the next free number unless one is given."""
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

    def get(self, index: int) -> None:
        """Puts a remembered value on the stack. Spec PKL-7."""
        if index not in self._memo:
            raise Finding(
                "PKL-7",
                f"the response refers to memo entry {index}, which this message never made",
                "a message that refers to nothing in an earlier message",
                "write every message with a fresh Pickler (pickle.dump), not with one that is kept",
            )
        self.push(self._memo[index])

    def protocol(self) -> None:
        """Checks the protocol number. Spec PKL-4."""
        number = self.unsigned(1)
        if number > HIGHEST_PROTOCOL:
            raise Finding("PKL-4", f"the response is a pickle of protocol {number}", "a protocol from 0 to 5")

    def stop(self) -> None:
        """Ends the pickle; exactly one value must be left."""
        if self._marks or len(self._stack) != 1:
            self.bad("the pickle stops with values left over")
        self._done = True

    # Objects.

    def make(self, function: object, args: object, named: object = None) -> None:
        """Puts on the stack what a call builds."""
        if named:
            self.bad("keyword arguments")
        self.push(call(function, args))

    def global_in_stack(self) -> None:
        """A global whose module and name are the last two values."""
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            self.bad("a global without a name")
        self.push(admit(module, name))

    def set_state(self) -> None:
        """Gives the object below the state on top."""
        state = self.pop()
        build(self._stack[-1], state)
