"""The programs of docs/guide.md run, and print what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import attrs

from spreadjobs import Settings

GUIDE = (Path(__file__).parents[1] / "docs" / "guide.md").read_text(encoding="utf-8")


def test_the_program_prints_what_the_guide_shows(tmp_path: Path) -> None:
    """Lines of tasks are shown under their headers, among them. [OUT-3]"""
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "energies.py").write_text(program, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "energies.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    lines = done.stdout.splitlines(keepends=True)
    assert "".join(line for line in lines if line.startswith(("answered", "failed", "set aside"))) == shown
    assert "#slot so0 ------\nworking on H2O\n" in done.stdout


def test_every_setting_is_in_the_table_with_its_default() -> None:
    """None is left out, and no other is there. [JOB-4]"""
    table = GUIDE.partition("## Settings")[2].partition("##")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))

    assert rows.keys() == {field.name for field in attrs.fields(Settings)}
    for field in attrs.fields(Settings):
        default = getattr(Settings(), field.name)
        said = {"restarts": "as `max_attempts`", "max_message_bytes": "2 GiB", "first_task_id": "random"}
        assert rows[field.name] in {said.get(field.name), f"`{default!r}`", f'`"{default}"`'}
