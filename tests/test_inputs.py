"""What the caller hands over, checked before anything is started."""

from __future__ import annotations

import pytest

from spreadjobs.codec import make_encoder
from spreadjobs.errors import CannotEncode
from spreadjobs.inputs import encode_preparation, payloads_of, preparation_of
from spreadjobs.settings import Settings

ENCODE = make_encoder(Settings(codec="json")).encode


def test_any_iterable_is_a_todo() -> None:
    """Lists, generators, texts and keys: each element is a payload. [RUN-1]"""
    assert list(payloads_of("ab")) == ["a", "b"]
    assert list(payloads_of({"k": 1})) == ["k"]


def test_what_cannot_be_iterated_is_refused_with_the_cure() -> None:
    """The error says what came and what is due. [RUN-1]"""
    with pytest.raises(TypeError, match=r"todo is of type int: .* write \[payload\]"):
        payloads_of(5)  # type: ignore[arg-type]


def test_no_preparation_is_none_or_empty() -> None:
    """Nothing is sent then. [PREP-1]"""
    assert preparation_of(None) == []
    assert encode_preparation([], ENCODE) == []


def test_items_are_encoded_once_in_order() -> None:
    """A generator is taken once, for all workers. [PREP-1, PREP-2]"""
    assert encode_preparation(preparation_of(item for item in (1, None)), ENCODE) == [b"1\n", b"null\n"]


@pytest.mark.parametrize("stdin", ["text", b"bytes", 5])
def test_a_text_by_mistake_is_no_list_of_items(stdin: object) -> None:
    """It would be sent letter by letter. [PREP-1]"""
    with pytest.raises(TypeError, match="a list of preparation items is due"):
        preparation_of(stdin)  # type: ignore[arg-type]


def test_an_item_that_cannot_be_encoded_is_named() -> None:
    """By its position and type. [PREP-1, JSON-5]"""
    with pytest.raises(CannotEncode, match="preparation item 1, of type set: "):
        encode_preparation([1, {2}], ENCODE)
