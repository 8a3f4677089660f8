"""Puts the conformance kit, which has a folder of its own, beside the library in the wheel."""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KitHook(BuildHookInterface):
    """
    Includes ``conformance/spreadjobs_conform`` as a package of the top level.

    Not by ``force-include`` in pyproject.toml: an editable installation would copy it, and edits of the kit would have
    no effect. Not by ``packages`` either: hatch-mypyc would look for ``spreadjobs`` in ``conformance``.
    """

    def initialize(self, version: str, build_data: dict[str, dict[str, str]]) -> None:
        """
        Called by hatchling before it builds.

        Args:
            version: ``standard`` or ``editable``; for the latter ``dev-mode-dirs`` does all.
            build_data: What hatchling asks hooks to fill.
        """
        if version == "standard":
            build_data["force_include"]["conformance/spreadjobs_conform"] = "spreadjobs_conform"
