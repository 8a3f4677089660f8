"""Family cmd: plain Linux commands. Spec CMD-2, CMD-4, CMD-5."""

from __future__ import annotations

from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.registry import case


@case("cmd/exits-at-the-end-of-input", "CMD-2", checks=1, worker_class="command")
def exits_at_the_end_of_input(conv: Conversation) -> None:
    """A command that is sent nothing and whose standard input is closed at once writes its text and exits."""
    conv.start()
    conv.close_stdin()
    conv.exits()


@case("cmd/exit-status-0", "CMD-4", checks=2, worker_class="command")
def exit_status_0(conv: Conversation) -> None:
    """A command exits with status 0."""
    conv.start()
    conv.close_stdin()
    status = conv.exits()
    conv.check(status == 0, f"exit status {status}", "exit status 0")


@case("cmd/nothing-holds-stdout", "CMD-5", checks=2, worker_class="command")
def nothing_holds_stdout(conv: Conversation) -> None:
    """When the command has exited, no process that it started holds its standard output."""
    conv.start()
    conv.close_stdin()
    conv.exits()
    conv.released()


@case("cmd/stays-in-the-foreground", "EXEC-3", checks=2, worker_class="command")
def stays_in_the_foreground(conv: Conversation) -> None:
    """No text comes after the process that was executed has exited."""
    conv.start()
    conv.close_stdin()
    conv.exits()
    # What was written before the exit is in the pipe now, and a pipe is read in one go.
    conv.pump(0.0)
    before = conv.process.received_bytes
    conv.ends_or(0.5)
    more = conv.process.received_bytes - before
    conv.check(not more, f"{more} bytes came after the process had exited", "all its text before it exits")


@case("cmd/needs-no-hints", "EXEC-4", checks=2, worker_class="command")
def needs_no_hints(conv: Conversation) -> None:
    """Without the variables that a master may set, the command ends with the same status as with them."""
    conv.start()
    conv.close_stdin()
    due = conv.exits()
    conv.start_again(hints=False)
    conv.close_stdin()
    status = conv.exits()
    conv.check(status == due, f"exit status {status} without the variables", f"exit status {due}, as with them")


@case("cmd/waits-for-a-slow-reader", "CMD-2", checks=1, worker_class="command")
def waits_for_a_slow_reader(conv: Conversation) -> None:
    """A command whose text is not read for a while loses none of it for that: it still ends as it should."""
    conv.start()
    conv.close_stdin()
    conv.stage.sleep(0.3)
    conv.exits()
    status = conv.process.status()
    conv.check(status is not None and status >= 0, f"it was ended by signal {-(status or 0)}", "exit of its own accord")
