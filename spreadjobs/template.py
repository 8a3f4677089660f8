"""
``spread-jobs template``: a worker to start from, written into the user's folder.

The templates are the reference workers of ``workers/``. Each has a manifest beside it, which says what it needs and how
it is built and started; a copy takes its manifest along, under the names that the user chose.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

MANIFEST: Final = "spread-jobs-worker.toml"
"""What the conformance kit looks for beside a worker, too."""
ALIASES: Final = {
    "bash": "shell",
    "sh": "shell",
    "c++": "cpp",
    "golang": "go",
    "js": "javascript",
    "node": "javascript",
    "python2.7": "python2",
    "python3": "python",
}
"""Other names that people give the languages."""
_STEM: Final = "worker"
_NAME: Final = re.compile(r"[^\W_][\w .-]*")
_PROGRAM: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class NoTemplate(Exception):
    """A template that is not there, or cannot be written where it should go; the text says what to do."""


@attrs.frozen(kw_only=True)
class Template:
    """One reference worker, as its manifest has it."""

    name: str
    """Of the language, in lower case."""
    file: str
    """The worker's file, such as ``worker.pl``."""
    files: tuple[str, ...]
    """What else belongs to it, without the manifest."""
    command: tuple[str, ...]
    codec: str
    pickle_protocol: int | None
    needs: str
    debian: tuple[str, ...]
    build: tuple[str, ...]
    """The command that makes a program of it; empty: none is needed."""
    folder: Traversable = attrs.field(repr=False)


def templates() -> list[Template]:
    """Give all that there are, in the order of their names."""
    found = (_template(folder) for folder in (files("spreadjobs") / "templates").iterdir() if folder.is_dir())
    return sorted((each for each in found if each is not None), key=lambda each: each.name)


def template(language: str) -> Template:
    """
    Find the template of a language.

    Args:
        language: Its name, or another name that people give it, in any case.

    Raises:
        NoTemplate: There is none; the text names those that there are.
    """
    name = ALIASES.get(language.lower(), language.lower())
    every = templates()
    for each in every:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in every)
    raise NoTemplate(
        f"there is no template for {language!r}; there are {known}. "
        "For another language, docs/write-a-worker.md leads to a worker in half an hour."
    )


def _template(folder: Traversable) -> Template | None:
    try:
        declared: dict[str, object] = tomllib.loads((folder / MANIFEST).read_text("utf-8"))
    except OSError:
        return None
    protocol = declared.get("pickle_protocol")
    further = _words(declared, "files")
    return Template(
        name=folder.name,
        file=next(each.name for each in folder.iterdir() if _is_source(each.name) and each.name not in further),
        files=further,
        command=_words(declared, "command"),
        codec=str(declared.get("codec", "pickle")),
        pickle_protocol=protocol if isinstance(protocol, int) else None,
        needs=str(declared.get("needs", "")),
        debian=_words(declared, "debian"),
        build=_words(declared, "build"),
        folder=folder,
    )


def _is_source(name: str) -> bool:
    # What a build leaves has no suffix, or one of these.
    return name.startswith(f"{_STEM}.") and not name.endswith((".class", ".o", ".pyc"))


def _words(declared: dict[str, object], key: str) -> tuple[str, ...]:
    value = declared.get(key, [])
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def write_template(chosen: Template, path: Path) -> list[Path]:
    """
    Write a template under another name, with its manifest and what else belongs to it.

    Args:
        chosen: The template.
        path: Of the worker; its folder is made if it is missing.

    Returns:
        The files that were written, the worker first.

    Raises:
        NoTemplate: One of the files is there already, or cannot be written; then none was changed.
    """
    _check_name(chosen, path)
    texts = {path: _renamed(chosen, chosen.file, path)}
    texts |= {path.parent / name: _renamed(chosen, name, path) for name in (MANIFEST, *chosen.files)}
    for each in texts:
        if each.exists() or each.is_symlink():
            cure = "give the new worker a folder of its own" if each.name == MANIFEST else "choose another name"
            raise NoTemplate(f"{each} is there already, and nothing was written; {cure}, or remove it")
    made: list[Path] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for each, text in texts.items():
            with each.open("x", encoding="utf-8") as stream:
                made.append(each)
                stream.write(text)
        path.chmod(0o755)
    except OSError as error:
        for each in made:
            each.unlink(missing_ok=True)
        raise NoTemplate(f"{path}: {error}") from error
    return made


def _check_name(chosen: Template, path: Path) -> None:
    """
    Make sure that the file can have this name: it stands in TOML, in commands and, where there is a build, in those.

    Raises:
        NoTemplate: It cannot.
    """
    suffix = Path(chosen.file).suffix
    if path.name in (MANIFEST, *chosen.files):
        raise NoTemplate(
            f"{path.name} is the name of another file that goes with it; choose one such as my_worker{suffix}"
        )
    # Node takes a file for a module, or not, by its suffix.
    exact = bool(chosen.build) or suffix == ".cjs"
    if exact and (path.suffix != suffix or not _PROGRAM.fullmatch(path.stem) or path.stem.endswith("_test")):
        due = f"letters, digits and _, then {suffix}"
    elif not _NAME.fullmatch(path.name):
        due = "letters, digits, spaces, dots, _ and -, and does not begin with one of the last four"
    else:
        return
    raise NoTemplate(
        f"{path.name!r} can be no name of a worker in {chosen.name}: it has {due}, such as my_worker{suffix}"
    )


def _renamed(chosen: Template, name: str, path: Path) -> str:
    """Give one of its files as it is written: it speaks of the copy, and of the program that is built of it."""
    text = (chosen.folder / name).read_text("utf-8")
    text = re.sub(rf"(?<![\w.-]){re.escape(chosen.file)}(?![\w-])", lambda _: path.name, text)
    before = "/|-o " if name == chosen.file else '/|-o |"'
    return re.sub(rf"({before}){_STEM}(?![\w.-])", lambda found: found[1] + path.stem, text)


def next_steps(chosen: Template, path: Path) -> list[str]:
    """
    Give the commands that come next, in order, as lines to be pasted into a shell.

    Args:
        chosen: The template.
        path: Where it was written.

    Returns:
        How to get there and to build it, where that is due; the kit; one task through ``main()``.
    """
    declared = tomllib.loads(_renamed(chosen, MANIFEST, path))
    command, build = _words(declared, "command"), _words(declared, "build")
    steps = [["cd", str(path.parent)]] if path.parent != Path() else []
    steps += [[*build]] if build else []
    steps += [["spread-jobs-conform", "--", *command], ["python3", "-c", _program(chosen, command)]]
    return [shlex.join(step) for step in steps]


def _program(chosen: Template, command: Sequence[str]) -> str:
    settings = [f'codec="{chosen.codec}"'] if chosen.codec != "pickle" else []
    settings += [f"pickle_protocol={chosen.pickle_protocol}"] if chosen.pickle_protocol is not None else []
    names, given = ("Settings, main", f", settings=Settings({', '.join(settings)})") if settings else ("main", "")
    call = f'main(["three short words"], [{json.dumps(command)}], stdin=[None]{given})'
    return f"from spreadjobs import {names}; print({call}.results)"
