"""
pytest's way to the kit: ``pytest --spread-jobs-worker="./worker --codec json"`` has a test a case.

Wherever the kit is installed, every pytest loads this module: so it does nothing, and imports nothing that pytest has
not imported already, unless one of its options is given.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options; called by pytest."""
    group = parser.getgroup("spread-jobs", "conformance of a worker process (spread-jobs-conform)")
    group.addoption("--spread-jobs-worker", metavar="COMMAND", help="run this worker through the specification")
    group.addoption(
        "--spread-jobs-options",
        metavar="OPTIONS",
        help="options of spread-jobs-conform, in one word: '--codec json --case run/*'",
    )


def pytest_configure(config: pytest.Config) -> None:
    """
    Brings in the cases, if they were asked for; called by pytest.

    Raises:
        pytest.UsageError: The options make no sense.
    """
    worker: str | None = config.getoption("--spread-jobs-worker")
    options: str | None = config.getoption("--spread-jobs-options")
    if worker is None and options is None:
        return
    from spreadjobs_conform.pytest_cases import plugin_for  # noqa: PLC0415 - it costs every pytest time otherwise

    config.addinivalue_line("markers", "spread_jobs: a case of spread-jobs-conform")
    config.pluginmanager.register(plugin_for(worker, options), "spread-jobs-conform-cases")
