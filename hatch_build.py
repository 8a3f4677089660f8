"""Puts into the wheel what has a folder of its own beside the library: the conformance kit, and the templates."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MANIFEST = "spread-jobs-worker.toml"


class PartsHook(BuildHookInterface):
    """
    Includes ``conformance/spreadjobs_conform`` as a package of the top level, ``workers`` as ``spreadjobs/templates``.

    Not by ``force-include`` in pyproject.toml: an editable installation would copy them, and edits would have no
    effect. Not by ``packages`` either: hatch-mypyc would look for ``spreadjobs`` in ``conformance``.
    """

    def initialize(self, version: str, build_data: dict[str, dict[str, str]]) -> None:
        """
        Called by hatchling before it builds.

        Args:
            version: Of a wheel ``standard``, or ``editable``, where ``dev-mode-dirs`` and a link do what is done here.
            build_data: What hatchling asks hooks to fill.
        """
        included, root = build_data["force_include"], Path(self.root)
        if self.target_name == "sdist":
            # hatchling has seen them through the link, and does not look twice.
            included |= {path: path for path in (*template_files(root), *pages(root))}
        elif version == "standard":
            included["conformance/spreadjobs_conform"] = "spreadjobs_conform"
            included |= {path: path.replace("workers/", "spreadjobs/templates/", 1) for path in template_files(root)}


def template_files(root: Path) -> Iterator[str]:
    """Give the files of the reference workers, one by one: what was built in their folders stays there."""
    for manifest in sorted(root.glob(f"workers/*/{MANIFEST}")):
        further = tomllib.loads(manifest.read_text("utf-8")).get("files", [])
        sources = {path.name for path in manifest.parent.glob("worker.*") if path.suffix not in {".class", ".o"}}
        yield from (f"workers/{manifest.parent.name}/{name}" for name in sorted({MANIFEST, *sources, *further}))


def pages(root: Path) -> Iterator[str]:
    """Give what else lies in the folders of the reference workers."""
    for name in ("README.md", "Makefile", ".gitignore"):
        yield from (str(path.relative_to(root)) for path in sorted(root.glob(f"workers/**/{name}")))
