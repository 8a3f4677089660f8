"""Family exec: the process. Spec EXEC-3, EXEC-4."""

from __future__ import annotations

from spreadjobs_conform import payloads
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.registry import case


@case("exec/stays-in-the-foreground", "EXEC-3", checks=4)
def stays_in_the_foreground(conv: Conversation) -> None:
    """The process that was executed is alive while responses come."""
    conv.prepare()
    conv.ask_sample()
    conv.alive("although its responses still came")
    conv.pause(0.1)
    conv.ask_sample()
    conv.alive("although its responses still came")


@case("exec/needs-no-hints", "EXEC-4", checks=2)
def needs_no_hints(conv: Conversation) -> None:
    """The worker answers with none of the variables set that a master may set; all other cases set them."""
    conv.start(hints=False)
    conv.prepare()
    conv.ask_sample()
    conv.ask_sample()


@case("exec/stays-while-a-response-is-due", "EXEC-3", checks=4, needs="op:sleep", idle=True)
def stays_while_a_response_is_due(conv: Conversation) -> None:
    """The process that was executed does not exit at the end of its input when a task still runs in another one."""
    conv.prepare()
    conv.ask_sample()
    request = conv.request(payloads.sleeping(0.5))
    conv.send(request)
    conv.has_read(str(request))
    conv.close_stdin()
    conv.stays_for_a_response()
    conv.expect_value(request, conv.response(request), None, op="sleep")
