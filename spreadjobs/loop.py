"""
The loop: one thread, one selector, all workers. Nothing else reads and writes pipes, starts processes, reads a clock.

It decides nothing: what happened goes to the plan as facts, and what the plan orders is done.
"""

from __future__ import annotations

import math
import selectors
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final, Literal, TypeAlias, assert_never

from spreadjobs.abridge import command_text
from spreadjobs.channel import Channel, Witness
from spreadjobs.codec import make_decoder
from spreadjobs.cures import likely_cure, start_cure
from spreadjobs.errors import CannotEncode
from spreadjobs.events import (
    HOPELESS,
    Came,
    CloseStdin,
    Discard,
    Exited,
    Fact,
    Kill,
    Launch,
    NotStarted,
    Order,
    Say,
    Send,
    Show,
    Started,
    StdinBroken,
    StdoutEnded,
    Terminate,
    Took,
    Unencodable,
)
from spreadjobs.interrupts import deferred_interrupt
from spreadjobs.means import Means
from spreadjobs.messages import Undecodable
from spreadjobs.plan import Plan
from spreadjobs.states import State

SWEEP_S: Final = 0.5
"""How often processes are looked at whose output did not end: a grandchild may hold the pipe of a dead worker."""
SHORTEST_POLL_S: Final = 0.001
"""First wait for the exit of a process whose output has ended; it doubles up to ``LONGEST_POLL_S``."""
LONGEST_POLL_S: Final = 0.05
LAST_READS: Final = 4096
"""Most reads of what a dead worker left in its pipe: a grandchild could fill it for ever."""

_Pipe: TypeAlias = Literal["stdin", "stdout", "stderr"]


class Loop:
    """
    Serves the workers of one Master.

    Args:
        means: What it works with.
        plan: What decides.
        last_words: The plan's view of the workers' stderr, filled here.
    """

    def __init__(self, means: Means, plan: Plan, last_words: dict[int, Sequence[str]]) -> None:
        self.plan = plan
        self.outputs: dict[int, list[bytes]] = {}
        """What each slot's workers wrote after their last answers, by the slot's index."""
        self._means = means
        self._last_words = last_words
        self._selector = selectors.DefaultSelector()
        self._watched: dict[int, tuple[Channel, _Pipe]] = {}
        """Whose pipe each selected descriptor is."""
        self._channels: dict[int, Channel] = {}
        self.witness = Witness(self._channels)
        self._dying: dict[int, tuple[float, float]] = {}
        """Workers whose exit is awaited: when to look next, and how long to wait after that."""
        self._next_sweep_s = 0.0
        self._launched = False

    # --- one turn

    def turn(self, *, patience_s: float) -> None:
        """
        Wait for something to happen, take notice of all of it, then look at the time limits.

        Args:
            patience_s: Longest wait, seconds.
        """
        ready = [self._watched[selected.fd] for selected, _ in self._selector.select(self._wait_s(patience_s))]
        self.plan.note_ready(len(ready))
        if len(ready) > 1:
            ready.sort(key=lambda pair: pair[1] == "stdout")  # What a worker said before its answer is known by then.
        for channel, pipe in ready:
            if self._channels.get(channel.key) is channel:
                self._serve(channel, pipe)
        now_s = time.monotonic()
        if self._dying or now_s >= self._next_sweep_s:
            self._look_for_exits(now_s)
            now_s = time.monotonic()
        if self.plan.wake_s() <= now_s:
            self.obey(self.plan.tick(now_s))
        self._means.console.flush()

    def hand_out(self) -> None:
        """Start workers where work waits, and send what can be sent."""
        orders = self.plan.dispatch(time.monotonic())
        self._launched = False
        self.obey(orders)

    def _wait_s(self, patience_s: float) -> float:
        if not patience_s or self._launched or self.plan.eager:
            return 0.0  # There are more to start, or those just started wait for their first task.
        now_s = time.monotonic()
        until_s = min(now_s + patience_s, self.plan.wake_s(), self._next_sweep_s if self._channels else math.inf)
        for look_s, _ in self._dying.values():
            until_s = min(until_s, look_s)
        return max(0.0, until_s - now_s)

    def _watch(self, fd: int, channel: Channel, pipe: _Pipe) -> None:
        self._watched[fd] = channel, pipe
        self._selector.register(fd, selectors.EVENT_WRITE if pipe == "stdin" else selectors.EVENT_READ)

    def _unwatch(self, fd: int) -> None:
        self._selector.unregister(fd)
        del self._watched[fd]

    def _serve(self, channel: Channel, pipe: _Pipe) -> None:
        if self._is_forgotten(channel):
            return
        if pipe == "stdin":
            self._write(channel)
        elif pipe == "stderr":
            self._read_stderr(channel)
        else:
            data = channel.read()
            if data is not None:
                self._take(channel, data)

    def _tell(self, channel: Channel, fact: Fact) -> None:
        if not self._is_forgotten(channel):
            self.obey(self.plan.handle(channel.key, fact, time.monotonic()))

    def _is_forgotten(self, channel: Channel) -> bool:
        """Whether the plan has let go of a worker and an interrupt (Ctrl-C) kept its Discard from being obeyed."""
        if channel.key in self.plan.workers:
            return False
        if channel.key in self._channels:
            self._discard(channel, text_due=False)
        return True

    # --- reading

    def _take(self, channel: Channel, data: bytes) -> None:
        """What was read from a worker's standard output."""
        if not data:
            self._end_of_stdout(channel)
            return
        machine = self.plan.workers[channel.key].machine
        if machine.state is State.PREPARATION:
            self._tell(channel, Came((), undue=data[:80], cure=likely_cure(data, self._means.settings.codec)))
            return
        while machine.state is not State.ENDED:
            limit = len(machine.outstanding) if machine.state is State.SHUTDOWN else None
            try:
                messages = channel.decoder.feed(data, limit=limit)
            except Undecodable as error:
                self._tell(
                    channel,
                    Came(error.messages, undue=error.quote, fault=error.reason, cure=error.cure, refused=error.refused),
                )
                return
            if messages or limit is not None:  # Text has no messages, and yet restarts the limit of shutdown.
                self._tell(channel, Came(messages))
            # In shutdown an Alive may have used up the limit: what follows it may still be a response.
            if not messages or limit is None or not machine.outstanding:
                break
            data = b""
        if machine.state is State.SHUTDOWN and channel.decoder.buffered() > self._means.settings.max_message_bytes:
            self._tell(channel, Came((), undue=data[:80], fault="more text than max_message_bytes (spec SEC-2)"))
        if machine.state is State.RUNNING and not machine.outstanding and channel.decoder.buffered():
            undue = channel.decoder.rest().lstrip(b"\n")[:80]
            self._tell(channel, Came((), undue=undue, cure=likely_cure(undue, self._means.settings.codec)))

    def _end_of_stdout(self, channel: Channel) -> None:
        if not channel.stdout_open:
            return
        channel.stdout_open = False
        self._unwatch(channel.connection.stdout_fd)
        machine = self.plan.workers[channel.key].machine
        text_due = machine.state is State.SHUTDOWN and not machine.outstanding
        inside = channel.decoder.buffered() > 0 and not text_due
        self._await_exit(channel)
        self._tell(channel, StdoutEnded(inside_message=inside))

    def _read_stderr(self, channel: Channel) -> bool:
        """Pass on what its standard error has; False if there was nothing."""
        lines = channel.read_stderr()
        fd = channel.connection.stderr_fd
        if not channel.stderr_open and fd is not None:
            self._unwatch(fd)
        self._means.console.pass_on(lines or [])
        return lines is not None

    # --- writing

    def _write(self, channel: Channel) -> None:
        """Write what goes; be told of the pipe when the rest can go."""
        if not channel.stdin_open:
            return
        if channel.write_watched:
            self._unwatch(channel.connection.stdin_fd)
            channel.write_watched = False
        if not channel.write():
            self._tell(channel, StdinBroken())
        elif channel.has_unwritten:
            self._watch(channel.connection.stdin_fd, channel, "stdin")
            channel.write_watched = True

    # --- orders

    def obey(self, orders: Sequence[Order]) -> None:
        """
        Do all that the plan ordered, also where the caller's code raises: the first exception is raised at the end.

        Raises:
            Exception: what the timing callback, the connection factory or the caller's stdout raised.
        """
        raised: Exception | None = None
        for order in orders:
            try:
                self._obey_one(order)
            except Exception as error:  # noqa: BLE001 - it is raised below
                raised = raised or error
        if raised is not None:
            raise raised

    def _obey_one(self, order: Order) -> None:
        match order:
            case Send() | CloseStdin() | Terminate() | Kill() | Discard():
                channel = self._channels.get(order.worker)
                if channel is not None:
                    self._obey_for(channel, order)
            case Took():
                if self._means.timing is not None:
                    self._means.tell_times(self._means.timing, order.sent_s, order.answered_s)
            case Show():
                self._means.console.show(order.task_index, order.out, order.err)
            case Say():
                self._means.console.say(order.text, warning=order.warning)
            case Launch():
                with deferred_interrupt():
                    self._launch(order)
            case _:
                assert_never(order)

    def _obey_for(self, channel: Channel, order: Send | CloseStdin | Terminate | Kill | Discard) -> None:
        match order:
            case Send():
                self._send(channel, order)
            case CloseStdin():
                channel.closing = True
                self._write(channel)
            case Terminate():
                channel.connection.signal_group(signal.SIGTERM)
                self._await_exit(channel)
            case Kill():
                channel.connection.signal_group(signal.SIGKILL)
                self._await_exit(channel)
            case Discard():
                with deferred_interrupt():
                    self._discard(channel, text_due=order.text_due)
            case _:
                assert_never(order)

    def _send(self, channel: Channel, order: Send) -> None:
        encode = self._means.encoder.encode
        tagged = self._means.settings.dialect == "tagged"
        encoded: list[bytes] = []
        unencodable: list[Unencodable] = []
        for request in order.requests:
            try:
                encoded.append(encode(request if tagged else request[1]))
            except CannotEncode as error:
                task_id, payload = request
                unencodable.append(Unencodable(task_id, f"its payload, of type {type(payload).__name__}: {error}"))
        if self.plan.ledger.keeps:
            lost = {fact.task_id for fact in unencodable}
            self.plan.ledger.note_sent([task_id for task_id, _ in order.requests if task_id not in lost], encoded)
        channel.put(encoded)
        self._write(channel)
        for fact in unencodable:
            if channel.key in self.plan.workers:
                self._tell(channel, fact)

    def _launch(self, order: Launch) -> None:
        self._launched = True
        means = self._means
        slot = means.slots[order.slot]
        try:
            connection = means.start(slot, order.name)
        except OSError as error:
            reason = f"cannot start {slot.arguments[0]!r}: {error}{start_cure(slot.arguments[0], error)}"
            fact = NotStarted(reason, hopeless=error.errno in HOPELESS)
            self.obey(self.plan.handle(order.worker, fact, time.monotonic()))
            return
        except Exception as error:
            fact = NotStarted(f"the connection factory raised {error!r}", hopeless=True)
            self.obey(self.plan.handle(order.worker, fact, time.monotonic()))
            raise
        shown = f"{order.name} {slot.name}" if slot.name else order.name
        channel = Channel(order.worker, shown, order.slot, connection, make_decoder(means.settings))
        self._channels[order.worker] = channel
        self._last_words[order.worker] = channel.stderr.last
        self._watch(connection.stdout_fd, channel, "stdout")
        if connection.stderr_fd is not None:
            self._watch(connection.stderr_fd, channel, "stderr")
        means.console.say(f"{shown}: started {command_text(slot.arguments)}")
        channel.put(list(means.preparation))
        self._tell(channel, Started())
        self._write(channel)

    # --- ends

    def _await_exit(self, channel: Channel) -> None:
        if not channel.exited and channel.key not in self._dying:
            self._dying[channel.key] = (time.monotonic() + SHORTEST_POLL_S, SHORTEST_POLL_S)

    def _look_for_exits(self, now_s: float) -> None:
        """See which processes have ended: often where it is expected, now and then everywhere."""
        if now_s >= self._next_sweep_s:
            self._next_sweep_s = now_s + SWEEP_S
            keys = list(self._channels)
        else:
            keys = [key for key, (look_s, _) in self._dying.items() if look_s <= now_s]
        for key in keys:
            channel = self._channels.get(key)
            if channel is None or channel.exited or self._is_forgotten(channel):
                self._dying.pop(key, None)
                continue
            ended = channel.connection.poll()
            if ended is not None:
                channel.exited = True
                self._dying.pop(key, None)
                try:
                    self._read_the_rest(channel)
                finally:
                    self._tell(channel, Exited(ended))
            elif key in self._dying:
                pause_s = min(2 * self._dying[key][1], LONGEST_POLL_S)
                self._dying[key] = (now_s + pause_s, pause_s)

    def _read_the_rest(self, channel: Channel) -> None:
        """What a dead worker left in its pipes counts before its end does."""
        for _ in range(LAST_READS):
            if not (channel.stderr_open and self._read_stderr(channel)):
                break
        for _ in range(LAST_READS):
            data = channel.read() if channel.stdout_open else None
            if data is None:
                return
            self._take(channel, data)

    def _discard(self, channel: Channel, *, text_due: bool) -> None:
        """Let go of a worker that has ended; what it wrote after its last answer is kept. Spec SHUT-8."""
        del self._channels[channel.key]
        del self._last_words[channel.key]
        if text_due:
            self.outputs.setdefault(channel.place, []).append(channel.decoder.rest())
        self._dying.pop(channel.key, None)
        if channel.stdout_open:
            self._unwatch(channel.connection.stdout_fd)
        if channel.stderr_open and channel.connection.stderr_fd is not None:
            self._unwatch(channel.connection.stderr_fd)
        if channel.write_watched:
            self._unwatch(channel.connection.stdin_fd)
        self._means.console.pass_on(channel.stderr.finish())
        channel.discard()

    def close(self) -> None:
        """Kill and reap whatever is left, and give back every descriptor. A second call does nothing."""
        channels = list(self._channels.values())
        self._channels.clear()
        self._selector.close()
        with ExitStack() as stack:  # All is done, whatever a connection raises; the last one named is the first.
            for channel in channels:
                stack.callback(channel.discard)
                stack.callback(self._means.console.pass_on, channel.stderr.finish())
            for channel in channels:
                stack.callback(channel.connection.signal_group, signal.SIGKILL)
