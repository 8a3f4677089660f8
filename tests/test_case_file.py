"""Case files: what is written is what is read, and what anybody else wrote is read or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreadjobs import case_file
from spreadjobs.abridge import replay_command
from spreadjobs.case_fields import CaseError
from spreadjobs.case_file import Case, Failure, Started, parse_case, read_case, write_case
from spreadjobs.outcomes import Attempt
from spreadjobs.settings import Settings

CASE = Case(
    version="1.0",
    saved="2026-01-02T03:04:05+00:00",
    task_index=12,
    failure=Failure(
        kind="quarantined",
        text="died: killed by SIGSEGV",
        attempts=(Attempt(worker="1.1", cause="died", detail="killed by SIGSEGV", stderr=("oh",), signal="SIGSEGV"),),
        stderr=("oh",),
    ),
    worker=Started(name="1.1", arguments=("worker", "-v"), cwd="/somewhere", env={"LANG": "C"}),
    settings=Settings(codec="json", task_timeout_s=1.5),
    allow=("mypkg.Result",),
    payload="[1, 2]",
    preparation=(b"null\n",),
    task_id=4711,
    request=b"[4711, [1, 2]]\n",
)

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

passable = st.text(st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("\udc80\udcff"), max_size=9)
json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def changed(change: Callable[[dict[str, dict[str, object]]], object]) -> bytes:
    """The text of the case, with a change made to its object."""
    record = json.loads(write_case(CASE))
    change(record)
    return json.dumps(record).encode("ascii")


@given(
    st.lists(passable, max_size=3),
    st.dictionaries(passable.filter(lambda name: "=" not in name), passable, max_size=3),
    st.text(),
    st.lists(st.binary(max_size=200), max_size=3),
    st.binary(max_size=200),
)
def test_what_is_written_is_read(
    arguments: list[str], env: dict[str, str], text: str, preparation: list[bytes], request: bytes
) -> None:
    """Every byte and every text comes back, those that are no UTF-8 included."""
    case = attrs.evolve(
        CASE,
        worker=Started(name="1.1", arguments=("worker", *arguments), cwd="/", env=env, started_by=text),
        failure=Failure(kind="raised", text=text, type_name=text, traceback_text=text, out=(text,)),
        preparation=tuple(preparation),
        request=request,
    )

    assert parse_case(write_case(case)) == case


def test_a_case_file_is_made_to_be_read_by_people() -> None:
    """Plain ASCII, a field a line, and bytes as short lines."""
    text = write_case(attrs.evolve(CASE, request=bytes(1000))).decode("ascii")

    assert text.startswith('{\n "spreadjobs_case": 1,\n "spreadjobs": "1.0",\n')
    assert max(map(len, text.splitlines())) < 100


def test_a_case_file_that_could_not_be_read_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of reading is that of writing."""
    monkeypatch.setattr(case_file, "LARGEST_CASE_BYTES", 1000)

    with pytest.raises(ValueError, match="1000 is the most"):
        write_case(attrs.evolve(CASE, request=bytes(1000)))


def test_the_file_is_named_in_the_error(tmp_path: Path) -> None:
    """Which file, and what is wrong with it."""
    path = tmp_path / "case.json"
    path.write_bytes(b"[]")

    with pytest.raises(CaseError, match=r"case\.json: no case file: a JSON object with the field 'spreadjobs_case'"):
        read_case(path)


def test_a_file_is_read_to_a_bound_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that never ends is no case file."""
    monkeypatch.setattr(case_file, "LARGEST_CASE_BYTES", 1000)

    with pytest.raises(CaseError, match="more than 1000 bytes"):
        read_case("/dev/zero")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\x80\x04.", "one JSON object is due"),
        (b"[" * 100_000, "one JSON object is due"),
        (b"9" * 10_000, "one JSON object is due"),
        (b'{"spreadjobs_case": NaN}', "NaN is no JSON"),
        (b'{"spreadjobs_case": 1}', "spreadjobs is missing"),
        (b'{"spreadjobs_case": 2}', "format 2, and this version of spreadjobs reads 1: upgrade"),
        (changed(lambda record: record.update(spreadjobs_case=0)), "spreadjobs_case is 0: 1 is due"),  # type: ignore[call-overload]
        (changed(lambda record: record.update(spreadjobs_case={})), "spreadjobs_case is of type dict: a whole"),
        (changed(lambda record: record.update(spreadjobs_case=True)), "spreadjobs_case is True: a whole"),  # type: ignore[call-overload]
        (changed(lambda record: record.update(more={})), "'more' is no field of this format"),
        (changed(lambda record: record["worker"].update(user="x")), r"'worker.user' is no field"),
        (changed(lambda record: record["worker"].pop("cwd")), r"worker\.cwd is missing"),
        (changed(lambda record: record.update(worker={})), r"worker\.name is missing"),
        (changed(lambda record: record["worker"].update(arguments=[])), "without a program"),
        (changed(lambda record: record["worker"].update(arguments=["w", 1])), r"worker\.arguments\[1\] is another"),
        (changed(lambda record: record["worker"].update(arguments=["w", "\0"])), r"arguments\[1\] .* has a NUL"),
        (changed(lambda record: record["worker"].update(cwd="\ud800")), r"worker\.cwd .* cannot be encoded"),
        (changed(lambda record: record["worker"].update(env={"a=b": ""})), "no name of a variable has an '='"),
        (changed(lambda record: record["worker"].update(env={"a": 1})), r"worker\.env\['a'\] is another number"),
        (changed(lambda record: record["worker"].update(env=[])), r"worker\.env is of type list: an object is due"),
        (changed(lambda record: record["failure"].update(kind="bored")), r"failure\.kind is 'bored': one of raised, "),
        (changed(lambda record: record["failure"].update(attempts=[0])), r"failure\.attempts\[0\] is another number"),
        (changed(lambda record: record["settings"].update(codec="xml")), r"settings\.codec is 'xml': one of pickle"),
        (
            changed(lambda record: record["settings"].update(task_timeout_s=-1)),
            "settings: task_timeout_s=-1.0: seconds",
        ),
        (changed(lambda record: record["settings"].update(task_timeout_s="1")), "task_timeout_s is '1': a number of"),
        (changed(lambda record: record["settings"].update(task_timeout_s=10**400)), "task_timeout_s is another number"),
        (changed(lambda record: record["settings"].update(dialect="untagged")), "goes with codec='pickle' only"),
        (changed(lambda record: record.update(preparation=[["AAAA!AAAA"]])), r"preparation\[0\] is damaged: lines"),  # type: ignore[call-overload]
        (changed(lambda record: record.update(request=["AAA"])), "request is damaged: lines of base64"),  # type: ignore[call-overload]
        (changed(lambda record: record.update(request="AAAA")), "request is 'AAAA': a list is due"),  # type: ignore[call-overload]
        (changed(lambda record: record.update(task_id=2**53)), "task_id is another number: a whole number from 0"),  # type: ignore[call-overload]
        (changed(lambda record: record.update(task_index=None)), "task_index is None: a whole number from 0"),  # type: ignore[call-overload]
    ],
)
def test_what_is_no_case_is_refused(text: bytes, said: str) -> None:
    """The error says where, what came and what was due."""
    with pytest.raises(CaseError, match=said):
        parse_case(text)


@given(json_values | st.fixed_dictionaries({"spreadjobs_case": json_values}))
def test_any_json_is_read_or_refused(value: Json) -> None:
    """Nothing but the documented error comes out, whatever the file says."""
    with pytest.raises(CaseError):
        parse_case(json.dumps(value).encode("ascii"))


def replaced(record: Json, value: Json, data: st.DataObject) -> Json:
    """The record with the value in another's place, drawn from all."""
    if not isinstance(record, dict | list) or not record or data.draw(st.integers(0, 3)) == 0:
        return value
    if isinstance(record, list):
        at = data.draw(st.integers(0, len(record) - 1))
        return [replaced(inner, value, data) if number == at else inner for number, inner in enumerate(record)]
    name = data.draw(st.sampled_from(list(record)))
    return {key: replaced(inner, value, data) if key == name else inner for key, inner in record.items()}


@given(st.data(), json_values)
def test_a_case_with_another_value_somewhere_is_read_or_refused(data: st.DataObject, value: Json) -> None:
    """At any place, any value: it is a good case, or the documented error."""
    text = json.dumps(replaced(json.loads(write_case(CASE)), value, data)).encode("ascii")

    try:
        case = parse_case(text)
    except CaseError:
        return
    assert parse_case(write_case(case)) == case


@given(st.integers(0, 5000), st.binary(max_size=4))
def test_a_damaged_case_is_read_or_refused(position: int, damage: bytes) -> None:
    """With other bytes somewhere: it is a good case, or the documented error."""
    text = bytearray(write_case(CASE))
    text[position % len(text) : position % len(text) + len(damage)] = damage

    try:
        parse_case(bytes(text))
    except CaseError:
        return


def test_the_command_can_be_copied_into_a_shell() -> None:
    """A path with spaces is quoted; without a path there is none."""
    assert replay_command("my cases/task-000001.json") == "spread-jobs replay 'my cases/task-000001.json'"
    assert replay_command("") == ""
