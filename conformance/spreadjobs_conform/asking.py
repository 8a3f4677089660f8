"""What the kit sends in a conversation: a preparation, and requests of every sort."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final

import attrs

from spreadjobs_conform import payloads
from spreadjobs_conform.candidate import Candidate, FailingSample, Ops, Sample
from spreadjobs_conform.channel import MEBIBYTE
from spreadjobs_conform.findings import HarnessFault, NotTestable
from spreadjobs_conform.leftovers import Leftovers
from spreadjobs_conform.patience import Wait
from spreadjobs_conform.stage import Stage
from spreadjobs_conform.values import show

SMALL_BYTES: Final = 1 << 13
"""So much fits into a pipe that nobody reads from."""
FIXED_PREPARATION: Final = (
    "it takes a preparation that the kit chooses, and the manifest says that this one ends by count (preparation_ends)"
)


@attrs.frozen
class Request:
    """A request of the kit, numbered from 1 in each conversation."""

    number: int
    task_id: int | None
    payload: object = attrs.field(repr=show)
    data: bytes = attrs.field(repr=False)
    sample: Sample | None = None

    def __str__(self) -> str:
        """As it stands in diagnoses."""
        return f"request {self.number}" + (f" (task {self.task_id})" if self.task_id is not None else "")


class Asking(Leftovers):
    """A channel with the verbs that send. The arguments are those of ``Channel``."""

    def __init__(self, candidate: Candidate, stage: Stage, blame: str) -> None:
        super().__init__(candidate, stage, blame)
        self._ids = itertools.count(stage.first_id())
        self._numbers = itertools.count(1)
        self._samples = itertools.count(1)
        self._outstanding: list[Request] = []
        self.items_sent: tuple[object, ...] = ()
        """Of the preparation."""

    def preparation(self, *items: object) -> list[bytes]:
        """
        The messages of a preparation: the manifest's items, those given, and the None that ends it, if one does.

        Raises:
            NotTestable: Items are given, and the worker takes a fixed number.
        """
        if items and self.candidate.preparation_counted:
            raise NotTestable(FIXED_PREPARATION)
        end = () if self.candidate.preparation_counted else (None,)
        self.items_sent = (*self.candidate.preparation, *items)
        return [self.encode(item) for item in (*self.items_sent, *end)]

    def open_preparation(self, *items: object) -> tuple[list[bytes], bytes]:
        """
        A preparation without its last message, and that message.

        Args:
            items: Sent too, if the worker takes any.

        Raises:
            NotTestable: The preparation of this worker has no message at all.
        """
        fixed = self.candidate.ops is Ops.ABSENT or self.candidate.preparation_counted
        messages = self.preparation(*(() if fixed else items))
        if not messages:
            raise NotTestable(FIXED_PREPARATION)
        return messages[:-1], messages[-1]

    def prepare(self, *items: object) -> None:
        """Sends a whole preparation."""
        end = () if self.candidate.preparation_counted else (None,)
        self.send_bytes(b"".join(self.preparation(*items)), f"preparation: {show([*items, *end])}")

    def request(
        self, payload: object, *, task_id: int | None = None, protocol: int | None = None, sample: Sample | None = None
    ) -> Request:
        """A request, not sent yet; its task id is the next one of the run unless one is given."""
        number = next(self._numbers)
        if not self.candidate.tagged:
            return Request(number, None, payload, self.encode(payload, protocol), sample)
        chosen = self._next_id(task_id)
        return Request(number, chosen, payload, self.encode((chosen, payload), protocol), sample)

    def _next_id(self, task_id: int | None = None) -> int:
        chosen = next(self._ids) if task_id is None else task_id
        self.given_ids.add(chosen)
        return chosen

    def sample(self, *, task_id: int | None = None, protocol: int | None = None) -> Request:
        """A request that this worker can be sent whatever it does: a sample of its own, or an echo."""
        number = next(self._samples)
        given = self.candidate.samples
        text = f"sample {number}"
        known = self.candidate.ops is not Ops.ABSENT and "op:echo" not in self.candidate.lacks
        chosen = given[(number - 1) % len(given)] if given else Sample(payloads.echo(text), text, known)
        return self.request(chosen.payload, task_id=task_id, protocol=protocol, sample=chosen)

    def raw_request(self, payload: object, render: Callable[[int], bytes]) -> Request:
        """A request whose bytes the case writes itself, from the task id."""
        chosen = self._next_id()
        return Request(next(self._numbers), chosen, payload, render(chosen))

    def sized_request(self, size_bytes: int) -> Request:
        """
        An echo of a str such that the message has exactly that size.

        Raises:
            HarnessFault: No length of the str gives that size.
        """
        chosen = self._next_id()
        length = size_bytes
        for _ in range(8):
            text = "x" * length
            payload = payloads.echo(text)
            data = self.encode((chosen, payload) if self.candidate.tagged else payload)
            if len(data) == size_bytes:
                task_id = chosen if self.candidate.tagged else None
                return Request(next(self._numbers), task_id, payload, data, Sample(payload, text, known=True))
            length = max(0, length + size_bytes - len(data))
        raise HarnessFault(f"no echo makes a request of {size_bytes} bytes")

    def failing(self) -> tuple[Request, FailingSample]:
        """A request whose task raises, and what is known about the failure."""
        chosen = self.candidate.failing
        if chosen is None and self.candidate.ops is not Ops.ABSENT:
            chosen = FailingSample(payloads.raising("ValueError", "as asked"), "ValueError", "as asked")
        if chosen is None:
            chosen = FailingSample(payloads.echo("any payload"))
        return self.request(chosen.payload), chosen

    def expect_requests(self, *requests: Request) -> None:
        """Notes that these requests are on their way, when the bytes were written by other verbs."""
        self._outstanding.extend(requests)

    def send(self, *requests: Request) -> None:
        """Sends requests in one write."""
        self.expect_requests(*requests)
        text = ", ".join(f"{request}: {show(request.payload)}" for request in requests[:3])
        more = f" and {len(requests) - 3} more" if len(requests) > 3 else ""  # noqa: PLR2004 - as above
        self.send_bytes(b"".join(request.data for request in requests), text + more)

    def send_with_end(self, *requests: Request) -> None:
        """
        Sends requests and ends standard input, so that the worker finds the end of both at once.

        Raises:
            Hang: The worker does not read.
        """
        self.expect_requests(*requests)
        data = b"".join(request.data for request in requests)
        if begun := data[:-SMALL_BYTES]:
            self.send_bytes(begun, "all but the end of the last requests")
        # Stopped meanwhile, it cannot answer between the two, however busy the machine. But it must have read so far.
        if self.wait(lambda: not self.process.unread_bytes, Wait.READING, mebibytes=len(begun) / MEBIBYTE):
            self.freeze()
        try:
            last, count = data[len(begun) :], len(requests)
            text = str(requests[0]) if count == 1 else f"{requests[0]} to {requests[-1]}"
            self.send_bytes(last, f"the end of {text}" if begun else text)
            self.close_stdin()
        finally:
            self.thaw()
