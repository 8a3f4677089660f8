"""The guard against workers that start workers without end."""

from __future__ import annotations

import os

import pytest

from spreadjobs.nesting import IMPORTING, check_not_importing, importing


def test_a_run_during_the_import_is_refused_with_the_cure() -> None:
    """The error names the module. [JOB-4]"""
    with importing("mymodule"), pytest.raises(RuntimeError, match=r"imports 'mymodule': .* if __name__ =="):
        check_not_importing()


def test_after_the_import_runs_may_be_started() -> None:
    """A task function may spread work itself; also after an import that failed. [JOB-4]"""
    with pytest.raises(KeyError), importing("mymodule"):
        raise KeyError

    check_not_importing()
    assert IMPORTING not in os.environ
