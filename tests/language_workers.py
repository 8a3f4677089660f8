"""The reference workers of ``workers/``, as their manifests have them: which are here, and how they are built."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs
import pytest

ROOT: Final = Path(__file__).parents[1]
MANIFEST: Final = "spread-jobs-worker.toml"
BUILD_LIMIT_S: Final = 300
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
        _run(copy, [*copy.build], "build")
    elif shutil.which(copy.command[0]) is None:
        _skip(copy, f"no {copy.command[0]}")
    return copy


def _run(copy: Language, words: list[str], what: str) -> None:
    if shutil.which(words[0]) is None:
        _skip(copy, f"no {words[0]}")
    ended = subprocess.run(words, cwd=copy.folder, capture_output=True, text=True, check=False, timeout=BUILD_LIMIT_S)
    if ended.returncode:
        _skip(copy, f"{what} failed: {(ended.stderr or ended.stdout).strip().splitlines()[-1:]}")


def _skip(copy: Language, reason: str) -> None:
    packages = f" (Debian: apt-get install {' '.join(copy.debian)})" if copy.debian else ""
    pytest.skip(f"{copy.name}: {reason}; it needs {copy.needs}{packages}")
