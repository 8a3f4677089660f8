"""Starts the workers of a job, writes to the first what is no message, and waits for its end."""

import json
import subprocess
import sys
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
worker = subprocess.Popen(job["workers"][0], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
assert worker.stdin is not None
worker.stdin.write(b"\x80\x04hello, worker\n")
worker.stdin.flush()
worker.wait()
