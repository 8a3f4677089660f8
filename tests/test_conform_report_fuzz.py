"""Reports that are malformed in one field: whatever stands there, it is no fault of the kit."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit_reports import Line, case, whole, written
from kit_runs import kit, kit_with_report
from kit_scripts import RIGHT, python
from spreadjobs_conform.verdicts import Exit, Status

JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 1e308, float("inf"), float("nan"), 2**63, 99])
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["pass", "known", "MUST", "json", "tagged", "command", "absent", "0001-01-01T00:00:00+14:00"])
    | st.sampled_from(["{}", "spread-jobs-conform {} -- w", "run/task-id-0", "gAQ=", "\ud800", "[" * 40]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FORMS: Final = ("junit", "tap", "markdown", "html", "badge")
DUE: Final = {Exit.CONFORMANT, Exit.FAILED, Exit.USAGE, Exit.NOT_TESTED}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    """The lines of a run with a pass, a failure and a known one."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "b.toml").write_text("flaky.'run/task-id-0' = {reason = 'r', review = 2999-01-01}", "utf-8")
    code = RIGHT.replace("p.get('value')", "'another' if i == 0 else p.get('value')")
    words = ("--case", "run/task-id-*", "--case", "run/returns-*", "--baseline", str(folder / "b.toml"))
    return [dict(line) for line in kit_with_report(folder, *words, "--", *python(code)).lines]


def edited(data: st.DataObject, lines: list[Line]) -> list[Line]:
    """The lines with another value in one place, or without it."""
    lines = copy.deepcopy(lines)
    line = data.draw(st.sampled_from(lines))
    key = data.draw(st.sampled_from(sorted(line)))
    inner = line[key]
    if isinstance(inner, list) and inner and isinstance(inner[0], dict) and data.draw(st.booleans()):
        line = data.draw(st.sampled_from(inner))
        key = data.draw(st.sampled_from(sorted(line)))
    elif isinstance(inner, dict) and inner and data.draw(st.booleans()):
        line, key = inner, data.draw(st.sampled_from(sorted(inner)))
    if data.draw(st.integers(0, 9)):
        line[key] = data.draw(JSON)
    else:
        del line[key]
    return lines


@given(st.data())
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verify_never_takes_a_report_for_a_fault_of_its_own(real: list[Line], data: st.DataObject) -> None:
    """Any value in any field of a report, or none, is a difference or a fault of usage."""
    with TemporaryDirectory() as folder:
        run = kit("verify", written(Path(folder, "r.jsonl"), edited(data, real)))

    assert run.status in DUE, run.err
    assert (run.status == Exit.USAGE) == (not run.out)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_no_form_takes_a_report_for_a_fault_of_the_kit(data: st.DataObject) -> None:
    """The forms show what is well formed, and name line and field of what is not."""
    lines = whole(
        case("run/a"), case("run/b", Status.FAIL), case("run/c", Status.KNOWN), case("x/d", Status.NOT_TESTABLE)
    )
    with TemporaryDirectory() as folder:
        path = written(Path(folder, "r.jsonl"), edited(data, lines))
        asked = [word for form in FORMS for word in (f"--{form}", str(Path(folder, form)))]
        runs = [kit("report", path), kit("report", path, *asked)]

    for run in runs:
        assert run.status in DUE, run.err
        assert run.status != Exit.USAGE or "r.jsonl" in run.err


@pytest.mark.parametrize("form", FORMS)
def test_a_time_before_all_times_is_a_fault_of_usage(form: str, tmp_path: Path) -> None:
    """What is no time by UTC is told with its line, in every form."""
    path = written(tmp_path / "r.jsonl", whole(case("run/a"), started="0001-01-01T00:00:00+14:00"))

    run = kit("report", path, f"--{form}", "-")

    assert run.status == 2
    assert "r.jsonl:1: header: started: " in run.err


@pytest.mark.parametrize("text", ["[" * 9999, "1" * 9999, '{"kind": ["header"]}', '{"kind": "header", "format": true}'])
def test_a_line_that_cannot_be_read_is_a_fault_of_usage(text: str, tmp_path: Path) -> None:
    """Depth and length beyond what a reader of JSON takes are no fault of the kit."""
    (tmp_path / "r.jsonl").write_text(f"{text}\n{json.dumps({})}\n", encoding="utf-8")

    assert [kit(verb, str(tmp_path / "r.jsonl")).status for verb in ("verify", "report")] == [2, 2]
