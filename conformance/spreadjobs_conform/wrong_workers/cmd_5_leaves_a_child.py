"""Breaks CMD-5: a command that leaves a child that holds its standard output open."""

from __future__ import annotations

import subprocess
import sys

sys.stdout.write("one line\n")
subprocess.Popen(["/bin/sleep", "600"])
