"""
Queues that can be closed, as ``gmisclib.spread_jobs`` uses them.

Written for these tests, from nothing but the calls that it makes: ``maillist(items)``, ``mailbox()``, ``put``, ``get``,
``putclose``, ``len`` and ``EOF``. Runs on Python 2.7.
"""

import collections
import threading


class EOF(Exception):
    """The queue is empty, and nothing more can come."""


class mailbox(object):
    """A queue between threads."""

    def __init__(self, items=()):
        self._items = collections.deque(items)
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self):
        return len(self._items)

    def put(self, item):
        """Add an item at the end."""
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def putclose(self):
        """Say that nothing more comes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def get(self):
        """Take the first item; wait for one. Raises EOF when there is none and none can come."""
        with self._changed:
            while not self._items:
                if self._closed:
                    raise EOF
                self._changed.wait()
            return self._items.popleft()


maillist = mailbox
