"""Tests of ``spreadjobs_conform.report_escape``: what a worker wrote, made harmless."""

from __future__ import annotations

import json
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from spreadjobs_conform.report_escape import fenced, markdown, one_line, quoted, tap, visible, xml, xml_attribute

ANY = st.text(
    st.characters(exclude_categories=())
    | st.sampled_from("\x00\x1b\x9b\r\n\t\\#`|<&\"'\ud800\u202e\u2028\u200b\u00ad\U000e0041\ufffe")
)


@given(ANY)
@settings(deadline=None)
def test_nothing_unseen_is_left(text: str) -> None:
    """Control characters, lone surrogates, what has no width or turns the direction of text are shown as escapes."""
    left = visible(text)

    assert all(unicodedata.category(each) not in ("Cc", "Cs", "Zl", "Zp") for each in left if each not in "\n\t")
    assert not set(left) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufffe\uffff")
    assert not set(left) & set("\u00ad\u034f\u115f\u180e\u200b\u200c\u200d\u2060\u2064\u3164\ufe0f\uffa0\U000e0041")
    assert "\n" not in one_line(text)


def test_what_can_be_seen_stays() -> None:
    """Letters of every script, line ends and tabs are as they were."""
    assert visible("é漢😀\n\tx") == "é漢😀\n\tx"
    assert visible("\x1b[2J\r\x9b\ud800\u202e") == "\\x1b[2J\\r\\x9b\\ud800\\u202e"
    assert visible("a\u200bb\u00adc\U000e0041d\ufffd") == "a\\u200bb\\xadc\\U000e0041d\ufffd"
    assert (one_line("a\nb"), one_line("abcdefgh", 6), one_line("abcdef", 6)) == ("a\\nb", "abc...", "abcdef")


@given(ANY)
@settings(deadline=None)
def test_xml_has_just_this_text(text: str) -> None:
    """A reader of XML gets the visible text back, from content and attribute."""
    read = ET.fromstring(f'<a b="{xml_attribute(text)}">{xml(text)}</a>')  # noqa: S314 - this test wrote it

    assert (read.text or "") == visible(text)
    assert read.get("b") == one_line(text)


@given(ANY)
@settings(deadline=None)
def test_a_string_of_json_has_just_this_text(text: str) -> None:
    """The YAML block of TAP holds it in one line."""
    assert "\n" not in quoted(text)
    assert json.loads(quoted(text)) == visible(text)


@pytest.mark.parametrize(
    ("text", "escaped"), [("a # TODO b", "a \\# TODO b"), ("C:\\x", "C:\\\\x"), ("a\nok 2", "a\\\\nok 2")]
)
def test_tap_is_escaped(text: str, escaped: str) -> None:
    """A hash would begin a directive, a backslash an escape, a line end another line."""
    assert tap(text) == escaped


@given(ANY)
@settings(deadline=None)
def test_markdown_is_text_alone(text: str) -> None:
    """A reader of Markdown finds one paragraph of plain text, whatever stands in it."""
    tokens = MarkdownIt("commonmark", {"html": True}).parseInline("x" + markdown(text) + "x")

    (inline,) = tokens
    assert {child.type for child in inline.children or ()} <= {"text", "text_special"}
    assert "|" not in markdown(text)
    assert "www." not in markdown(f"{text} www.example.com WWW.{text}").lower()


@given(ANY | st.text("`~\n x"))
@example("a\n```\nb")
@example("`````\n````")
@settings(deadline=None)
def test_a_fence_holds_everything(text: str) -> None:
    """A block of code ends where it is meant to, however many backticks the worker wrote."""
    (block,) = MarkdownIt("commonmark").parse(fenced(text))

    assert (block.type, block.content) == ("fence", visible(text) + "\n")
