"""Breaks PREP-5: does not look at its standard input, and ends by itself after a while."""

from __future__ import annotations

import time

time.sleep(0.7)
