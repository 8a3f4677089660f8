"""Breaks EXEC-3: a command that goes on in the background."""

from __future__ import annotations

import os
import sys
import time

if os.fork():
    os._exit(0)
# The pipe is held while the parent is gone for a moment.
time.sleep(0.2)
sys.stdout.write("one line\n")
