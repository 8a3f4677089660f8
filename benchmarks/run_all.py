"""
Measures this project against its peers, side by side in one run. ``make bench`` calls it.

python benchmarks/run_all.py [--quick] [--only NAME]... [--rounds N]
"""

from __future__ import annotations

import sys

from speed.isolated import CHILD, serve_as_child

if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        serve_as_child(sys.argv[2:])
    else:
        from speed.command import main  # here, so that a measuring child does not pay for it

        sys.exit(main(sys.argv[1:]))
