"""
Starts the workers of a job, gives them nothing, and never ends.

    python never_ends.py LOG JOB

Each process, this one first, has its process id in LOG, a line each.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

log, job = (Path(word) for word in sys.argv[1:])
workers = [
    subprocess.Popen(worker, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    for worker in json.loads(job.read_text("utf-8"))["workers"]
]
with log.open("a", encoding="ascii") as file:
    file.writelines(f"{pid}\n" for pid in (os.getpid(), *(worker.pid for worker in workers)))
time.sleep(1000)
