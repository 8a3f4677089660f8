"""Breaks CMD-2: a command that never ends."""

from __future__ import annotations

import signal
import sys

sys.stdout.write("one line\n")
sys.stdout.flush()
while True:
    signal.pause()
