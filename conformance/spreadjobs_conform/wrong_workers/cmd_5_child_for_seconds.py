"""Breaks CMD-5: a command that leaves a child that writes some seconds later."""

from __future__ import annotations

import subprocess
import sys

sys.stdout.write("one line\n")
subprocess.Popen(["/bin/sh", "-c", "sleep 3; echo late"])
