"""The plots, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from speed.cases_sweep import LENGTHS, MOST_PROCESSES, NAMES, NUMBERS, WORKERS, number_name
from speed.report import Measured
from speed.sweeps import LENGTHS_S, NAP_S
from speed.values import Reading, Readings

SIZE_INCHES: Final = (9.0, 5.5)
ZERO_AT: Final = LENGTHS_S[1] / 3
"""Where a length of 0 stands on a logarithmic axis."""
WORKERS_OF_LENGTHS: Final = 2
LOWEST_RATE: Final = 100
"""So that the plot of noop tasks shows differences as large as they are."""


def lengths_plot(readings: Readings, path: Path) -> None:
    """Draw tasks a second against the length of a task."""
    from matplotlib import pyplot as plt

    plt.switch_backend("Agg")
    figure, axes = plt.subplots(figsize=SIZE_INCHES, layout="constrained")
    for name, rounds in readings.items():
        rates = [_median(rounds, f"{length_s:g}") for length_s in LENGTHS_S]
        points = [(max(ZERO_AT, at), rate) for at, rate in zip(LENGTHS_S, rates, strict=True) if rate]
        style = "o-" if name.startswith("ours") else "s--"
        axes.plot([at for at, _ in points], [rate for _, rate in points], style, label=name)
    ideal = [length_s for length_s in LENGTHS_S if length_s]
    axes.plot(ideal, [WORKERS_OF_LENGTHS / length_s for length_s in ideal], ":", color="grey", label="2 / length")
    axes.set(xscale="log", yscale="log", xlabel="length of a task", ylabel="tasks a second, 2 workers")
    axes.set_xticks([max(ZERO_AT, at) for at in LENGTHS_S], [f"{1e3 * at:g} ms" for at in LENGTHS_S])
    axes.set_xticks([], minor=True)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def workers_plot(readings: Readings, path: Path) -> None:
    """Draw tasks a second against the number of workers, noop tasks on the left, longer ones on the right."""
    from matplotlib import pyplot as plt

    plt.switch_backend("Agg")
    figure, both = plt.subplots(1, 2, figsize=(2 * SIZE_INCHES[0] / 1.5, SIZE_INCHES[1]), layout="constrained")
    for axes, key, title in zip(both, ("noop", "nap"), ("noop tasks", f"tasks of {NAP_S:g} s"), strict=True):
        axes.set(xscale="log", yscale="log", xlabel="workers", ylabel="tasks a second", title=title)
        for way in MOST_PROCESSES:
            points = [
                (workers, rate)
                for workers in WORKERS
                if (rate := _median(readings.get(number_name(way, workers), ()), key))
            ]
            style = "o-" if way == "ours" else "s--"
            axes.plot([at for at, _ in points], [rate for _, rate in points], style, label=NAMES[way])
        if key == "nap":
            axes.plot(WORKERS, [at / NAP_S for at in WORKERS], ":", color="grey", label="workers / length")
        else:
            axes.set_ylim(bottom=LOWEST_RATE)
        axes.set_xticks(WORKERS, [str(at) for at in WORKERS])
        axes.set_xticks([], minor=True)
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
    figure.savefig(path, metadata={"Date": None})


def _median(rounds: Sequence[Reading], key: str) -> float | None:
    values = [reading.values[key] for reading in rounds if key in reading.values]
    return median(values) if values else None


def write_plots(measured: Sequence[Measured], folder: Path) -> None:
    """Write those for which there is something."""
    for each in measured:
        if each.case.name == LENGTHS:
            lengths_plot(each.readings, folder / "lengths.svg")
        if each.case.name == NUMBERS:
            workers_plot(each.readings, folder / "workers.svg")
