"""The figures to reach: the rows, in words. A test sees to it that each has figures in ``cases.py``, and no other."""

from __future__ import annotations

from typing import Final

ROWS: Final[dict[str, str]] = {
    "imap": "noop tasks, 2 workers, against Pool.imap(chunksize=1): at least 4 times faster, aim 7",
    "executor": "the same against ProcessPoolExecutor.map(chunksize=1): at least 20 times, aim 40",
    "joblib": "the same against joblib's automatic batches: at least 0.6, aim 1.0 with the template, 1.5 with serve()",
    "dask": "the same against Dask client.map: at least 300 times, aim 600",
    "large": "answers of 1 MB: throughput, against a bare loop of pickle.load on the same pipes: at least 80, aim 95 %",
    "huge time": "one answer of 1 GiB: time, against pickle.load on the pipe: at least 1.5 times, aim 1.2",
    "huge memory": "one answer of 1 GiB: peak memory of the master, against the payload: at least 2.2 times, aim 1.1",
    "lists": "an answer of 1.8 MB of list items: time in the master, against pickle.loads: at least 1.5 times, aim 1.2",
    "many": "1,000 workers and tasks of 1 s: CPU time of the master a task, against 2 workers: at least 2, aim 1.2",
    "start": "starting 64 workers: time, against 64 bare Popen in a loop: at least 1.3 times, aim 1.1",
    "lock-step": "window=1, one worker: a round trip, against a bare ping-pong: at least 1.5 times, aim 1.25",
    "fixed": "main() of one task on one worker, against a bare Popen, request, answer, wait: + 10 ms, aim + 3 ms",
    "consumer": "stream() and a slow caller: time, against Pool.imap: at least 1.5 times, aim 1.05",
    "last answer": "1,000 tasks of 50 ms on 4 workers: the last answer within 2 % of the ideal",
    "memory": "10 million tiny tasks streamed: the master's peak memory under 100 MB",
}
