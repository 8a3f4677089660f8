"""
The worker's side: ``serve()`` makes a worker of any Python function. Standard library only.

From a shell, or in a master's list of arguments::

    python -m spreadjobs.worker package.module:function [--codec json] [--dialect untagged] ...

From a program of your own::

    from spreadjobs.worker import claim, serve
    claim()                      # first: from here on no print and no child can harm the conversation
    from mypackage import work
    serve(work)
    print("goodbye")             # after the end of requests: returned to the caller of main() as output
"""

from __future__ import annotations

import sys

from spreadjobs.worker_pipes import claim
from spreadjobs.worker_serve import UNTIL_NONE, Until, alive, serve

__all__ = ["UNTIL_NONE", "Until", "alive", "claim", "serve"]

if __name__ == "__main__":
    from spreadjobs.worker_command import run

    sys.exit(run(sys.argv[1:]))
