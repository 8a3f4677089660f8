"""Breaks EXEC-4: a command that fails without SPREAD_JOBS_PROTOCOL in its environment."""

from __future__ import annotations

import os
import sys

sys.exit("SPREAD_JOBS_PROTOCOL" not in os.environ)
