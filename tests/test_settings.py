"""Settings: what is accepted, and what a refusal says."""

from __future__ import annotations

import collections
import math

import pytest

from spreadjobs.settings import ANYTHING, LEGACY, MAX_TASK_ID, NUMPY, Settings


def make(**fields: object) -> Settings:
    """Settings made without the type checker's protection, as many a caller makes them."""
    return Settings(**fields)  # type: ignore[arg-type]  # the mistakes are the tests


def test_defaults_need_no_thought() -> None:
    """The defaults are those of the documentation."""
    settings = Settings()

    assert (settings.codec, settings.dialect, settings.pickle_protocol) == ("pickle", "tagged", 4)
    assert (settings.window, settings.max_attempts, settings.restarts) == ("auto", 3, None)
    assert (settings.max_kills, settings.max_violations) == (10, 2)
    assert (settings.task_timeout_s, settings.start_timeout_s, settings.command_timeout_s) == (None, None, None)
    assert (settings.shutdown_timeout_s, settings.max_message_bytes) == (30.0, 2 * 1024**3)
    assert (settings.allow, settings.py2_strings, settings.replace_departed) == ((), "surrogateescape", False)


def test_legacy_speaks_as_the_ancestor_did() -> None:
    """LEGACY is the untagged dialect in pickle protocol 2. [UNT-1]"""
    assert (LEGACY.dialect, LEGACY.pickle_protocol) == ("untagged", 2)


@pytest.mark.parametrize(
    ("allow", "kept"),
    [
        ([], ()),
        (["mypkg.Result"], ("mypkg.Result",)),
        ((NUMPY, "mypkg.Result"), (NUMPY, "mypkg.Result")),
        ({collections.Counter}, (collections.Counter,)),
        (frozenset({NUMPY}), (NUMPY,)),
        (ANYTHING, ANYTHING),
    ],
)
def test_allow_takes_names_classes_and_markers(allow: object, kept: object) -> None:
    """What may be admitted: dotted names, classes, NUMPY, in any plain collection; or ANYTHING alone."""
    assert make(allow=allow).allow == kept


@pytest.mark.parametrize(
    ("allow", "cure"),
    [
        ("mypkg.Result", r"a list is due, such as allow=\['mypkg.Result'\]"),
        (collections.Counter, "a list is due"),
        (NUMPY, "a list is due"),
        (5, "or ANYTHING"),
        ([ANYTHING], "write allow=ANYTHING"),
        (["Result"], "a dotted class name"),
        ([5], "a dotted class name"),
    ],
)
def test_a_wrong_allow_list_is_refused_with_the_cure(allow: object, cure: str) -> None:
    """A wrong allow list says what is due."""
    with pytest.raises(TypeError, match=cure):
        make(allow=allow)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("codec", "xml"),
        ("dialect", "modern"),
        ("py2_strings", "ascii"),
        ("pickle_protocol", 6),
        ("pickle_protocol", -1),
        ("pickle_protocol", True),
        ("pickle_protocol", 2.0),
        ("max_attempts", 0),
        ("max_message_bytes", 0),
        ("max_violations", 0),
        ("max_violations", True),
        ("window", 0),
        ("window", 10_001),
        ("window", "wide"),
        ("restarts", 0),
        ("first_task_id", -1),
        ("first_task_id", MAX_TASK_ID + 1),
        ("task_timeout_s", 0),
        ("task_timeout_s", math.inf),
        ("start_timeout_s", math.nan),
        ("shutdown_timeout_s", -1.0),
        ("command_timeout_s", "5"),
        ("command_timeout_s", True),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(field: str, value: object) -> None:
    """A field out of its range is named together with what came and what is due."""
    with pytest.raises(ValueError, match=f"^{field}=.* due"):
        make(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("codec", "json"),
        ("window", 1),
        ("window", 10_000),
        ("restarts", 1),
        ("max_violations", 1),
        ("first_task_id", 0),
        ("first_task_id", MAX_TASK_ID),
        ("task_timeout_s", 5),
        ("shutdown_timeout_s", None),
        ("command_timeout_s", 0.1),
        ("pickle_protocol", 0),
        ("pickle_protocol", 5),
        ("replace_departed", True),
    ],
)
def test_a_value_in_range_is_kept(field: str, value: object) -> None:
    """The bounds themselves are in range."""
    assert getattr(make(**{field: value}), field) == value


def test_the_untagged_dialect_has_no_json() -> None:
    """The ancestor knew pickles only. [UNT-1]"""
    with pytest.raises(ValueError, match="UNT-1"):
        Settings(dialect="untagged", codec="json")


@pytest.mark.parametrize("window", ["auto", 1])
def test_the_untagged_dialect_takes_lock_step(window: object) -> None:
    """Correlation by order allows one outstanding request. [UNT-3]"""
    assert make(dialect="untagged", window=window).dialect == "untagged"


def test_the_untagged_dialect_has_no_window() -> None:
    """Correlation by order allows no more than one outstanding request. [UNT-3]"""
    with pytest.raises(ValueError, match="UNT-3"):
        Settings(dialect="untagged", window=2)
