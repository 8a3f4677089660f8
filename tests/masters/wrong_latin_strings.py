"""Breaks PKL-11: reads the byte strings of Python 2 as Latin-1."""

from __future__ import annotations

import attrs
from wronging import run, with_settings

with_settings(lambda settings: attrs.evolve(settings, py2_strings="latin1"))
run()
