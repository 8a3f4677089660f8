"""Breaks PKL-1: writes protocol 4 where 2 is declared."""

from __future__ import annotations

import attrs
from wronging import run, with_settings

with_settings(lambda settings: attrs.evolve(settings, pickle_protocol=max(settings.pickle_protocol, 4)))
run()
