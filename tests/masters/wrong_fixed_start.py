"""Breaks RUN-16: begins each run with the same id."""

from __future__ import annotations

import attrs
from wronging import run, with_settings

with_settings(lambda settings: attrs.evolve(settings, first_task_id=50_000))
run()
