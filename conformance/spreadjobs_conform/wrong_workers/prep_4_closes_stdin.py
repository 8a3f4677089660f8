"""Breaks PREP-4: closes its standard input before its preparation has ended, and is there for a while."""

from __future__ import annotations

import os
import time

os.close(0)
time.sleep(2.0)
