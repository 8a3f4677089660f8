"""The reference workers of ``workers/``, as their manifests have them: which are here, and how they are built."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

import attrs
import pytest
from conversation import interpreter

ROOT: Final = Path(__file__).parents[1]
MANIFEST: Final = "spread-jobs-worker.toml"
BUILD_LIMIT_S: Final = 300
MISSING: Final = re.compile(
    r"fatal error: \S+: No such file|cannot find -l|package \S+ does not exist|no matching package"
    r"|failed to (?:fetch|get|load source)|there is no package called|Can't locate \S+ in @INC"
    r"|cannot load such file|: command not found"
)
"""How the languages say that a library or a program is not here."""
DEBIAN_CRATES: Final = Path("/usr/share/cargo/registry")
"""Debian brings crates as packages. Where they are, the tests take those, as the page in workers/rust says."""
WAYS: Final[dict[str, tuple[str, ...]]] = {
    "python": ("", "--codec json", "--dialect untagged"),
    "python2": ("", "--dialect untagged"),
}
"""What a worker speaks beside that in its manifest: options that worker and kit both take."""


@attrs.frozen
class Language:
    """A reference worker, in the project or in a copy."""

    folder: Path
    command: tuple[str, ...]
    build: tuple[str, ...]
    codec: str
    pickle_protocol: int | None
    needs: str
    debian: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the language: its folder's."""
        return self.folder.name

    @property
    def source(self) -> Path:
        """The worker's file."""
        found = [path for path in self.folder.glob("worker.*") if path.name not in self.files]
        assert len(found) == 1, found
        return found[0]

    @property
    def placed(self) -> list[str]:
        """Its command line, for any current folder."""
        return [str(self.folder / word) if (self.folder / word).is_file() else word for word in self.command]


def read(folder: Path) -> Language:
    """The worker in a folder."""
    declared = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return Language(
        folder,
        tuple(declared["command"]),
        tuple(declared.get("build", ())),
        declared["codec"],
        declared.get("pickle_protocol"),
        declared["needs"],
        tuple(declared.get("debian", ())),
        tuple(declared.get("files", ())),
    )


LANGUAGES: Final = [read(path.parent) for path in sorted(ROOT.glob(f"workers/*/{MANIFEST}"))]
EACH: Final = [pytest.param(each, id=each.name) for each in LANGUAGES]
EACH_WAY: Final = [
    pytest.param(each, way, id=f"{each.name} {way}".strip()) for each in LANGUAGES for way in WAYS.get(each.name, ("",))
]


def built(language: Language, folder: Path, edit: Callable[[str], str] = str) -> Language:
    """
    A copy of a worker, built if that is due; skips where the language is not here, and says so.

    Args:
        language: The worker.
        folder: For the copy.
        edit: Makes the source of the copy.
    """
    ignored = shutil.ignore_patterns("target", "*.class", "*.o", "worker")
    copy = read(Path(shutil.copytree(language.folder, folder / language.name, ignore=ignored)))
    copy.source.write_text(edit(copy.source.read_text(encoding="utf-8")), encoding="utf-8")
    if copy.build:
        _build(copy)
    elif copy.command[0].startswith("python"):
        # One that really runs: a shim may answer for a Python that is switched off.
        python = sys.executable if copy.command[0] == "python3" else interpreter(copy.command[0].removeprefix("python"))
        if python is None:
            _skip(copy, f"no {copy.command[0]} that runs")
        return attrs.evolve(copy, command=(python, *copy.command[1:]))
    elif shutil.which(copy.command[0]) is None:
        _skip(copy, f"no {copy.command[0]}")
    else:  # With nothing to read it ends at once, and says if it lacks something.
        tried = subprocess.run(
            copy.placed, input="", capture_output=True, text=True, check=False, timeout=BUILD_LIMIT_S
        )
        if tried.returncode:
            _missing(copy, tried.stderr)
    return copy


def _build(copy: Language) -> None:
    words = [*copy.build]
    if shutil.which(words[0]) is None:
        _skip(copy, f"no {words[0]}")
    if words[0] == "cargo" and list(DEBIAN_CRATES.glob("serde_json-*")):
        words += ["--offline", "--config", 'source.crates-io.replace-with="debian"']
        words += ["--config", f'source.debian.directory="{DEBIAN_CRATES}"']
    ended = subprocess.run(words, cwd=copy.folder, capture_output=True, text=True, check=False, timeout=BUILD_LIMIT_S)
    if ended.returncode:
        _missing(copy, ended.stderr + ended.stdout)
        pytest.fail(f"{copy.name} does not build: {ended.stderr or ended.stdout}")


def _missing(copy: Language, text: str) -> None:
    """Skips if a compiler or an interpreter says that it lacks a library or a program."""
    found = next((line for line in text.splitlines() if MISSING.search(line)), None)
    if found is not None:
        _skip(copy, found.strip())


def _skip(copy: Language, reason: str) -> NoReturn:
    packages = f" (Debian: apt-get install {' '.join(copy.debian)})" if copy.debian else ""
    pytest.skip(f"{copy.name}: {reason}; it needs {copy.needs}{packages}")
