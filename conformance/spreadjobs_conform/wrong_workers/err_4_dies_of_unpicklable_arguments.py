"""Breaks ERR-4: pickles the arguments of an exception to see whether they can travel, and dies if they cannot."""

from __future__ import annotations

import pickle
import threading

from right_worker import HalfMessageError, Worker, run


class DiesOfUnpicklableArguments(Worker):
    def perform(self, payload: object) -> object:
        try:
            return super().perform(payload)
        except TypeError as error:
            # What a task raises often holds the thing that went wrong: a connection, a file, a lock.
            raise TypeError(str(error), threading.Lock()) from error

    def fail(self, task_id: int, error: Exception) -> object:
        try:
            pickle.dumps(error.args)
        except TypeError:
            raise HalfMessageError from error
        return super().fail(task_id, error)


run(DiesOfUnpicklableArguments)
