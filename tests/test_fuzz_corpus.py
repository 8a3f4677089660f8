"""The kept inputs of the fuzz target, run once more without the fuzzer."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from fuzz_checks import Finding, check
from fuzz_mutator import mutate
from fuzz_seeds import inputs

CORPUS = sorted((Path(__file__).parents[1] / "fuzz" / "corpus").iterdir())


def test_the_kept_corpus_holds() -> None:
    """No kept input breaks a check: declared errors alone, whatever the cuts, and nothing runs. [SEC-1, WIRE-6]"""
    outcomes = [check(path.read_bytes()) for path in CORPUS]
    assert len(outcomes) > 50
    assert any(outcome.broken for outcome in outcomes)
    assert any(outcome.messages for outcome in outcomes)


def test_the_corpus_stays_small() -> None:
    """It is kept in the repository, so that it must not grow with each run. [SEC-1]"""
    assert len(CORPUS) < 300
    assert sum(path.stat().st_size for path in CORPUS) < 300_000


def test_the_seeds_hold() -> None:
    """What the fuzzer begins with breaks no check either. [SEC-1]"""
    for data in inputs():
        check(data)


def test_mutations_keep_to_the_size_and_are_the_same_for_the_same_seed() -> None:
    """The mutator obeys the fuzzer, so that a finding can be found again. [SEC-1]"""
    seeds = inputs()
    for seed in range(300):
        data = seeds[seed % len(seeds)]
        changed = mutate(data, 500, seed, lambda part, most: part[:most])
        assert changed == mutate(data, 500, seed, lambda part, most: part[:most])
        assert len(changed) <= 500


def test_the_checks_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder whose messages depend on the cuts is found. [WIRE-6]"""
    count = itertools.count()
    monkeypatch.setattr("fuzz_checks.flat", lambda _message: str(next(count)).encode())
    with pytest.raises(Finding, match="the cuts matter"):
        check(b"\0\0\0\0" + b"(NNNt.")
