"""Whole runs of the kit: what is testable of a worker of its own, by its manifest, and what a baseline decides."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Final

import pytest
from kit_runs import kit, kit_with_report
from kit_scripts import ANSWERS, ECHO, RIGHT, TEMPLATE, WORKER, python

FAILS: Final = ECHO + (
    "for i, p in requests(): "
    "send(((i, p['value']) if 'value' in p else ('RemoteException', i, 'KeyError', 'op', ''), None, None))"
)


@pytest.mark.parametrize(
    ("name", "code", "status"),
    [
        ("busy/refusal-has-three-items", ANSWERS, "fail"),
        ("busy/refusal-has-three-items", FAILS, "not-testable"),
        ("err/type-and-message", ANSWERS, "fail"),
        ("err/failure-has-five-items", ANSWERS, "fail"),
        ("run/exit-without-an-answer", ANSWERS, "fail"),
        ("run/exit-without-an-answer", FAILS, "not-testable"),
        ("run/sleeps-as-long-as-asked", FAILS, "not-testable"),
        ("out/no-lines", FAILS, "not-testable"),
        ("wire/json-lines", ANSWERS.replace("(i, p", "(i + 1, p"), "not-applicable"),
    ],
)
def test_other_outcome_is_a_failure_or_not_testable(name: str, code: str, status: str, tmp_path: Path) -> None:
    """An outcome of another sort is a failure; a RemoteException to what is not served is not testable."""
    run = kit_with_report(tmp_path, "--case", name, "--case", "run/task-id-0", "--", *python(code))

    assert run.statuses()[name] == status, run.out


OWN: Final = ECHO + (
    "for i, p in requests():\n"
    "  try: send(((i, p['n'] ** 2), None, None))\n"
    "  except Exception as e: send((('RemoteException', i, type(e).__name__, str(e), ''), None, None))"
)


@pytest.mark.slow
def test_worker_of_its_own_is_told_the_next_step(tmp_path: Path) -> None:
    """A worker that answers RemoteException to all payloads has no failure, and what needs them is not testable."""
    run = kit_with_report(tmp_path, "--", *python(OWN))

    assert run.status == 3
    assert set(run.statuses().values()) == {"pass", "not-applicable", "not-testable"}
    assert run.statuses()["run/returns-the-task-id"] == "pass"
    assert run.statuses()["err/failure-has-five-items"] == "pass"
    assert run.statuses()["data/floats"] == "not-testable"
    assert "Next step: serve the conformance payloads" in run.out


SQUARES: Final = (
    "import json, sys\n"
    "for line in sys.stdin.buffer:\n"
    "  if not line.endswith(b'\\n'): break\n"
    "  i, p = json.loads(line)\n"
    "  try: first = [i, p * p]\n"
    "  except TypeError: first = ['RemoteException', i, 'TypeError', 'no number', '']\n"
    "  print(json.dumps([first, None, None], separators=(',', ':')), flush=True)"
)
"""A worker for numbers, without a preparation: no requests are smaller than its."""


@pytest.mark.slow
@pytest.mark.parametrize("first_id", [10**4, 2**31 - 1])
@pytest.mark.parametrize("known", [True, False])
def test_right_worker_with_the_smallest_requests_is_no_fault_of_the_kit(
    first_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """As many checks are made with small payloads and short ids as with others, and with answers nobody knows."""
    manifest = tmp_path / "m.toml"
    answer = "\nanswer = 9" if known else ""
    counted = 'codec = "json"\npreparation_ends = "count"\nraises = {payload = "x"}\n'
    manifest.write_text(f"{counted}[[task]]\npayload = 3{answer}\n", encoding="utf-8")
    monkeypatch.setattr(random, "randrange", lambda *_: first_id)

    run = kit_with_report(tmp_path, "--manifest", str(manifest), "--", *python(SQUARES))

    statuses = run.statuses()
    assert statuses["wire/split-at-every-byte"] == "pass", run.out
    assert set(statuses.values()) == {"pass", "not-applicable", "not-testable"}, run.out


@pytest.mark.parametrize("payload", ["3", '"a longer text"'])
def test_a_request_is_cut_at_each_of_its_places_and_often_enough(payload: str, tmp_path: Path) -> None:
    """Untagged, a request may have five bytes, and four places to cut. [WIRE-2]"""
    manifest = tmp_path / "m.toml"
    manifest.write_text(f"[[task]]\npayload = {payload}\n", encoding="utf-8")
    words = ("--manifest", str(manifest), "--dialect", "untagged", "--case", "wire/split-at-every-byte")

    run = kit_with_report(tmp_path, *words, "--", *python(ECHO + "for p in requests(): send((p, None, None))"))

    assert run.statuses() == {"wire/split-at-every-byte": "pass"}, run.out


def test_manifest_makes_a_worker_of_its_own_testable(tmp_path: Path) -> None:
    """Samples of the manifest are sent and their answers checked; what has no sample is not testable."""
    manifest = tmp_path / "m.toml"
    task = "[[task]]\npayload = {n = 3}\nanswer = "
    words = ("--manifest", str(manifest), "--case", "run/r*", "--case", "err/failure*", "--", *python(OWN))

    manifest.write_text(f"{task}9", encoding="utf-8")
    right = kit_with_report(tmp_path, *words)
    manifest.write_text(f"{task}9\n[raises]\npayload = {{}}\ntype = 'KeyError'", encoding="utf-8")
    raising = kit_with_report(tmp_path, *words)
    manifest.write_text(f"{task}8", encoding="utf-8")
    wrong = kit_with_report(tmp_path, *words)

    assert right.statuses()["run/returns-the-task-id"] == "pass"
    assert right.statuses()["err/failure-has-five-items"] == "not-testable"
    assert "add [raises]" in right.out
    assert "Next step" not in right.out
    assert "say conformance_payloads = true there" in right.unfolded
    assert raising.statuses()["err/failure-has-five-items"] == "pass"
    assert wrong.status == 1
    assert "the sample {'n': 3} of the manifest: 9 came, 8 is declared" in wrong.unfolded
    assert "8; which of the two is right?" in wrong.unfolded


@pytest.mark.slow
@pytest.mark.parametrize(("items", "body"), [("", "pass"), ("preparation = ['first']\n", "next(items, None)")])
def test_worker_that_takes_a_number_of_items_is_testable(items: str, body: str, tmp_path: Path) -> None:
    """With preparation_ends "count" just the manifest's items are sent; what takes others is not testable. [PREP-4]"""
    worker, manifest = tmp_path / "worker.py", tmp_path / "m.toml"
    prepare, due = "    PREPARED.extend(iter(lambda: next(items, None), None))\n", f"    {body}\n"
    text = TEMPLATE.read_text(encoding="utf-8")
    assert prepare in text
    worker.write_text(text.replace(prepare, due), encoding="utf-8")
    task = "[[task]]\npayload = {op = 'echo', value = 9}\nanswer = 9"
    words = ("--strict", "--manifest", str(manifest), "--", sys.executable, "-S", str(worker))

    manifest.write_text(f"{items}preparation_ends = 'count'\n{task}", encoding="utf-8")
    run = kit_with_report(tmp_path, *words)
    manifest.write_text(f"{items}preparation_ends = 'none'\n{task}", encoding="utf-8")
    none = kit("--case", "run/r*", *words)

    assert run.status == 3, run.out
    assert set(run.statuses().values()) == {"pass", "not-applicable", "not-testable"}
    reasons = {line["case"]: str(line["reason"]) for line in run.lines if line.get("status") == "not-testable"}
    counted = {name for name, reason in reasons.items() if "ends by count" in reason}
    assert {"prep/no-items", "prep/items-come-in-order"} <= counted
    assert "Next step" not in run.out
    cut_short = {"prep/silent-during-preparation", "eof/during-preparation", "eof/inside-a-preparation-item"}
    assert counted & cut_short == (set() if items else cut_short)
    assert run.statuses()["run/returns-the-task-id"] == "pass"
    assert none.status == 1


def test_counted_preparation_of_a_worker_that_serves_the_payloads(tmp_path: Path) -> None:
    """A worker that serves the payloads may count its items too; those of the kit are not sent to it. [PREP-4]"""
    manifest = tmp_path / "m.toml"
    manifest.write_text("preparation = [1]\npreparation_ends = 'count'", encoding="utf-8")
    code = RIGHT.replace("while load(read) is not None:\n    pass", "assert load(read) == 1")
    cases = ("--case", "prep/[ais]*", "--case", "eof/during-preparation", "--case", "data/floats")

    run = kit_with_report(tmp_path, "--manifest", str(manifest), *cases, "--", *python(code))

    assert run.statuses()["prep/a-thousand-items"] == "not-testable"
    assert run.statuses()["prep/silent-during-preparation"] == run.statuses()["data/floats"] == "pass", run.out
    assert "fail" not in run.statuses().values()


def test_declared_lacks_are_not_testable(tmp_path: Path) -> None:
    """What the manifest says is lacking is not run, and gives status 3."""
    manifest = tmp_path / "m.toml"
    manifest.write_text("lacks = ['type:set', 'op:raise']", encoding="utf-8")
    cases = ("--case", "data/sets", "--case", "data/lists", "--case", "err/usable-after-a-failure")

    run = kit_with_report(tmp_path, "--manifest", str(manifest), *cases, "--", *WORKER)

    assert run.status == 3
    assert run.statuses()["data/sets"] == run.statuses()["err/usable-after-a-failure"] == "not-testable"
    assert run.statuses()["data/lists"] == "pass"
    assert "lacks type:set" in run.out


def test_baseline_decides(tmp_path: Path) -> None:
    """A known failure does not fail the run, an entry that is stale does."""
    baseline = tmp_path / "baseline.toml"
    code = ECHO + "for i, p in requests(): send(((i, [] if p['value'] == () else p['value']), None, None))"
    words = ("--baseline", str(baseline), "--case", "data/tuples", "--case", "run/task-id-0", "--", *python(code))

    baseline.write_text("known.'data/tuples' = {reason = 'r', fails_with = '[] (list) came'}", encoding="utf-8")
    known = kit(*words)
    baseline.write_text("flaky.'data/tuples' = {reason = 'r', fails_with = 'list'}", encoding="utf-8")
    flaky = kit(*words)
    baseline.write_text("known.'data/tuples' = {reason = 'r', fails_with = 'a set came'}", encoding="utf-8")
    other = kit(*words)
    baseline.write_text(
        "known.'data/tuples' = {reason = 'r', fails_with = 'list'}\n"
        "known.'run/task-id-0' = {reason = 'r', fails_with = 'a set'}",
        encoding="utf-8",
    )
    stale = kit(*words)

    assert (known.status, flaky.status, other.status, stale.status) == (0, 0, 1, 1)
    assert "left out), but for 1 known failure\n" in known.out
    assert "known to be flaky" in flaky.out
    assert "the baseline expects the reason 'a set came'" in other.out
    assert "run/task-id-0 passed; remove the entry" in stale.out


def test_worker_that_answers_wrongly_is_still_taken_to_serve_the_payloads(tmp_path: Path) -> None:
    """A wrong answer to the first payload is no sign of a task function of its own: the cases fail. [OPS-1]"""
    code = ECHO + "for i, p in requests(): send(((i, 'another'), None, None))"

    run = kit_with_report(tmp_path, "--case", "run/answers-the-value", "--", *python(code))

    assert run.statuses() == {"run/answers-the-value": "fail"}


@pytest.mark.parametrize(("answer", "status"), [(3, 0), (4, 1)])
def test_samples_are_tested_beside_the_conformance_payloads(answer: int, status: int, tmp_path: Path) -> None:
    """A worker that serves both is tested on its own tasks as well, and everything is testable. [OPS-1]"""
    manifest = tmp_path / "m.toml"
    task = f"[[task]]\npayload = 'three short words'\nanswer = {answer}\n"
    manifest.write_text(f"conformance_payloads = true\n{task}", encoding="utf-8")
    words = ("--manifest", str(manifest), "--case", "run/r*", "--case", "out/*", "--case", "data/lists", "--", *WORKER)

    run = kit_with_report(tmp_path, *words)

    assert run.status == status, run.out
    assert ("fail" in run.statuses().values()) == (status == 1)
    assert set(run.statuses().values()) <= {"pass", "fail"}
    assert kit("verify", str(tmp_path / "report.jsonl")).status == 0


def test_payloads_that_a_manifest_promises_and_the_worker_does_not_serve_are_not_testable(tmp_path: Path) -> None:
    """The samples are tested all the same, and the status says that something was not. [DATA-1]"""
    manifest = tmp_path / "m.toml"
    manifest.write_text("conformance_payloads = true\n[[task]]\npayload = {n = 3}\nanswer = 9", encoding="utf-8")

    run = kit_with_report(
        tmp_path, "--manifest", str(manifest), "--case", "run/r*", "--case", "out/*", "--", *python(OWN)
    )

    assert run.status == 3
    assert {"pass", "not-testable"} == set(run.statuses().values())


def test_a_manifest_that_was_found_is_told_first(tmp_path: Path) -> None:
    """Nobody need wonder why a worker is spoken to in JSON."""
    (tmp_path / "w.py").write_text(f"import runpy\nrunpy.run_path({str(TEMPLATE)!r}, run_name='__main__')", "utf-8")
    found = tmp_path / "spread-jobs-worker.toml"
    found.write_text("command = ['w.py']\ncodec = 'json'", encoding="utf-8")

    run = kit("--case", "run/task-id-0", "--", sys.executable, "-S", str(tmp_path / "w.py"), "--codec", "json")

    assert run.status == 0
    assert run.out.startswith(f"as {found} says (--no-manifest: without it): codec json\n")


def test_other_codec_than_was_declared_is_told_at_once(tmp_path: Path) -> None:
    """A worker that answers in the other codec alone is not judged: the option is named, with status 2."""
    speaks_json = kit_with_report(tmp_path, "--", *WORKER, "--codec", "json")
    speaks_pickle = kit("--codec", "json", "--", *WORKER, "--codec", "pickle")

    assert (speaks_json.status, speaks_pickle.status) == (2, 2)
    assert "answers in json, not in pickle: give --codec json" in speaks_json.err
    assert "answers in pickle, not in json: give --codec pickle" in speaks_pickle.err
    assert speaks_json.lines[-1]["complete"] is False


LEAVES: Final = RIGHT.replace("for i, p in requests():", "for i, p in itertools.islice(requests(), 3):").replace(
    "import pickle", "import itertools, pickle"
)


def test_worker_that_leaves_is_not_testable_where_it_must_stay(tmp_path: Path) -> None:
    """Leaving after some tasks, with status 0 at a message boundary, is allowed: no case fails of it. [RUN-13]"""
    cases = ("--case", "run/returns-the-task-id", "--case", "run/task-id-0", "--case", "wire/nothing-but-messages")

    run = kit_with_report(tmp_path, *cases, "--", *python(LEAVES.replace("p.get('value')", "p.get('value', 0)")))

    assert run.statuses()["run/returns-the-task-id"] == "not-testable", run.out
    assert run.statuses()["run/task-id-0"] == "pass"
    assert "it left by itself, with status 0, after 3 tasks; RUN-13 allows that" in run.unfolded
    assert kit("verify", str(tmp_path / "report.jsonl")).out.endswith("VERIFIED\n")


def test_worker_that_ends_of_a_request_fails_whatever_its_status(tmp_path: Path) -> None:
    """Asked the same again as its first request it ends again: it did not leave by itself. [ERR-4]"""
    code = RIGHT.replace(
        "for i, p in requests(): ", "for i, p in requests():\n  isinstance(p, dict) or sys.exit(0)\n  "
    )

    run = kit_with_report(tmp_path, "--case", "err/strange-payloads", "--case", "data/lists", "--", *python(code))

    assert run.statuses() == {"err/strange-payloads": "fail", "data/lists": "pass"}


def test_what_is_lacking_is_named_where_most_is_served(tmp_path: Path) -> None:
    """The exception is quoted, and the next step is to serve that payload, not to serve any. [OPS-6]"""
    code = RIGHT.replace(
        "(i, p.get('value'))",
        "('RemoteException', i, 'NotImplementedError', 'no exit', '') if p['op'] == 'exit' else (i, p.get('value'))",
    )

    run = kit_with_report(tmp_path, "--case", "data/*", "--case", "run/exit-*", "--", *python(code))

    assert run.status == 3, run.out
    assert "RemoteException (NotImplementedError: no exit) to {'op': 'exit', 'status': 7}" in run.unfolded
    assert "Next step: serve op:exit too" in run.out
    assert "30 lines" not in run.out
