"""Breaks nothing: the control of command mode."""

from __future__ import annotations

import sys

sys.stdin.read()
sys.stdout.write("one line\n\nno line end")
