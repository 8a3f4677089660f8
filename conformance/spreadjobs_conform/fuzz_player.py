"""Has a conversation that was thought up with a worker, and judges all that the worker does in it."""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

from spreadjobs_conform.asking import Request
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.cures import CLEAN_END, unasked_cure
from spreadjobs_conform.findings import Finding, HarnessFault
from spreadjobs_conform.fuzz_judge import RULES, Deviation, judge_response
from spreadjobs_conform.fuzz_play import Close, LetRead, Move, Play, Stop, TakeResponses, Write
from spreadjobs_conform.fuzz_script import op_of
from spreadjobs_conform.rehearsal import Read
from spreadjobs_conform.responder import Leaving, Reply
from spreadjobs_conform.responses import told
from spreadjobs_conform.values import show

COARSE_S: Final = 0.02
"""By so much a sleep may seem shorter: some clocks are a little coarse."""
SHOWN_MESSAGES: Final = 3


class Player:
    """
    One conversation with one worker.

    Args:
        play: What is written and waited for.
        conv: The worker's channel.
    """

    def __init__(self, play: Play, conv: Conversation) -> None:
        self.play = play
        self.conv = conv
        self.ops: Counter[str] = Counter()
        """The payloads that were answered as is due."""
        self.lacking = 0
        """Failures in place of values that the worker's language lacks."""
        self._written = 0
        self._number = 0
        self._sent = 0
        """How many messages are written whole."""
        self._due: deque[tuple[Request, Reply, float]] = deque()
        self._stopped = False
        self._over = False
        self.finding: Finding | None = None
        """What the worker did wrong, if it did."""

    def have(self) -> None:
        """
        Have the conversation.

        Raises:
            Finding: The worker broke a requirement.
            NotTestable: It left by itself, as RUN-13 allows.
        """
        self.conv.start()
        try:
            for move in self.play.moves:
                self._make(move)
            # What is still due is waited for, also where the input stays open.
            self._take(len(self._due), "RUN-3")
            if self.play.leaves is not None and not self._over:
                self._leaves(self.play.leaves)
        except Finding as finding:
            self.finding = finding
            raise
        finally:
            self._thaw()

    def _make(self, move: Move) -> None:
        match move:
            case Write(size):
                self._write(size)
            case LetRead():
                self._let_read()
            case TakeResponses(count):
                self._take(count, "RUN-3")
            case Stop():
                self._stop()
            case Close():
                self._close()

    # The master's side.

    def _write(self, size_bytes: int) -> None:
        begin, end = self._written, self._written + size_bytes
        if not self._due and not self._is_leaving():
            self._is_silent()
        complete: list[Read] = []
        for read in self.play.reads[self._sent :]:
            if read.offset + read.size_bytes > end:
                break
            complete.append(read)
        self._sent += len(complete)
        self._written = end
        data = self.play.data[begin:end]
        now_s = self.conv.stage.now_s()
        requests = [self._completed(read, now_s) for read in complete]
        self.conv.send_bytes(data, self._told(complete, requests, begin, end))

    def _completed(self, read: Read, now_s: float) -> Request | None:
        """Notes what is due now that the last byte of a message is written; the request, if it is one."""
        if read.doing is None:
            self.conv.items_sent = (*self.conv.items_sent, *(() if read.value is None else (read.value,)))
            return None
        self._number += 1
        task_id, payload = _parts(read.value) if self.conv.candidate.tagged else (None, read.value)
        data = self.play.data[read.offset : read.offset + read.size_bytes]
        request = Request(self._number, task_id, payload, data)
        if task_id is not None:
            self.conv.given_ids.add(task_id)
        if isinstance(read.doing, Reply):
            self.conv.expect_requests(request)
            self._due.append((request, read.doing, now_s))
        return request

    def _told(self, complete: list[Read], requests: list[Request | None], begin: int, end: int) -> str:
        texts = [
            f"item {show(read.value)}" if request is None else f"{request}: {show(request.payload)}"
            for read, request in zip(complete, requests, strict=True)
        ]
        more = [f"and {len(texts) - SHOWN_MESSAGES} more"] if len(texts) > SHOWN_MESSAGES else []
        shown = [*texts[:SHOWN_MESSAGES], *more]
        first = complete[0].offset if complete else self.play.reads_end
        shown = [f"the end of {shown[0]}", *shown[1:]] if complete and first < begin else shown
        last = complete[-1].offset + complete[-1].size_bytes if complete else begin
        if last < end:
            inside = "behind the payload exit" if self._is_leaving() else "inside a message"
            shown.append(f"{end - last} bytes {inside}")
        return ", ".join(shown)

    def _is_leaving(self) -> bool:
        """Whether the worker was told to exit."""
        return self.play.leaves is not None and self._sent == len(self.play.reads)

    def _is_silent(self) -> None:
        """Makes sure that nothing came while no request was unanswered. Spec PREP-3, RUN-3, WIRE-4."""
        self.conv.pump(0.0)
        data = self.conv.rest()
        if data:
            asked = self._number > 0
            when = "while no request was unanswered" if asked else "before the first request was sent"
            cure = unasked_cure(data, self.conv.candidate.codec, has_answered=self.conv.has_answered)
            came = f"{data[:80]!r} came on standard output {when}"
            raise Finding("RUN-3" if asked else "PREP-3", came, "nothing", cure, also=("WIRE-4",))

    def _let_read(self) -> None:
        self.conv.drained()
        if not self._due and not self._is_leaving():
            self._is_silent()

    def _stop(self) -> None:
        # What the pipe does not hold could not be written to a worker that is stopped.
        if self.conv.drained():
            self.conv.freeze()
            self._stopped = True

    def _thaw(self) -> None:
        if self._stopped:
            self._stopped = False
            self.conv.thaw()

    def _close(self) -> None:
        if not self._due and not self._is_leaving():
            self._is_silent()
        # A worker that is slow reads the last of many requests late, and yet goes on answering.
        while self.conv.process.unwritten_bytes and self._due and not self._stopped:
            self._take(1, "RUN-3")
        self.conv.blame = "RUN-7" if self._number else "PREP-4"
        self.conv.close_stdin()
        self._thaw()
        self._take(len(self._due), "SHUT-2")
        self._over = True
        leaves = self.play.leaves
        if leaves is not None:
            self._leaves(leaves)
        else:
            self._ends()

    # What is due from the worker.

    def _take(self, count: int, blame: str) -> None:
        for _ in range(min(count, len(self._due))):
            request, due, sent_s = self._due.popleft()
            self.conv.blame = blame
            response = self.conv.response(request)
            took_s = self.conv.stage.now_s() - sent_s
            held = judge_response(request, response, due, by_number=self.conv.candidate.codec == "json")
            if took_s < due.took_s - COARSE_S:
                came = f"the answer to {request}, {show(request.payload)}, came after {took_s:.3f} s"
                raise Deviation("sleep: too early", "OPS-5", came, f"no answer before {due.took_s} s are over")
            self.ops[op_of(request.payload)] += 1
            self.lacking += not held

    def _leaves(self, leaving: Leaving) -> None:
        conv = self.conv
        conv.blame = RULES["exit"]
        due = f"exit with status {leaving.status}, without an answer"
        response = conv.arrives_before_exit(due)
        if response is not None:
            raise Deviation("exit: a response", conv.blame, f"{told(response.first)} came for the payload exit", due)
        status = conv.exits()
        conv.check(status == leaving.status, f"exit status {status}", f"exit status {leaving.status}")
        conv.no_response()
        self._lets_go()
        self.ops["exit"] += 1

    def _ends(self) -> None:
        conv, play = self.conv, self.play
        inside = play.reads_end < len(play.data)
        conv.blame = "SHUT-3" if self._number else "PREP-5"
        status = conv.exits()
        conv.blame = "SHUT-6" if inside else "RUN-3"
        conv.no_response()
        self._lets_go()
        if not inside and status != 0:
            raise Deviation("exit status", "SHUT-5", f"exit status {status}", "exit status 0", CLEAN_END)

    def _lets_go(self) -> None:
        self.conv.blame = "SHUT-4"
        self.conv.released()


def _parts(request: object) -> tuple[int, object]:
    """The task id and the payload of a request of the kit."""
    match request:
        case [int(task_id), payload]:
            return task_id, payload
        case _:
            raise HarnessFault(f"{show(request)} is no request")
