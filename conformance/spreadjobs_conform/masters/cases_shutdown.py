"""Cases: how a master ends its workers, and what it makes of their last text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.cast import Role
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.masters.staging import first_at, read_to_the_end
from spreadjobs_conform.registry import JSON, PICKLE

CHILD_S: Final = 60.0
TEXT: Final = b"first\ncaf\xc3\xa9 \xff raw\r\n\n\xe2\x80\xa8 no line end here \x0c\x85\x1c\nlast, without one"
LINES: Final = (
    "first\n",
    "caf\u00e9 \udcff raw\r\n",
    "\n",
    "\u2028 no line end here \x0c\udc85\x1c\n",
    "last, without one",
)


@master_case("master-shutdown/between-messages", "SHUT-1", checks=9)
def between_messages(play: Play) -> None:
    """The input of each worker is closed between two messages."""
    tasks = list(range(6))
    play.run(Job(tasks=tasks, workers=2), echo)
    for actor in play.actors:
        play.check("SHUT-1", actor.eof_s is not None, f"the input of {actor.name} was not closed", "the end of it")
        came = f"the input of {actor.name} ended inside a message: {actor.leftover[:40]!r}"
        play.check("SHUT-1", not actor.leftover, came, "between two messages")
    play.check_answers(tasks)


@master_case("master-shutdown/when-all-is-in", "SHUT-1", checks=3)
def when_all_is_in(play: Play) -> None:
    """An idle worker's input stays open while another one still has a task, and gets the task when that one dies."""
    early: list[str] = []

    def holder(actor: Actor) -> None:
        actor.request()
        # Until the other one has nothing to do, for a moment.
        play.wait(lambda: len(answered) >= 2, 10, f"{answered} were answered", "the other two tasks")  # noqa: PLR2004
        actor.rest(0.5)
        idle = next(each for each in play.actors if each is not actor)
        if idle.eof_s is not None:
            early.append(idle.name)
        actor.exit(3)

    def other(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            actor.answer(request, request.payload)
            answered.append(request.payload)
        actor.exit(0)

    answered: list[object] = []
    play.run(Job(tasks=["a", "b", "c"], workers=2), first_at(0, holder, other))
    due = "an open input: no result is missing first"
    play.check("SHUT-1", not early, f"the input of {early} was closed while a task was unanswered elsewhere", due)
    play.check_answers(["a", "b", "c"])


def _writes(text: bytes, status: int = 0) -> Role:
    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            actor.answer(request, request.payload)
        actor.write(text, "text")
        actor.exit(status)

    return role


def _check_text(play: Play, requirement: str, due: Sequence[Sequence[str]], what: str = "") -> None:
    came = [list(lines) for lines in play.account.outputs]
    wanted = [list(lines) for lines in due]
    play.check(requirement, came == wanted, f"{what}the outputs {came!r}", f"{wanted!r}")


@master_case("master-shutdown/text", "SHUT-8", checks=3)
def text(play: Play) -> None:
    """The text behind the last response comes back as lines, split after LF alone, other bytes as surrogates."""

    def role(actor: Actor) -> None:
        _writes(TEXT if actor.slot == 0 else b"" if actor.slot == 1 else b"third\n")(actor)

    play.run(Job(tasks=["a", "b"], workers=3), role)
    play.check_answers(["a", "b"])
    # A worker for which there was no task may never have been started; what was started has its list.
    due = [list(LINES), [], ["third\n"]]
    started = {actor.slot for actor in play.actors}
    _check_text(play, "SHUT-8", [lines if slot in started else [] for slot, lines in enumerate(due)])


@master_case("master-shutdown/text-in-pieces", "SHUT-8", checks=2)
def text_in_pieces(play: Play) -> None:
    """Text that comes in pieces, with a character cut in two, after a failing exit status, is the same text."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            actor.answer(request, request.payload)
        for piece in (b"caf\xc3", b"\xa9", b"\nlo", b"ng" * 100_000, b"\n"):
            actor.write(piece, "a piece of text")
            actor.rest(0.05)
        actor.exit(1)

    play.run(Job(tasks=["a"]), role)
    play.check_answer(0, "a")
    _check_text(play, "SHUT-8", [["caf\u00e9\n", "lo" + "ng" * 100_000 + "\n"]])


@attrs.frozen
class Row:
    """One row of the table of SHUT-9."""

    written: Sequence[bool]
    """For each message, whether a newline follows it."""
    text: bytes
    due: Sequence[str]


ROWS: Final = (
    Row((False, False, False), b"", ()),
    Row((True, True, True), b"", ()),
    Row((True, True, True), b"bye\n", ("bye\n",)),
    Row((True, True, False), b"bye\n", ("bye\n",)),
    Row((False, False, True), b"bye\n", ("\n", "bye\n")),
    Row((True,), b"", ()),
    Row((True,), b"\n", ("\n",)),
    Row((), b"\n", ("\n",)),
)


@master_case("master-shutdown/newline-behind-the-last-message", "SHUT-9", checks=8, codecs=PICKLE)
def newline_behind_the_last_message(play: Play) -> None:
    """The rows of the table of section 9.1: which newline ends a message, and which is an empty line of text."""
    for row in ROWS:

        def role(actor: Actor, row: Row = row) -> None:
            actor.prepare(2)
            for newline in row.written:
                request = actor.request()
                if request is not None:
                    actor.respond((request.task_id, request.payload), newline=newline)
            read_to_the_end(actor)
            actor.write(row.text, "text")
            actor.exit(0)

        # With an item of preparation it is no command, even where it has no task.
        play.run(Job(tasks=list(range(len(row.written))), preparation=["item", None]), role)
        messages = " ".join("M\\n" if newline else "M" for newline in row.written)
        if play.actors:
            _check_text(play, "SHUT-9", [row.due], f"for {messages!r} and the text {row.text!r} ")
        else:  # There was nothing to do: then no worker has to be started.
            play.check("SHUT-9", not row.written, "no worker was started", "one, for the tasks")


@master_case("master-shutdown/line-behind-the-last-message", "SHUT-8", checks=1, codecs=JSON)
def line_behind_the_last_message(play: Play) -> None:
    """An empty line behind the last message, whose LF is its own, is text."""
    play.run(Job(tasks=["a"]), _writes(b"\nbye"))
    _check_text(play, "SHUT-8", [["\n", "bye"]])


@master_case("master-shutdown/stays", "SHUT-10", checks=3, idle=True)
def stays(play: Play) -> None:
    """A worker that stays after the end of its input, and ignores TERM as its child does, is ended with that child."""

    def role(actor: Actor) -> None:
        actor.ignore_term()
        actor.start_child(CHILD_S, ignores_term=True)
        while (request := actor.request()) is not None:
            actor.answer(request, request.payload)
        actor.rest(CHILD_S)

    play.run(Job(tasks=["a"], shutdown_timeout_s=0.5), role)
    play.check_answer(0, "a")
    actor = play.first
    ended = actor.gone_s is not None and actor.hello.pid not in play.left
    play.check("SHUT-10", ended, "the worker was still there when the master had ended", "its end, by KILL at last")
    came = f"the worker's child, in its group, was still there (processes {play.left})"
    play.check("SHUT-10", not play.left, came, "the end of the whole group", "send signals to the process group")


@master_case("master-shutdown/output-held-open", "SHUT-10", checks=2, idle=True)
def output_held_open(play: Play) -> None:
    """A process of another session that holds the worker's output keeps the master from ending for a while at most."""

    def role(actor: Actor) -> None:
        actor.start_child(CHILD_S, leaves_group=True)
        while (request := actor.request()) is not None:
            actor.answer(request, request.payload)
        actor.write(b"bye\n", "text")
        actor.exit(0)

    play.run(Job(tasks=["a"], shutdown_timeout_s=1.0), role)
    play.check_answer(0, "a")
    _check_text(play, "SHUT-10", [["bye\n"]])


@master_case("master-shutdown/limit-from-the-last-byte", "SHUT-10", "SHUT-3", checks=2, idle=True)
def limit_from_the_last_byte(play: Play) -> None:
    """A worker that writes text every 0.5 s for 3 s is let finish although the limit is 1.5 s."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            actor.answer(request, request.payload)
        for number in range(6):
            actor.write(b"%d\n" % number, "a line of text")
            actor.rest(0.5)
        actor.exit(0)

    play.run(Job(tasks=["a"], shutdown_timeout_s=1.5), role)
    play.check_answer(0, "a")
    _check_text(play, "SHUT-10", [[f"{number}\n" for number in range(6)]])


@master_case("master-command/nothing-is-sent", "CMD-1", checks=3)
def nothing_is_sent(play: Play) -> None:
    """Without preparation and tasks each worker's input is closed at once, and what it writes is its text."""
    early: list[str] = []

    def role(actor: Actor) -> None:
        if actor.message(5) is None and actor.eof_s is None:
            early.append(actor.name)
        actor.write(b"hello\nthere" if actor.slot == 0 else b"", "text")
        actor.exit(actor.slot)

    play.run(Job(workers=2), role)
    play.check("CMD-1", not early, f"5 s after their start the input of {early} was open", "its end, at once")
    for actor in play.actors:
        sent = actor.received_bytes
        play.check("CMD-1", not sent, f"{sent} bytes were sent to {actor.name}", "none")
    _check_text(play, "CMD-1", [["hello\n", "there"], []])


@master_case("master-command/no-limit-of-shutdown", "CMD-3", checks=1, idle=True)
def no_limit_of_shutdown(play: Play) -> None:
    """A command may take longer than the time limit of shutdown."""

    def role(actor: Actor) -> None:
        actor.rest(3.0)
        actor.write(b"done\n", "text")
        actor.exit(0)

    play.run(Job(workers=1, shutdown_timeout_s=0.5), role)
    _check_text(play, "CMD-3", [["done\n"]])


@master_case("master-command/limit-of-its-own", "CMD-3", checks=1, idle=True)
def limit_of_its_own(play: Play) -> None:
    """A command that stays beyond the limit of commands is ended; what it had written is its text."""

    def role(actor: Actor) -> None:
        actor.write(b"so far\n", "text")
        actor.rest(CHILD_S)

    play.run(Job(workers=1, command_timeout_s=2.0), role)
    _check_text(play, "CMD-3", [["so far\n"]])
