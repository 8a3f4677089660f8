"""What a worker still owes when its input ends, and what it must not leave behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.cures import ONE_EACH
from spreadjobs_conform.endings import Endings
from spreadjobs_conform.findings import Finding
from spreadjobs_conform.messages import Reader
from spreadjobs_conform.patience import Wait
from spreadjobs_conform.responses import interpret, resembles, told
from spreadjobs_conform.stage import Stage
from spreadjobs_conform.values import show
from spreadjobs_conform.wire_json import JsonReader
from spreadjobs_conform.wire_pickle import FIRST_BYTES, PickleReader

MOST_SEARCHED_BYTES: Final = 1 << 20
"""Of what comes behind the last response, so many bytes are searched for further ones: it may be any text."""
MOST_TRIES: Final = 1000
STAY_S: Final = 0.25
"""For how long the process is watched while a response is due."""
_LINES: Final = re.compile(rb"^", re.MULTILINE)
_PICKLES: Final = re.compile(rb"^|(?=\x80[\x02-\x05])", re.MULTILINE)
"""Where a message may begin in text: at a line, and where a pickle says its protocol."""
_NO_RESPONSE: Final = frozenset({"RUN-3", "SHUT-6", "OPS-6"})
"""Requirements that say themselves that no response may come."""
_FIRST: Final = frozenset(bytes((first,)) for first in FIRST_BYTES)


class Leftovers(Endings):
    """A channel with the verbs about what is left at the end. The arguments are those of ``Channel``."""

    def __init__(self, candidate: Candidate, stage: Stage, blame: str) -> None:
        super().__init__(candidate, stage, blame)
        self.given_ids: set[int] = set()
        """The ids of all requests so far."""

    def released(self) -> None:
        """
        Makes sure that standard output ends once the process has exited. Spec SHUT-4, CMD-5.

        Raises:
            Hang: A process that it started still holds it.
        """
        began_s = self.stage.now_s()
        if not self.wait(lambda: not self.process.stdout_open, Wait.LETTING_GO):
            cure = "wait for child processes before exiting, or give them another standard output"
            due = "the end of standard output"
            self.hang(Wait.RELEASE, "no end of standard output", due, self.stage.now_s() - began_s, cure)
        self.checks += 1

    def stays_for_a_response(self) -> None:
        """
        Makes sure that the process that was executed is there while a response is due, for as long as ``STAY_S``.

        Raises:
            Finding: It has exited, and another process has its standard output still.
        """
        self.checks += 1
        end_s = self.stage.now_s() + STAY_S
        while not self._reader.pending() and self.stage.now_s() < end_s:
            gone = self.process.status() is not None
            # What it wrote before its exit is in the pipe now, so that nothing of the response came from it.
            self._read_what_is_there()
            if gone and self.process.stdout_open and not self._reader.pending():
                came = f"{self.process.describe()}, and a response is still due"
                cure = "wait for the processes that it started, or become the worker with exec"
                raise Finding("EXEC-3", came, "a process that stays until the worker has ended", cure)
            self.pump(0.01)

    def no_response(self) -> None:
        """
        Makes sure that no further response has come, nor what is meant for one; text is no response. Spec SHUT-7.

        Raises:
            Finding: One has.
        """
        self.checks += 1
        for begin, value in self.values_left():
            shown = self._response_in(value, first=not begin)
            if shown:
                requirement = self.blame if self.blame in _NO_RESPONSE else "RUN-3"
                raise Finding(requirement, f"{shown} came, which nobody asked for", "no further response", ONE_EACH)

    def _response_in(self, value: object, *, first: bool) -> str:
        """What a response in what is left says; "" if it is text that only looks like one."""
        tagged = self.candidate.tagged
        if tagged and resembles(value, self.given_ids.__contains__):
            return show(value)
        if not first and tagged:
            return ""  # With an id that no task had, behind other text.
        try:
            return told(interpret(value, tagged=tagged, by_number=self.candidate.codec == "json").first)
        except Finding:
            return ""

    def values_left(self) -> Iterator[tuple[int, object]]:
        """The complete messages in what came and was not taken, with their places in it; text may be between them."""
        data = self._reader.rest()[:MOST_SEARCHED_BYTES]
        by_line = self.candidate.codec == "json"
        behind = 0
        for tries, begin in enumerate(match.start() for match in (_LINES if by_line else _PICKLES).finditer(data)):
            if tries >= MOST_TRIES:
                return
            if begin < behind or (not by_line and data[begin : begin + 1] not in _FIRST):
                continue
            reader: Reader = JsonReader() if by_line else PickleReader()
            end = data.find(b"\n", begin) + 1 if by_line else len(data)
            reader.feed(data[begin:end])
            try:
                message = reader.next()
            except Finding:
                continue
            if message is not None:
                behind = begin + message.size_bytes
                yield begin, message.value
