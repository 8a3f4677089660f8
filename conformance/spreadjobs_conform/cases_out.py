"""Family out: captured lines. Spec OUT-1, OUT-2, OPS-4."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform import payloads
from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.registry import case
from spreadjobs_conform.values import show

PRINT: Final = "op:print"
MEBIBYTE: Final = 1 << 20


def _prints(conv: Conversation, out: list[str], err: list[str]) -> None:
    response = conv.ask(payloads.printing(out, err), None)
    for name, came, due in (("out", response.out, out), ("err", response.err, err)):
        # A str is as good as a list of its lines.
        text = came if isinstance(came, str) else "".join(came)
        same = text == "".join(due) and (isinstance(came, str) or list(came) == due)
        conv.check(same, f"{name} was {show(came)}", f"{show(due)}, as the payload has it")


@case("out/lines-of-out", "OPS-4", "OUT-1", "WIRE-4", checks=4, needs=PRINT)
def lines_of_out(conv: Conversation) -> None:
    """The lines printed to standard output come as out."""
    conv.prepare()
    _prints(conv, ["first\n", "second\n", "\n", " indented \t\n"], [])


@case("out/lines-of-err", "OPS-4", checks=4, needs=PRINT)
def lines_of_err(conv: Conversation) -> None:
    """The lines printed to standard error come as err."""
    conv.prepare()
    _prints(conv, [], ["first\n", "second\n", "\n"])


@case("out/lines-of-both", "OPS-4", checks=8, needs=PRINT)
def lines_of_both(conv: Conversation) -> None:
    """Lines of both sorts come apart, in the order in which they were printed."""
    conv.prepare()
    _prints(conv, ["b\n", "a\n", "b\n"], ["z\n", "y\n"])
    _prints(conv, ["other\n"], ["lines\n"])


@case("out/form-of-out-and-err", "OUT-1", checks=3)
def form_of_out_and_err(conv: Conversation) -> None:
    """With every sort of outcome, out and err are None, a str, or a list or tuple of str."""
    conv.prepare()
    conv.ask_sample()
    failing, _ = conv.failing()
    conv.send(failing)
    conv.response(failing)
    conv.ask_sample()


@case("out/lines-belong-to-their-task", "OUT-2", checks=6, needs=f"{PRINT} op:echo")
def lines_belong_to_their_task(conv: Conversation) -> None:
    """The task after one that printed does not have its lines."""
    conv.prepare()
    conv.ask(payloads.printing(["of the first\n"], ["of the first\n"]), None)
    response = conv.echo("second")
    lines = "".join(response.out) + "".join(response.err)
    conv.check("of the first" not in lines, f"out and err of the second task were {show(lines)}", "lines of its own")
    failing, _ = conv.failing()
    conv.send(failing)
    failed = conv.response(failing)
    lines = "".join(failed.out) + "".join(failed.err)
    conv.check("of the first" not in lines, f"out and err of the third task were {show(lines)}", "lines of its own")


@case("out/lines-beyond-ascii", "OPS-4", "DATA-3", checks=4, needs=PRINT)
def lines_beyond_ascii(conv: Conversation) -> None:
    """Lines keep every character."""
    conv.prepare()
    _prints(conv, ["\u00e9\u6f22\U0001f600\n", "\ttab\0nul\n"], ["\u2028 no line end\n"])


@case("out/ten-thousand-lines", "OPS-4", "WIRE-5", checks=4, needs=PRINT, heavy=True)
def ten_thousand_lines(conv: Conversation) -> None:
    """A task may print ten thousand lines."""
    conv.prepare()
    _prints(conv, [f"line {number}\n" for number in range(10_000)], [])


@case("out/a-mebibyte-of-both", "OPS-4", "WIRE-5", checks=6, needs=f"{PRINT} op:echo", heavy=True)
def a_mebibyte_of_both(conv: Conversation) -> None:
    """A task may print a mebibyte to standard output and one to standard error, more than any pipe holds."""
    conv.prepare()
    line = "0123456789abcde" * 68 + "\n"
    _prints(conv, [line] * (MEBIBYTE // len(line)), [line.upper()] * (MEBIBYTE // len(line)))
    conv.echo("and goes on")


@case("out/lines-that-look-like-messages", "OPS-4", checks=4, needs=PRINT)
def lines_that_look_like_messages(conv: Conversation) -> None:
    """Lines that look like messages are lines."""
    conv.prepare()
    _prints(conv, ['[[1, "value"], null, null]\n', "\x80\x04N.\n", "(I1\n"], ["]\n", "{}\n"])


@case("out/no-lines", "OPS-4", checks=4, needs=PRINT)
def no_lines(conv: Conversation) -> None:
    """A task that printed nothing has no lines."""
    conv.prepare()
    _prints(conv, [], [])


@case("out/long-lines", "OPS-4", "WIRE-5", checks=4, needs=PRINT)
def long_lines(conv: Conversation) -> None:
    """Lines of 100,000 characters come whole."""
    conv.prepare()
    _prints(conv, ["0123456789" * 10_000 + "\n", "short\n"], ["abcdefghij" * 10_000 + "\n"])


@case("out/lines-that-look-like-other-values", "OPS-4", "DATA-3", checks=4, needs=PRINT)
def lines_that_look_like_other_values(conv: Conversation) -> None:
    """Lines stay what they are, whatever number, date, markup or format could be read into them."""
    conv.prepare()
    lines = [f"{text}\n" for text in payloads.LOOKALIKES]
    _prints(conv, lines, lines[::-1])
