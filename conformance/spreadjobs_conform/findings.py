"""
How a case ends when it does not pass. Each exception is one ending; the runner turns it into a status.

KitError
├── Finding         the worker broke a requirement: fail
│   └── Hang        ... by not doing within the limit what was due: fail, with a diagnosis of the process
├── NotTestable     the worker does not offer what the case needs: not-testable
├── HarnessFault    the kit itself went wrong: harness-error, exit status 5
├── UsageFault      what the user asked for makes no sense: exit status 2
├── CannotStart     the executable could not be started: exit status 4
├── DoesNotFit      a conversation cannot be had again from its record: verify fails
├── Interrupted     the run was stopped from outside: exit status 130
└── ReaderGone      nobody reads the kit's standard output any more: exit status 141
"""

from __future__ import annotations


class KitError(Exception):
    """What every exception of the kit is."""


class Finding(KitError):
    """
    The worker broke a requirement.

    Args:
        requirement: The id of the requirement, such as ``RUN-5``.
        came: What the worker did.
        due: What it should have done.
        cure: What the author of the worker probably has to change; may be empty.
        also: Ids of further requirements that are broken by the same.
    """

    def __init__(self, requirement: str, came: str, due: str, cure: str = "", *, also: tuple[str, ...] = ()) -> None:
        super().__init__(requirement, came, due, cure)
        self.also = also
        self.requirement = requirement
        self.came = came
        self.due = due
        self.cure = cure
        self.evidence: tuple[str, ...] = ()
        """The bytes that it is about, for people."""

    def __str__(self) -> str:
        """What came and what was due, in one line."""
        return f"{self.came}; {self.due} was due ({self.requirement})"


class Hang(Finding):
    """
    Nothing, or not enough, happened within the limit. ``came`` has the diagnosis of the process.

    Args:
        sort: Which sort of hang it was, for people.
        cut: Whether the wait had been cut short.
        args: As for ``Finding``: requirement, came, due, cure.
        also: As for ``Finding``.
    """

    def __init__(self, sort: str, *args: str, also: tuple[str, ...] = (), cut: bool = False) -> None:
        super().__init__(*args, also=also)
        self.sort = sort
        self.cut = cut


class NotTestable(KitError):
    """The worker does not offer what the case needs; the text says what and how to offer it."""


class HarnessFault(KitError):
    """The kit itself went wrong; says nothing about the worker."""


class UsageFault(KitError):
    """The command line, the manifest or the baseline makes no sense; the text names the place and the cure."""


class CannotStart(KitError):
    """The worker's executable could not be started; the text has the reason of the operating system."""


class DoesNotFit(KitError):
    """A record is not one of this case: it was edited, or the kit has changed since; the text says where."""


class Interrupted(KitError):
    """The run was stopped from outside while a case was under way."""


class ReaderGone(KitError):
    """Whoever read the kit's standard output, such as ``head``, reads no more."""
