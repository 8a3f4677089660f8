"""Breaks EXEC-3: runs the worker in a child process, and exits at the end of its input without waiting for it."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path

LOOK_S = 0.02

worker = [sys.executable, "-S", str(Path(__file__).with_name("right_worker.py")), *sys.argv[1:]]
with subprocess.Popen(worker, stdin=subprocess.PIPE) as child:
    assert child.stdin is not None
    ended = False
    while not ended and child.poll() is None:
        if select.select([0], [], [], LOOK_S)[0]:
            data = os.read(0, 65536)
            ended = not data
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(data)
                child.stdin.flush()
    if ended:
        child.stdin.close()
        os._exit(0)
    os._exit(child.returncode or 0)
