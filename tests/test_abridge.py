"""Text is shortened for one-line notes as the ancestor did."""

from __future__ import annotations

import pytest

from spreadjobs.abridge import TooShortALength, captured_comment, truncate


@pytest.mark.parametrize(("text", "short"), [("", ""), ("abcd", "abcd"), ("abcde", "ab..."), ("abcdef", "ab...")])
def test_text_is_cut_to_the_length(text: str, short: str) -> None:
    """Shorter text is kept; from the length on it ends in three dots."""
    assert truncate(text, 5) == short


@pytest.mark.parametrize("length", [3, 0, -1])
@pytest.mark.parametrize("kind", [ValueError, AssertionError])
def test_no_room_is_an_error(length: int, kind: type[Exception]) -> None:
    """A length that only the dots fill is refused, whatever the text."""
    with pytest.raises(kind, match=f"length={length}: more than the 3 dots take is due") as caught:
        truncate("", length)

    assert isinstance(caught.value, TooShortALength)


@pytest.mark.parametrize(
    ("out", "err", "comment"),
    [
        (None, None, "so= # se="),
        ([], "", "so= # se="),
        (["one\n", "two\n"], "text", "so=one\n;two\n # se=text"),
        (("x" * 50,), None, "so=" + "x" * 37 + "... # se="),
    ],
)
def test_comment_tells_what_was_printed(out: list[str] | str | None, err: list[str] | str | None, comment: str) -> None:
    """Captured lines, one text or none of them make one comment. [OUT-1]"""
    assert captured_comment(out, err) == comment
