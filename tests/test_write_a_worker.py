"""docs/write-a-worker.md is true: its worker, made step by step, fails as the page says, and conforms at the end."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import pytest
from spreadjobs_conform.catalogue import all_cases

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = (ROOT / "docs" / "write-a-worker.md").read_text(encoding="utf-8")
FINISHED: Final = ROOT / "examples" / "lua"
LIMIT_S: Final = 240
WORKER: Final = "worker.lua"
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FAILURE: Final = re.compile(r"FAIL  (\S+  \((?:MUST|SHOULD)) (.*)\)")
_NAMED: Final = re.compile(r"(?:#!.*\n)?(?:--|#) ([\w.-]+)(?::.*)?\n")


@attrs.frozen
class Stage:
    """A command of the page with what it prints, and the files as they are when the reader comes to it."""

    files: Mapping[str, str]
    command: str
    shown: tuple[str, ...]


def edited(source: str, diff: str) -> str:
    """The source after a diff of the page: what each part keeps and takes away stands there once, and only once."""
    for part in diff.split("@@\n"):
        lines = [line or " " for line in part.splitlines()]
        old = "".join(line[1:] + "\n" for line in lines if line[0] in " -")
        new = "".join(line[1:] + "\n" for line in lines if line[0] in " +")
        places = [match.start() for match in re.finditer(f"^{re.escape(old)}", source, re.MULTILINE)]
        assert len(places) == 1, f"{len(places)} places of this diff in the worker so far:\n{part}\n---\n{source}"
        source = source[: places[0]] + new + source[places[0] + len(old) :]
    return source


def stages() -> Iterator[Stage]:
    """What the page has its reader do, from its start to its end; the last one has no command."""
    files: dict[str, str] = {}
    for language, text in _BLOCK.findall(PAGE):
        named = _NAMED.match(text)
        if language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, *shown = part.splitlines()
                yield Stage(dict(files), command, tuple(shown))
        elif language == "diff" and named:
            files[named[1]] = edited(files[named[1]], text[named.end() :])
        elif language == "diff":
            files[WORKER] = edited(files[WORKER], text)
        elif named:
            files[named[1]] = text
    yield Stage(dict(files), "", ())


STAGES: Final = list(stages())
EACH: Final = [pytest.param(each, id=f"{number}-{each.command}") for number, each in enumerate(STAGES[:-1], 1)]


def matches(line: str, other: str) -> bool:
    """Whether a line of the page, with ``...`` for any text, is one of the kit's, which may cite more requirements."""
    said, came = _FAILURE.fullmatch(line), _FAILURE.fullmatch(other)
    if said and came:
        return said[1] == came[1] and set(said[2].split(", ")) <= set(came[2].split(", "))
    return re.fullmatch(re.escape(line).replace(re.escape("..."), ".*"), other) is not None


def unmet(shown: Sequence[str], printed: Sequence[str]) -> list[str]:
    """The lines of the page that were not printed, in whatever order the kit tells its failures."""
    return [line for line in shown if line.strip() != "..." and not any(matches(line, other) for other in printed)]


@pytest.fixture(name="environment", scope="session")
def environment_of_a_reader() -> dict[str, str]:
    """The commands of this environment under the names that a reader types, without coverage, which makes them slow."""
    lua = shutil.which("lua5.4")
    libraries = [lua or "", "-e", 'require "cjson"; require "dkjson"']
    if lua is None or subprocess.run(libraries, capture_output=True, check=False).returncode:
        pytest.skip("no Lua 5.4 with cjson and dkjson (Debian: apt-get install lua5.4 lua-cjson lua-dkjson)")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**kept, "PATH": path}


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S + 60)
@pytest.mark.parametrize("stage", EACH)
def test_a_stage_prints_what_the_page_shows(stage: Stage, environment: dict[str, str], tmp_path: Path) -> None:
    """Every error that the page quotes comes, and every ``CONFORMANT``, from the files as they are at that place."""
    for name, text in stage.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    ended = subprocess.run(
        ["/bin/sh", "-c", stage.command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert unmet(stage.shown, ended.stdout.splitlines()) == [], ended.stdout + ended.stderr
    if stage.command.startswith("spread-jobs-conform -"):
        conformant = any(line.startswith("CONFORMANT") for line in stage.shown)
        assert ended.returncode == (0 if conformant else 1), ended.stdout + ended.stderr


def test_the_page_has_stages_that_fail_and_ends_with_the_whole_kit() -> None:
    """A change of its fences must not leave these tests with nothing to run."""
    failing = [stage for stage in STAGES if any(line.startswith("FAIL ") for line in stage.shown)]

    assert len(failing) >= 12
    whole = [stage for stage in STAGES if stage.command == "spread-jobs-conform -- sh worker.sh"]
    assert [stage.shown[-1] for stage in whole] == ["CONFORMANT"]
    assert whole[0].files[WORKER] == STAGES[-1].files[WORKER]


@pytest.mark.parametrize("name", [WORKER, "worker.sh", "spread-jobs-worker.toml"])
def test_the_steps_make_the_worker_that_lies_in_the_examples(name: str) -> None:
    """Who follows the page has, at its end, the files of ``examples/lua``."""
    assert STAGES[-1].files[name] == (FINISHED / name).read_text(encoding="utf-8")


def test_cases_and_requirements_of_the_page_exist() -> None:
    """Nothing that it cites was renamed since."""
    cases = {each.id for each in all_cases()}
    families = {case.partition("/")[0] for case in cases}
    cited = re.findall(rf"\b((?:{'|'.join(sorted(families))})/[a-z0-9-]{{4,}})(?![*a-z0-9-])", PAGE)
    sentences = tomllib.loads((ROOT / "spec/1.0/requirements.toml").read_text(encoding="utf-8"))
    ids = set(re.findall(r"\b(?:EXEC|WIRE|PREP|RUN|BUSY|ERR|OUT|SHUT|OPS|DATA|JSON)-\d+", PAGE))

    assert [case for case in cited if case not in cases] == []
    assert ids <= sentences["requirement"].keys()


def test_links_lead_to_files_of_the_project() -> None:
    """Every relative link names a file or a folder."""
    links = re.findall(r"\]\((?!https?://)([^)#]+)", _BLOCK.sub("", PAGE))

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
