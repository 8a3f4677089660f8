"""
The keeper of a journal: finds the answers of earlier runs, and keeps those of this one. Imported late.

An answer is found again by what it answers: the preparation, the payload, how many equal payloads came before, the
codec and the user's version, all in their canonical form (``canonical.py``). Where in todo a task stands does not
matter.
"""

from __future__ import annotations

import hashlib
import heapq
import os
import pickle
import sys
import weakref
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from spreadjobs.canonical import DIGEST_BYTES, NoCanonicalForm, canonical
from spreadjobs.codec import Decoder, make_decoder
from spreadjobs.console import Console
from spreadjobs.errors import JournalError
from spreadjobs.journal import Journal
from spreadjobs.journal_file import JournalFile
from spreadjobs.messages import Undecodable
from spreadjobs.outcomes import Answered, Outcome
from spreadjobs.settings import Settings

ANSWER: Final = b"A"
"""The kind of a record: the key, and the pickle of the answer in a tuple of one."""
PICKLE_PROTOCOL: Final = 5
_HEAD_BYTES: Final = len(ANSWER) + DIGEST_BYTES
_FORM: Final = b"spreadjobs 1"
_NAMED: Final = 3
"""So many damaged places, and answers that cannot be read, are named."""


class Keeper:
    """
    Keeps the answers of one Master in its journal, and finds those that are there.

    Args:
        journal: Which, and how.
        preparation: The preparation items.
        settings: What may be decoded: what may from a worker.
        console: For warnings.

    Raises:
        JournalError: the preparation has no canonical form.

    Attributes:
        recalled: How many answers were found.
    """

    def __init__(self, journal: Journal, preparation: Sequence[object], settings: Settings, console: Console) -> None:
        self.recalled = 0
        self._journal = journal
        # A record says how long it is, and what fitted into a message of the codec may be longer as a pickle.
        self._settings = attrs.evolve(settings, codec="pickle", max_message_bytes=sys.maxsize)
        self._console = console
        self._base = hashlib.blake2b(digest_size=DIGEST_BYTES)
        stands_for = list(preparation) if journal.preparation is None else ("stands for it", journal.preparation)
        try:
            self._base.update(canonical((_FORM, settings.codec, settings.py2_strings, journal.version, stands_for)))
        except NoCanonicalForm as error:
            raise JournalError(
                f"the journal cannot tell what the preparation is: {error}; "
                "give Journal(path, preparation=...) plain data that stands for it"
            ) from error
        self._known: dict[bytes, int] = {}
        self._seen: dict[bytes, int] = {}
        self._keys: dict[int, bytes] = {}
        # Of each task that was taken: what it is, until the caller has its outcome; how many equal ones came before.
        self._taken: list[bytes] = []
        self._ordinals: dict[int, int] = {}
        self._free: dict[bytes, list[int]] = {}
        self._decoder: Decoder | None = None
        self._file: JournalFile | None = None
        self._unkept = self._lost = False
        self._unread = 0

    # --- the file

    def open(self) -> None:
        """
        Open the journal and read what it has.

        Raises:
            JournalError: it is in use, or no journal, or cannot be read and written.
        """
        _open.add(self)  # Before there is a lock that a forked child could hold.
        file = self._file = JournalFile(self._journal.path, self._journal.sync_s)
        try:
            file.load(self._note, _HEAD_BYTES)
        except BaseException:
            self._file = None
            file.close()
            raise
        if file.damaged or file.head_was_damaged:
            self._console.say(_damage(file), warning=True)
        self._console.say(f"the journal {file.path} has {len(self._known)} answers")

    def _note(self, start: int, prefix: bytes) -> None:
        if prefix.startswith(ANSWER) and len(prefix) == _HEAD_BYTES:  # Other kinds: of a later version.
            self._known[prefix[len(ANSWER) :]] = start

    @property
    def _opened(self) -> JournalFile:
        if self._file is None:
            raise AssertionError("the journal is used before it is opened")
        return self._file

    def close(self) -> None:
        """Synchronise it and let go of it. What goes wrong is said: nobody is to lose answers that he has by that."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except JournalError as error:
            self._console.say(str(error), warning=True)
        self._look_for(file)
        self._console.say(f"{self.recalled} answers were taken from the journal {file.path}")

    def forget(self) -> None:  # pragma: no cover - a child that ends by _exit() loses what was measured
        """Let go of it in a forked child."""
        file, self._file = self._file, None
        if file is not None:
            file.forget()

    def _look_for(self, file: JournalFile) -> None:
        if file.is_lost and not self._lost:
            self._lost = True
            self._console.say(
                f"the journal {file.path} was removed or replaced while it was open: the next run will not find what "
                "was answered; leave the file where it is while a master has it",
                warning=True,
            )

    # --- a run

    def begin(self) -> None:
        """
        A run begins: its tasks are counted from 0 again.

        Of the one before, only tasks count whose outcome the caller had. What else was taken from todo depends on
        moments, and the same program would count in another way the next time.
        """
        for index, key in enumerate(self._taken):
            if key:
                heapq.heappush(self._free.setdefault(key, []), self._ordinals.get(index, 0))
        self.all_delivered()
        self._keys.clear()

    def delivered(self, index: int) -> None:
        """The caller has the outcome of a task."""
        self._taken[index] = b""

    def all_delivered(self) -> None:
        """The caller has the outcomes of all tasks of the run."""
        self._taken.clear()
        self._ordinals.clear()

    def recall(self, first_index: int, payloads: Iterable[object]) -> dict[int, object]:
        """
        Find the answers that are there.

        Args:
            first_index: Of the first payload in todo.
            payloads: Further elements of todo.

        Returns:
            The answers to those that have one, by index in todo.

        Raises:
            JournalError: nobody can tell what a payload is.
        """
        answers: dict[int, object] = {}
        for index, payload in enumerate(payloads, first_index):
            key = self._key(index, payload)
            place = self._known.get(key)
            answer = self._answer(index, place) if place is not None else None
            if answer is None:
                self._keys[index] = key
            else:
                (answers[index],) = answer
        self.recalled += len(answers)
        return answers

    def _key(self, index: int, payload: object) -> bytes:
        stands_for = self._journal.key
        digest = self._base.copy()
        try:
            plain = payload if stands_for is None else stands_for(payload)
        except Exception as error:
            raise JournalError(f"task {index}: key= raised {type(error).__name__}: {error}") from error
        try:
            digest.update(canonical(plain))
        except NoCanonicalForm as error:
            what = "the payload" if stands_for is None else "what key= gave"
            raise JournalError(
                f"task {index}: the journal cannot tell {what}: {error}; give Journal(path, key=...) a function that "
                "makes plain data of a payload"
            ) from error
        key = digest.digest()
        before = self._ordinal(key)
        if before:
            self._ordinals[len(self._taken)] = before
        self._taken.append(key)
        return key if not before else hashlib.blake2b(key + b"%d" % before, digest_size=DIGEST_BYTES).digest()

    def _ordinal(self, key: bytes) -> int:
        """How many equal tasks come before this one: the least number that none of them has."""
        free = self._free.get(key)
        if free is None:
            before = self._seen.get(key, 0)
            self._seen[key] = before + 1
            return before
        if len(free) == 1:
            del self._free[key]
        return heapq.heappop(free)

    def _answer(self, index: int, start: int) -> tuple[object] | None:
        """The answer at a place, in a tuple; None if it cannot be had, which is said: then the task is done again."""
        body = self._opened.read(start)
        if body is None:
            self._say_lost(index, f"its record at byte {start} is damaged")
            return None
        try:
            if self._decoder is None:
                self._decoder = make_decoder(self._settings)
            messages = self._decoder.feed(body[_HEAD_BYTES:])
        except Undecodable as error:
            self._decoder = None
            self._say_lost(index, f"its record at byte {start} cannot be read: {error.reason}")
            return None
        message = messages[0] if len(messages) == 1 else None
        if not isinstance(message, tuple) or len(message) != 1 or self._decoder.buffered():
            self._decoder = None
            self._say_lost(index, f"its record at byte {start} holds no answer")
            return None
        return message

    def _say_lost(self, index: int, why: str) -> None:
        self._unread += 1
        if self._unread <= _NAMED:
            more = "; further ones are not named" if self._unread == _NAMED else ""
            text = f"the journal {self._journal.path}: task {index} is done again: {why}{more}"
            self._console.say(text, warning=True)

    def record(self, outcomes: Sequence[Outcome[object]]) -> None:
        """
        Keep the answers among outcomes that came together; those that were found are not kept again.

        Raises:
            JournalError: the journal cannot be written.
        """
        if self._file is None:
            return  # The Master's block has ended, and only now an iterator of it does; or this is a forked child.
        keys: list[bytes] = []
        bodies: list[bytes] = []
        for outcome in outcomes:
            key = self._keys.pop(outcome.task_index, None)
            if key is None or not isinstance(outcome, Answered):
                continue
            try:
                bodies.append(ANSWER + key + pickle.dumps((outcome.value,), PICKLE_PROTOCOL))
            except Exception as error:  # noqa: BLE001 - a class that the user admitted may raise anything
                self._say_unkept(outcome.task_index, error)
                continue
            keys.append(key)
        if bodies:
            places = self._file.append(bodies)
            self._known.update(zip(keys, places, strict=True))
            self._look_for(self._file)

    def _say_unkept(self, index: int, error: Exception) -> None:
        if not self._unkept:
            self._unkept = True
            self._console.say(
                f"the journal {self._journal.path}: the answer to task {index}, and others perhaps, are not kept: they "
                f"cannot be pickled ({type(error).__name__}: {error})",
                warning=True,
            )


def _damage(file: JournalFile) -> str:
    places = [f"bytes {piece.start} to {piece.end - 1}" for piece in file.damaged[:_NAMED]]
    if len(file.damaged) > _NAMED:
        places.append(f"{len(file.damaged) - _NAMED} more places")
    if file.head_was_damaged:
        places.insert(0, "its head")
    what = "the answers that stood there are done again where they are asked for"
    return f"the journal {file.path} was damaged ({', '.join(places)}): {what}"


_open: Final[weakref.WeakSet[Keeper]] = weakref.WeakSet()


def _forget_all() -> None:  # pragma: no cover - likewise
    for keeper in list(_open):
        keeper.forget()


os.register_at_fork(after_in_child=_forget_all)
