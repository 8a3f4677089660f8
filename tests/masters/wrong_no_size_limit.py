"""Breaks SEC-2: knows no limit of the size of a message."""

from __future__ import annotations

import attrs
from wronging import run, with_settings

with_settings(lambda settings: attrs.evolve(settings, max_message_bytes=2 * 1024**3))
run()
