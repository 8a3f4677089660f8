"""Breaks CMD-4: a command that exits with status 3."""

from __future__ import annotations

import sys

sys.stdout.write("one line\n")
sys.exit(3)
