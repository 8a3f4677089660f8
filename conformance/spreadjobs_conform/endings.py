"""The end of a worker, and of what it writes: verbs about its exit, its pipes, and what it does when its input ends."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform.channel import MEBIBYTE, STEP_S, Channel
from spreadjobs_conform.cures import FLUSH, FLUSH_EACH, KEEP_READ, ONE_MESSAGE
from spreadjobs_conform.diagnosis import HangClass
from spreadjobs_conform.findings import Finding, Hang, NotTestable
from spreadjobs_conform.observe import CHILD_READS
from spreadjobs_conform.patience import Wait
from spreadjobs_conform.process import describe_status

STAYS_OPEN: Final = "standard input open until its end is read"
KEEP_OPEN: Final = "read standard input to its end, and do not close it before"
NEEDS_IT: Final = "RUN-13 allows that, and the kit needs it to stay"
LEAVES_S: Final = 0.1
"""So long after the exit of a process the end of its pipe may be seen."""
MORE_S: Final = 0.5
"""For how long one more byte may help a worker that does not answer."""
END_S: Final = 1.0
"""The same of the end of its input."""
MOST_LAST_READS: Final = 16
"""So many reads take all that fits into the pipe of a process that has exited."""


class Endings(Channel):
    """A channel with the verbs about ends. The arguments are those of ``Channel``."""

    def alive(self, when: str) -> None:
        """
        Makes sure that the process that was executed has not exited yet.

        Raises:
            Finding: It has.
            NotTestable: It has left by itself, as RUN-13 allows.
        """
        status = self.process.status()
        if status is not None and self.has_answered and self.has_left():
            raise NotTestable(f"it left by itself, with status 0, {when}; {NEEDS_IT}")
        gone = describe_status(status) if status is not None else ""
        self.check(status is None, f"the worker has {gone} {when}", "a process that goes on")

    def has_read(self, what: str) -> None:
        """
        Makes sure that the worker has taken what it was sent, as far as the system tells.

        What a worker then leaves undone shows something; of one that has not come so far it shows nothing.

        Raises:
            NotTestable: It has not within the limit.
            Finding: It never will: it has exited, or closed its standard input.
        """
        self.pump(0.0)
        self.drained()
        unread = self.process.unread_bytes
        if not self.wait(lambda: not self.process.unread_bytes or self.process.stdin_broken, Wait.READING):
            raise NotTestable(f"{unread} bytes of {what} were never read, so what comes after them cannot be seen")
        if unread := self.process.unread_bytes:
            # A process that exits closes its files a moment before.
            self.linger()
            self.alive(f"before it had read {what}")
            requirement = "RUN-7" if self.has_answered else "PREP-4"
            came = f"the worker closed its standard input when {unread} bytes of {what} were unread"
            raise Finding(requirement, came, STAYS_OPEN, KEEP_OPEN, also=("RUN-7",))
        self.note("kit", f"saw that {what} was read")
        self.checks += 1

    def listens(self, when: str) -> None:
        """
        Makes sure that the worker has not closed its standard input before its end.

        Raises:
            Finding: It has.
        """
        self.alive(when)
        self.pump(0.0)
        broken = self.process.stdin_broken
        self.check(not broken, "the worker closed its standard input before the kit did", STAYS_OPEN, KEEP_OPEN)

    def has_left(self) -> bool:
        """Whether the worker has left by itself, as far as its end shows: at a message boundary, with status 0."""
        if self.process.status() != 0 or not self.input_open or self.was_stopped:
            return False
        self.ends_or(LEAVES_S)
        return not self.process.stdout_open and not self._reader.pending()

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
        self._close()

    def _close(self) -> None:
        self.process.close_stdin()
        self.input_open = False

    def exits(self) -> int:
        """
        Waits for the exit of the process that was executed, after the end of its standard input; its status.

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

    def find_out(self, hang: Hang, further: bytes) -> None:
        """
        Gives a worker that does not answer one byte more, then the end of its input, and says which of them helped.

        Args:
            hang: What is known so far; what is found out is added.
            further: The byte.
        """
        state = self.process.describe()
        cut = hang.cut and not self.must_find_out
        still_reads = self.input_open and self.process.stdout_open and self.process.status() is None
        if cut or not still_reads or CHILD_READS in state or self.rest():
            return
        self.send_bytes(further, "the first byte of a further request")
        self._until_something_comes(MORE_S)
        if self.rest():
            hang.also = (*hang.also, "WIRE-7")
            if hang.requirement == "WIRE-3":  # It does write at once, when it has read at last.
                hang.requirement = "WIRE-7"
            hang.sort = HangClass.WANTS_MORE.value
            hang.came += "; the response came when one more byte did"
            hang.cure = ONE_MESSAGE
            return
        self._close()
        self.note("kit", "closed the worker's standard input")
        self._until_something_comes(END_S)
        if self.rest():
            hang.also = ("WIRE-3", *hang.also)
            hang.sort = HangClass.HELD_BACK.value
            hang.came += "; the response came when standard input was closed"
            hang.cure = FLUSH_EACH
        else:
            hang.came += "; no response came when standard input was closed either"
            hang.cure = KEEP_READ if hang.cure == FLUSH else hang.cure

    def _until_something_comes(self, seconds: float) -> None:
        end_s = self.stage.now_s() + seconds
        while self.process.stdout_open and not self._reader.pending():
            remaining_s = end_s - self.stage.now_s()
            if remaining_s <= 0:
                return
            self.pump(min(remaining_s, STEP_S))

    def ends_or(self, seconds: float) -> None:
        """Waits until standard output has ended, for at most that time."""
        end_s = self.stage.now_s() + seconds
        while self.process.stdout_open and (remaining_s := end_s - self.stage.now_s()) > 0:
            self.pump(min(remaining_s, STEP_S))

    def rest(self) -> bytes:
        """What came on standard output and belongs to no response that was taken; for use after the exit."""
        self.pump(0.0)
        return self._reader.pending()
