"""The benchmarks' arithmetic and their page, with made-up numbers: no figure is tested here, and no peer is needed."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from speed.cases import all_cases
from speed.goals import ROWS
from speed.isolated import LONGEST_FAILURE, measure
from speed.plots import write_plots
from speed.programs import COMPILED_VARIABLE, MARK, TEMPLATE, texts, write_programs
from speed.report import Breakdown, Measured, Run, number, page
from speed.rounds import in_turn
from speed.values import Case, Contestant, Figure, Kind, Load, Reading, Result, Verdict, judge, result_of

from spreadjobs import states

OURS = ("ours", "us")
THEIRS = ("theirs", "us")


def figure(kind: Kind, at_least: float, aim: float) -> Figure:
    """A figure of two contestants."""
    return Figure("a case", "imap", kind, OURS, THEIRS, at_least, aim)


def readings(ours: list[float | None], theirs: list[float | None]) -> dict[str, list[Reading]]:
    """What two contestants measured; None: they failed."""
    return {
        name: [Reading(failure="broke") if value is None else Reading({"us": value}) for value in values]
        for name, values in (("ours", ours), ("theirs", theirs))
    }


def measured(ours: list[float | None], theirs: list[float | None]) -> Measured:
    """A case of two contestants and one figure."""
    case = Case(
        "made-up",
        "A made-up case",
        "What is done.",
        [Contestant("ours", "ours:noop", Load(tasks=1000)), Contestant("theirs", "peers:pool", Load(tasks=10))],
        rounds=len(ours),
        shown=[("us", "µs a task")],
        against="theirs",
        figures=[figure(Kind.FASTER, 4, 7)],
    )
    return Measured(case, readings(ours, theirs))


def spread(result: Result) -> tuple[float, float, float]:
    """The three numbers of a result."""
    assert result.spread is not None
    return result.spread.median, result.spread.least, result.spread.greatest


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.FASTER, 4.0),
        (Kind.SHARE, 400.0),
        (Kind.TIMES, 0.25),
        (Kind.MORE_MS, -6000.0),
        (Kind.MEGABYTES, 2e-6),
    ],
)
def test_a_figure_is_made_as_its_kind_says(kind: Kind, value: float) -> None:
    """Two seconds of ours and eight of theirs give the ratio, share, difference or size that the kind names."""
    result = result_of(figure(kind, 1, 1), readings([2.0], [8.0]))

    assert spread(result) == pytest.approx((value, value, value))


def test_a_figure_without_a_reference_is_held_against_what_is_due() -> None:
    """A peak of three for a payload of two is one and a half times the payload."""
    due = attrs.evolve(figure(Kind.PER_UNIT, 2.2, 1.1), reference=None, due=2.0)

    assert spread(result_of(due, readings([3.0], []))) == (1.5, 1.5, 1.5)
    assert spread(result_of(attrs.evolve(due, kind=Kind.OVER), readings([3.0], []))) == (50.0, 50.0, 50.0)


def test_the_result_is_the_median_of_the_rounds_ratios() -> None:
    """Ratios are taken within a round: a slow round slows both, and the ratio of the medians would not see that."""
    result = result_of(figure(Kind.FASTER, 4, 7), readings([1.0, 10.0, 2.0], [5.0, 50.0, 6.0]))

    assert spread(result) == (5.0, 3.0, 5.0)
    assert result.verdict is Verdict.AT_LEAST


def test_a_round_in_which_somebody_failed_does_not_count() -> None:
    """Nothing is compared with what was measured at another time."""
    result = result_of(figure(Kind.FASTER, 4, 7), readings([1.0, None, 1.0], [8.0, 1.0, None]))

    assert spread(result) == (8.0, 8.0, 8.0)


def test_a_figure_that_was_never_measured_has_no_verdict() -> None:
    """A peer that is not installed makes no figure good or bad."""
    result = result_of(figure(Kind.FASTER, 4, 7), readings([1.0], [None]))

    assert (result.spread, result.verdict) == (None, Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("kind", "value", "verdict"),
    [
        (Kind.FASTER, 7.0, Verdict.REACHED),
        (Kind.FASTER, 6.9, Verdict.AT_LEAST),
        (Kind.FASTER, 4.0, Verdict.AT_LEAST),
        (Kind.FASTER, 3.9, Verdict.SHORT),
        (Kind.SHARE, 6.9, Verdict.AT_LEAST),
    ],
)
def test_where_more_is_better_the_bounds_are_lower_ones(kind: Kind, value: float, verdict: Verdict) -> None:
    """The aim is reached at it or above it."""
    assert judge(figure(kind, 4, 7), value) is verdict


@pytest.mark.parametrize(
    ("kind", "value", "verdict"),
    [
        (Kind.TIMES, 1.2, Verdict.REACHED),
        (Kind.TIMES, 1.3, Verdict.AT_LEAST),
        (Kind.TIMES, 1.6, Verdict.SHORT),
        (Kind.MORE_MS, -1.0, Verdict.REACHED),
        (Kind.PER_UNIT, 1.5, Verdict.AT_LEAST),
        (Kind.MEGABYTES, 1.51, Verdict.SHORT),
    ],
)
def test_where_less_is_better_the_bounds_are_upper_ones(kind: Kind, value: float, verdict: Verdict) -> None:
    """The aim is reached at it or below it."""
    assert judge(figure(kind, 1.5, 1.2), value) is verdict


def test_each_contestant_is_measured_once_a_round_and_nobody_always_first() -> None:
    """What disturbs the machine for a while disturbs all of them."""
    order: list[str] = []

    def measure_one(contestant: Contestant) -> Reading:
        order.append(contestant.name)
        return Reading({"us": float(len(order))})

    found = in_turn([Contestant(name, "no:job") for name in "abc"], 3, measure_one)

    assert "".join(order) == "abcbcacab"
    assert [reading.values["us"] for reading in found["a"]] == [1.0, 6.0, 8.0]


def test_who_fails_twice_is_not_tried_again() -> None:
    """A hang costs its time limit twice, not in each of many rounds; each round still has a reading."""
    tried: list[str] = []

    def fail(contestant: Contestant) -> Reading:
        tried.append(contestant.name)
        return Reading(failure="not done within 60 s")

    found = in_turn([Contestant("a", "no:job")], 5, fail)

    assert len(tried) == 2
    assert len(found["a"]) == 5


@pytest.mark.parametrize("quick", [True, False])
def test_each_row_to_be_reached_has_figures_and_each_figure_its_contestants(*, quick: bool) -> None:
    """No figure that was asked for can be left out, and none can name a contestant or a row that does not exist."""
    rows = set()
    for case in all_cases(quick=quick):
        names = [contestant.name for contestant in case.contestants]
        assert len(names) == len({*names})
        assert case.against in {"", *names}
        for each in case.figures:
            rows.add(each.row)
            sources = [each.subject, *([each.reference] if each.reference else [])]
            assert {name for name, _ in sources} <= {*names}

    assert rows == {*ROWS}


def test_the_cases_have_names_of_their_own() -> None:
    """``--only`` means one case."""
    names = [case.name for case in all_cases(quick=False)]

    assert len(names) == len({*names})


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (0.01234, "0.0123"), (1.5, "1.50"), (12345.6, "12,346")])
def test_numbers_have_three_digits(value: float, text: str) -> None:
    """More of them would claim what no measurement gives."""
    assert number(value) == text


def test_the_page_has_figures_spreads_verdicts_and_failures() -> None:
    """All that was found is on the page, a failure in its own words, and a quick run says that it is one."""
    run = Run(
        [("date", "today")],
        [measured([1.0, 1.0, 2.0], [5.0, 6.0, None])],
        [Breakdown("A worker", "What it means.", Reading({"load": 1.5, "load calls": 2.0}))],
        quick=True,
    )

    text = page(run)

    assert "| a case | ≥ 4.00 x | ≥ 7.00 x | **5.50 x** | 5.00 x .. 6.00 x | at least |" in text
    assert "| ours | 1,000 | 1.00 (1.00 .. 2.00) | 5.50 (5.00 .. 6.00) |" in text
    assert "theirs: failed 1 of 3 times: broke" in text
    assert "| `load` | 1.50 | 2.000 |" in text
    assert "**A quick run**" in text
    assert all(goal in text for goal in ROWS.values())


def test_the_page_of_a_peer_that_is_missing_says_so() -> None:
    """The table has its row, without numbers."""
    text = page(Run([], [measured([1.0], [None])]))

    assert "| theirs | 10 | - | - |" in text
    assert "not measured" in text


def test_the_template_worker_is_the_shipped_one_with_another_task() -> None:
    """What is measured is what a reader copies, to the last byte before the mark."""
    shipped = TEMPLATE.read_text(encoding="utf-8").partition(MARK)[0]

    assert shipped
    for name, text in texts().items():
        compile(text, name, "exec")
        assert text.startswith(shipped) == name.startswith("template")


@pytest.mark.parametrize(
    ("job", "failure"),
    [
        ("no_such_module:job", "ModuleNotFoundError: No module named 'speed.no_such_module'"),
        ("pairs:decode_list", "KeyError: ''"),
    ],
)
def test_a_child_that_fails_is_a_reading_with_its_last_words(job: str, failure: str, tmp_path: Path) -> None:
    """A peer that is missing or broken ends its own measurement and nothing else."""
    assert measure(Contestant("a", job), tmp_path) == Reading(failure=failure)


def test_a_child_that_hangs_is_ended(tmp_path: Path) -> None:
    """A hang costs its time limit."""
    write_programs(tmp_path)

    reading = measure(Contestant("a", "tasks:nap_of", Load(task_s=100), limit_s=1), tmp_path)

    assert reading == Reading(failure="not done within 1 s")


def test_a_child_gives_back_what_it_measured(tmp_path: Path) -> None:
    """A job of our own workers goes through, with its answers checked."""
    write_programs(tmp_path)

    reading = measure(Contestant("a", "ours:noop", Load(tasks=50), limit_s=60), tmp_path)

    assert reading.failure == ""
    assert reading.values["us"] > 0


@pytest.mark.parametrize(
    ("package", "failure"),
    [
        ("", "nothing compiled is here: `make bench` makes it where there is a C compiler"),
        (str(Path(states.__file__).parents[1]), f"AssertionError: not compiled: {states.__file__}"),
    ],
)
def test_what_is_not_compiled_is_not_measured_as_if_it_were(
    package: str, failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure of the compiled package is never that of another one."""
    write_programs(tmp_path)
    monkeypatch.setenv(COMPILED_VARIABLE, package)

    reading = measure(Contestant("a", "ours:noop_compiled", Load(tasks=50), compiled=True), tmp_path)

    assert reading == Reading(failure=failure[:LONGEST_FAILURE])


def test_a_run_without_sweeps_draws_nothing(tmp_path: Path) -> None:
    """Only what was measured is drawn, and only drawing needs matplotlib."""
    write_plots([measured([1.0], [1.0])], tmp_path)

    assert not list(tmp_path.iterdir())
