"""The end of a worker, and of what it writes: verbs about its exit, its pipes, and what it does when its input ends."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform.channel import MEBIBYTE, STEP_S, Channel
from spreadjobs_conform.patience import Wait
from spreadjobs_conform.process import describe_status

MOST_LAST_READS: Final = 16
"""So many reads take all that fits into the pipe of a process that has exited."""


class Endings(Channel):
    """A channel with the verbs about ends. The arguments are those of ``Channel``."""

    def alive(self, when: str) -> None:
        """Makes sure that the process that was executed has not exited yet."""
        status = self.process.status()
        gone = describe_status(status) if status is not None else ""
        self.check(status is None, f"the worker has {gone} {when}", "a process that goes on")

    def close_stdin(self) -> None:
        """
        Ends the worker's standard input, when all that was sent is in the pipe.

        Raises:
            Hang: The worker does not read.
        """
        began_s = self.stage.now_s()
        mebibytes = self.process.unwritten_bytes / MEBIBYTE
        if not self.wait(lambda: not self.process.unwritten_bytes, Wait.READING, mebibytes=mebibytes):
            self.hang(Wait.READING, "what was sent is not read", "a worker that reads", self.stage.now_s() - began_s)
        self.note("kit", "closed the worker's standard input")
        self.process.close_stdin()

    def exits(self) -> int:
        """
        Waits for the exit of the process that was executed; its status.

        Raises:
            Hang: It is still there after the limit.
        """
        began_s = self.stage.now_s()
        if not self.wait(lambda: self.process.status() is not None, Wait.EXIT):
            due = "exit after the end of its standard input"
            cure = "end the loop at the end of standard input, and end threads and child processes too"
            self.hang(Wait.EXIT, "no exit", due, self.stage.now_s() - began_s, cure)
        status = self.process.status()
        if status is None:
            raise AssertionError("a status that was seen stays")
        self._read_what_is_there()
        self.note("worker", describe_status(status))
        self.checks += 1
        return status

    def _read_what_is_there(self) -> None:
        """What a process wrote before its exit is in the pipe; something that it left behind may write for ever."""
        for _ in range(MOST_LAST_READS):
            before = self.process.received_bytes
            self.pump(0.0)
            if self.process.received_bytes == before:
                return

    def released(self) -> None:
        """
        Makes sure that standard output ends once the process has exited. Spec SHUT-4, CMD-5.

        Raises:
            Hang: A process that it started still holds it.
        """
        began_s = self.stage.now_s()
        if not self.wait(lambda: not self.process.stdout_open, Wait.RELEASE):
            cure = "wait for child processes before exiting, or give them another standard output"
            due = "the end of standard output"
            self.hang(Wait.RELEASE, "no end of standard output", due, self.stage.now_s() - began_s, cure)
        self.checks += 1

    def ends_or(self, seconds: float) -> None:
        """Waits until standard output has ended, for at most that time."""
        end_s = self.stage.now_s() + seconds
        while self.process.stdout_open and (remaining_s := end_s - self.stage.now_s()) > 0:
            self.pump(min(remaining_s, STEP_S))

    def rest(self) -> bytes:
        """What came on standard output and belongs to no response that was taken; for use after the exit."""
        self.pump(0.0)
        return self._reader.pending()
