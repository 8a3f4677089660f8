"""
The process of a played worker: it hands the kit what the master does to it, and does what the kit says.

The master under test executes it by its path; it imports nothing of the kit. Between it and the kit goes a socket, on
which each frame is a letter, a size and so many bytes.

To the kit: ``h`` who it is, ``d`` bytes from its standard input, ``e`` the end of that, ``w`` how many bytes were
written in all, or lost, ``p`` nobody reads its output, ``t`` TERM came, ``f`` a child's process id.

From the kit: ``W`` write to standard output, ``S`` to standard error, ``C`` close standard output, ``I`` close standard
input, ``P`` and ``R`` pause and resume reading, ``T`` ignore TERM, ``F`` start a child, ``X`` exit, ``K`` die by a
signal.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import stat
import struct
import sys
import time

HEADER = struct.Struct(">cI")
READ_BYTES = 1 << 16
MOST_QUEUED_BYTES = 1 << 20
MOST_DESCRIPTORS = 256
HINTS = ("SPREAD_JOBS_PROTOCOL", "SPREAD_JOBS_CODEC", "SPREAD_JOBS_WORKER")


class Played:
    """
    One played worker.

    Args:
        kit: The socket to the kit.
    """

    def __init__(self, kit: socket.socket) -> None:
        self._kit = kit
        self._commands = bytearray()
        self._waiting: list[tuple[bytes, bytes]] = []
        self._queues = {1: bytearray(), 2: bytearray()}
        self._queued_bytes = 0
        self._reads = False  # Until the kit says so: a case may be about a worker that does not.
        self._ignores_term = False
        self._woken, wake = os.pipe()
        for descriptor in (self._woken, wake, 1, 2):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def tell(self, letter: bytes, data: bytes = b"") -> None:
        """One frame to the kit."""
        try:
            self._kit.sendall(HEADER.pack(letter, len(data)) + data)
        except OSError:
            os._exit(1)

    def live(self) -> None:
        """Does what the kit says until it says how to end."""
        while True:
            self._obey()
            poller = select.poll()
            if not self._full():
                poller.register(self._kit, select.POLLIN)
            poller.register(self._woken, select.POLLIN)
            if self._reads:
                poller.register(0, select.POLLIN)
            for descriptor, queue in self._queues.items():
                if queue:
                    poller.register(descriptor, select.POLLOUT)
            for descriptor, _ in poller.poll():
                self._handle(descriptor)

    def _full(self) -> bool:
        return any(len(queue) >= MOST_QUEUED_BYTES for queue in self._queues.values())

    def _handle(self, descriptor: int) -> None:
        if descriptor == self._kit.fileno():
            data = self._kit.recv(READ_BYTES)
            if not data:
                os._exit(1)  # The kit is gone.
            self._commands += data
        elif descriptor == self._woken:
            os.read(self._woken, READ_BYTES)
            self.tell(b"t")
            if not self._ignores_term:
                _die(signal.SIGTERM)
        elif descriptor == 0:
            data = os.read(0, READ_BYTES)
            self._reads = bool(data)
            self.tell(b"d" if data else b"e", data)
        else:
            self._write(descriptor)

    def _write(self, descriptor: int) -> None:
        queue = self._queues[descriptor]
        try:
            del queue[: os.write(descriptor, queue[:READ_BYTES])]
        except BlockingIOError:
            return
        except OSError:
            queue.clear()
            if descriptor == 1:
                self.tell(b"p")
        if not any(self._queues.values()):
            self.tell(b"w", str(self._queued_bytes).encode())

    def _obey(self) -> None:
        while True:
            if len(self._commands) >= HEADER.size:
                letter, size = HEADER.unpack_from(self._commands)
                end = HEADER.size + size
                if len(self._commands) >= end:
                    self._waiting.append((letter, bytes(self._commands[HEADER.size : end])))
                    del self._commands[:end]
                    continue
            while self._waiting:
                letter, data = self._waiting[0]
                # What is to be done behind bytes that were written waits until they are in the pipe.
                if letter in b"CXK" and any(self._queues.values()):
                    return
                del self._waiting[0]
                self._do(letter, data)
            return

    def _do(self, letter: bytes, data: bytes) -> None:
        if letter in b"WS":
            self._queues[1 if letter == b"W" else 2] += data
            self._queued_bytes += len(data)
        elif letter in b"PR":
            self._reads = letter == b"R"
        elif letter == b"C":
            os.close(1)
        elif letter == b"I":
            self._reads = False
            os.close(0)
        elif letter == b"T":
            self._ignores_term = True
        elif letter == b"F":
            self._start_child(json.loads(data))
        elif letter == b"X":
            os._exit(data[0])
        else:
            _die(data[0])

    def _start_child(self, child: dict[str, float]) -> None:
        pid = os.fork()
        if pid:
            return self.tell(b"f", str(pid).encode())
        self._kit.close()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_IGN if child["ignores_term"] else signal.SIG_DFL)
        if child["leaves_group"]:
            os.setsid()
        os.close(0)
        if not child["holds_output"]:
            os.close(1)
            os.close(2)
        time.sleep(child["lasts_s"])
        os._exit(0)


def _die(number: int) -> None:
    signal.signal(number, signal.SIG_DFL) if number not in (signal.SIGKILL, signal.SIGSTOP) else None
    os.kill(os.getpid(), number)


def descriptors() -> dict[int, list[object]]:
    """What each open descriptor is: ``pipe``, ``socket`` or ``other``, with device and inode."""
    found: dict[int, list[object]] = {}
    for descriptor in range(MOST_DESCRIPTORS):
        try:
            status = os.fstat(descriptor)
        except OSError:
            continue
        kind = "pipe" if stat.S_ISFIFO(status.st_mode) else "socket" if stat.S_ISSOCK(status.st_mode) else "other"
        found[descriptor] = [kind, status.st_dev, status.st_ino]
    return found


def main() -> None:
    """Meets the kit, and lives."""
    inherited = descriptors()
    kit = socket.socket(socket.AF_UNIX)
    kit.connect(sys.argv[1])
    played = Played(kit)
    hello = {
        "slot": sys.argv[2],
        "arguments": [os.fsencode(argument).hex() for argument in sys.argv[3:]],
        "pid": os.getpid(),
        "session": os.getsid(0),
        "group": os.getpgid(0),
        "hints": {name: os.environ[name] for name in HINTS if name in os.environ},
        "descriptors": inherited,
    }
    played.tell(b"h", json.dumps(hello).encode())
    played.live()


if __name__ == "__main__":
    main()
