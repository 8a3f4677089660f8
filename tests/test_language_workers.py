"""The reference workers, in every language that is here: each passes the whole kit, and survives its users."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest
from language_workers import EACH, EACH_WAY, LANGUAGES, ROOT, Language, built

from spreadjobs import Settings, main

KIT_LIMIT_S: Final = 240
MOST_LINES: Final = 150
MOST_LINES_OF: Final = {"shell": 60}
LEAST_LANGUAGES: Final = "SPREADJOBS_LEAST_LANGUAGES"
"""How many languages must be here: set where their toolchains were installed before."""


@pytest.fixture(name="cache", scope="session")
def cache_of_workers() -> dict[str, Language | str]:
    """The workers as shipped, each built once; or why one is skipped."""
    return {}


@pytest.fixture(name="shipped")
def shipped_worker(
    language: Language, cache: dict[str, Language | str], tmp_path_factory: pytest.TempPathFactory
) -> Language:
    """A worker as shipped, built."""
    if language.name not in cache:
        try:
            cache[language.name] = built(language, tmp_path_factory.mktemp("shipped"))
        except pytest.skip.Exception as skipped:
            cache[language.name] = str(skipped)
    found = cache[language.name]
    if isinstance(found, str):
        pytest.skip(found)
    return found


def conform(worker: Language, *words: str) -> subprocess.CompletedProcess[str]:
    """What the kit says of it, by the manifest beside it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    kit = [sys.executable, "-m", "spreadjobs_conform", "--strict", *words]
    return subprocess.run(
        kit, capture_output=True, text=True, check=False, timeout=KIT_LIMIT_S, cwd=worker.folder, env=environment
    )


def settings(worker: Language) -> Settings:
    """What a master must know of it."""
    if worker.codec == "json":
        return Settings(codec="json", max_attempts=1)
    return Settings(pickle_protocol=worker.pickle_protocol or 4, max_attempts=1)


@pytest.mark.slow
@pytest.mark.timeout(KIT_LIMIT_S + 60)
@pytest.mark.parametrize(("language", "way"), EACH_WAY)
def test_a_reference_worker_passes_the_whole_kit(shipped: Language, way: str) -> None:
    """Every MUST and SHOULD, in each codec and dialect that it claims; nothing is left untested."""
    options = way.split()

    ended = conform(shipped, *options, "--", *shipped.command, *options)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("\nCONFORMANT\n")
    assert "not-testable" not in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("language", EACH)
def test_the_shipped_task_is_done_through_a_master(shipped: Language) -> None:
    """The example of every template counts the words of a text, whatever is between them. [RUN-5]"""
    todo = ["three short words", "", " \ttwo\nwords ", "é"]

    assert main(todo, [shipped.placed] * 2, stdin=[None], settings=settings(shipped)).results == [3, 0, 2, 1]


@pytest.mark.slow
@pytest.mark.parametrize("language", EACH)
def test_a_careless_task_harms_no_conversation(
    language: Language, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a task and its child print goes elsewhere, and a child that reads eats no request. [WIRE-4]"""
    swap = tomllib.loads((ROOT / "tests" / "careless" / f"{language.name}.toml").read_text(encoding="utf-8"))

    def careless(source: str) -> str:
        before, found, after = source.partition(str(swap["replace"]).strip("\n"))
        assert found, f"tests/careless/{language.name}.toml does not fit {language.source}"
        return before + str(swap["by"]).strip("\n") + after

    worker = built(language, tmp_path, careless)
    spread = main(["a", "b", "c"], [worker.placed], stdin=[None], settings=settings(worker))

    printed = "".join(capfd.readouterr())
    assert spread.results == ["careless"] * 3
    assert spread.workers[0].status == 0
    assert printed.count("printed by the task") == 3
    assert printed.count("from a child") == 3


@pytest.mark.parametrize("language", EACH)
def test_a_template_is_short(language: Language) -> None:
    """It is made to be read whole before it is copied."""
    lines = language.source.read_text(encoding="utf-8").splitlines()

    assert len(lines) < MOST_LINES_OF.get(language.name, MOST_LINES)
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("language", EACH)
def test_a_worker_comes_with_a_page_and_says_what_it_needs(language: Language) -> None:
    """A folder has worker, manifest and README; the manifest's command names the worker or what is built of it."""
    readme = (language.folder / "README.md").read_text(encoding="utf-8")

    assert "spread-jobs-conform" in readme
    assert "stdin=[None]" in readme
    assert language.needs
    assert not language.needs.endswith(".")
    words = " ".join((*language.command, *language.build))
    assert language.source.name in words or "cargo" in words


def test_as_many_languages_are_here_as_were_installed(cache: dict[str, Language | str], tmp_path: Path) -> None:
    """Where toolchains were installed, a language that is skipped all the same is a failure."""
    least = os.environ.get(LEAST_LANGUAGES)
    if least is None:
        pytest.skip(f"{LEAST_LANGUAGES} is not set: nobody has installed toolchains for these tests")
    missing = []
    for each in LANGUAGES:
        try:
            cache[each.name] = cache.get(each.name) or built(each, tmp_path)
        except pytest.skip.Exception as skipped:
            cache[each.name] = str(skipped)
        if isinstance(cache[each.name], str):
            missing.append(str(cache[each.name]))

    assert len(LANGUAGES) - len(missing) >= int(least), missing
