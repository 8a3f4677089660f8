"""Jobs without any library: bare loops over the same pipes and the same workers, the limit of what can be reached."""

from __future__ import annotations

import itertools
import os
import pickle
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO

from speed.clock import check, noops, peak_bytes
from speed.ours import MEGA, as_bytes
from speed.programs import command, ends_with_newline
from speed.values import Load
from spreadjobs.channel import READ_BYTES
from spreadjobs.codec import make_decoder, make_encoder
from spreadjobs.settings import Settings


class BareWorker:
    """
    A worker's process, requests written and answers read with nothing in between.

    Args:
        program: Its program, by name.
        arguments: Another argument list.
    """

    def __init__(self, program: str, arguments: Sequence[str] | None = None) -> None:
        self.process = subprocess.Popen(
            arguments or command(program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._answers = _pipe(self.process.stdout)
        self._requests = _pipe(self.process.stdin)
        self._newline = ends_with_newline(program)

    def ask(self, *requests: tuple[int, object]) -> None:
        """Write requests, in one write."""
        self._requests.write(b"".join([pickle.dumps(request, 4) for request in requests]))
        self._requests.flush()

    def answer(self) -> object:
        """Wait for the next answer. The task's id is looked at, and nothing else."""
        message: tuple[tuple[int, object], object, object] = pickle.load(self._answers)
        (_, value), _, _ = message
        if self._newline:
            self._answers.read(1)
        return value

    def descriptors(self) -> tuple[int, int]:
        """Where requests are written to and where answers are read from."""
        return self._requests.fileno(), self._answers.fileno()

    def end(self) -> None:
        """Close its input and wait for its exit."""
        self._requests.close()
        self.process.wait()
        self._answers.close()
        _pipe(self.process.stderr).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("the process was started with three pipes")
    return pipe


def ping_pong(load: Load) -> dict[str, float]:
    """One worker; so many requests are kept at it: 1 is lock-step. Half of them are written at once."""
    worker = BareWorker(load.program)
    window = load.window

    def do(todo: range) -> list[object]:
        answers: list[object] = []
        requests = iter([(10_000 + index, payload) for index, payload in enumerate(todo)])
        ahead = 0
        left = len(todo)
        while len(answers) < len(todo):
            room = window - ahead
            if left and room >= max(1, window // 2):
                some = [*itertools.islice(requests, min(room, left))]
                worker.ask(*some)
                ahead += len(some)
                left -= len(some)
            answers.append(worker.answer())
            ahead -= 1
        return answers

    values = noops(do, load.tasks)
    worker.end()
    return values


def least_loop(load: Load) -> dict[str, float]:
    """
    One worker, lock-step, and only what no master of many can do without: one wait for all pipes, reads and writes that
    never block, and this project's codec, which finds the end of a message and refuses what could run code.
    """
    worker = BareWorker(load.program)
    encode, feed = make_encoder(Settings()).encode, make_decoder(Settings()).feed
    requests_fd, answers_fd = worker.descriptors()
    os.set_blocking(requests_fd, False)
    os.set_blocking(answers_fd, False)

    def do(todo: range) -> list[object]:
        answers: list[object] = []
        with selectors.DefaultSelector() as selector:
            selector.register(answers_fd, selectors.EVENT_READ)
            for index, payload in enumerate(todo):
                os.write(requests_fd, encode((10_000 + index, payload)))
                messages: list[object] = []
                while not messages:
                    selector.select()
                    messages = feed(os.read(answers_fd, READ_BYTES))
                answers += [value for (_, value), _, _ in map(as_response, messages)]
        return answers

    values = noops(do, load.tasks)
    worker.end()
    return values


def as_response(message: object) -> tuple[tuple[int, object], object, object]:
    """A message that has the shape of an answer."""
    match message:
        case ((int() as task_id, value), out, err):
            return (task_id, value), out, err
        case _:
            raise AssertionError(f"{message!r} came")


def large_in_turn(load: Load) -> dict[str, float]:
    """One loop that reads an answer of each worker in turn; a further request always waits at each of them."""
    workers = [BareWorker(load.program) for _ in range(load.workers)]

    def do(tasks: int) -> None:
        each = tasks // len(workers)
        for worker in workers:
            worker.ask((1, load.size_bytes))
        for index in range(each):
            for worker in workers:
                if index + 1 < each:
                    worker.ask((1, load.size_bytes))
                check([len(as_bytes(worker.answer()))], [load.size_bytes])

    return _timed_large(workers, do, load)


def large_in_threads(load: Load) -> dict[str, float]:
    """A thread a worker, each in a loop of its own; a further request always waits at the worker."""
    workers = [BareWorker(load.program) for _ in range(load.workers)]

    def one(worker: BareWorker, tasks: int) -> None:
        worker.ask((1, load.size_bytes))
        for index in range(tasks):
            if index + 1 < tasks:
                worker.ask((1, load.size_bytes))
            check([len(as_bytes(worker.answer()))], [load.size_bytes])

    def do(tasks: int) -> None:
        threads = [threading.Thread(target=one, args=(worker, tasks // len(workers))) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return _timed_large(workers, do, load)


def _timed_large(workers: list[BareWorker], do: Callable[[int], None], load: Load) -> dict[str, float]:
    do(8 * len(workers))
    begun_s = time.perf_counter()
    do(load.tasks)
    took_s = time.perf_counter() - begun_s
    for worker in workers:
        worker.end()
    return {"ms": 1e3 * took_s / load.tasks, "mb_s": load.tasks * load.size_bytes / took_s / MEGA}


def huge_answer(load: Load) -> dict[str, float]:
    """One answer, from the request to the object."""
    worker = BareWorker(load.program)
    worker.ask((1, 1))
    check([worker.answer()], [b"."])
    begun_s = time.perf_counter()
    worker.ask((1, load.size_bytes))
    answer = worker.answer()
    took_s = time.perf_counter() - begun_s
    peak = peak_bytes()
    if len(as_bytes(answer)) != load.size_bytes:
        raise AssertionError("an answer of another size")
    worker.end()
    return {"s": took_s, "peak": peak, "peak_of_payload": peak / load.size_bytes}


def one_task(load: Load) -> dict[str, float]:
    """Popen, one request, one answer, the end of the worker."""
    begun_s = time.perf_counter()
    worker = BareWorker(load.program)
    worker.ask((1, 1))
    answer = worker.answer()
    worker.end()
    took_s = time.perf_counter() - begun_s
    check([answer], [1])
    return {"s": took_s}
