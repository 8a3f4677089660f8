"""
Spread work over worker processes through a typed protocol.

``main(todo, list_of_args)`` is the short way, ``Master`` the long-lived one; ``spreadjobs.worker.serve`` makes a worker
of a Python function.

Names are imported when they are first used (PEP 562): a worker that imports ``spreadjobs.worker`` does not pay for the
master.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spreadjobs.arglists import Worker as Worker
    from spreadjobs.connection import Arguments as Arguments
    from spreadjobs.connection import Connection as Connection
    from spreadjobs.connection import ConnectionFactory as ConnectionFactory
    from spreadjobs.connection import SubprocessConnection as SubprocessConnection
    from spreadjobs.errors import CannotCreateConnection as CannotCreateConnection
    from spreadjobs.errors import CannotEncode as CannotEncode
    from spreadjobs.errors import JournalError as JournalError
    from spreadjobs.errors import NoResponse as NoResponse
    from spreadjobs.errors import PoisonTask as PoisonTask
    from spreadjobs.errors import RemoteException as RemoteException
    from spreadjobs.errors import RunError as RunError
    from spreadjobs.errors import SpreadJobsError as SpreadJobsError
    from spreadjobs.errors import TooBusy as TooBusy
    from spreadjobs.errors import UnencodableTask as UnencodableTask
    from spreadjobs.errors import WorkerViolation as WorkerViolation
    from spreadjobs.errors import WrongAnswer as WrongAnswer
    from spreadjobs.journal import Journal as Journal
    from spreadjobs.master import Master as Master
    from spreadjobs.one_run import main as main
    from spreadjobs.outcomes import Answered as Answered
    from spreadjobs.outcomes import Attempt as Attempt
    from spreadjobs.outcomes import Cancelled as Cancelled
    from spreadjobs.outcomes import Failed as Failed
    from spreadjobs.outcomes import Outcome as Outcome
    from spreadjobs.outcomes import Quarantined as Quarantined
    from spreadjobs.outcomes import Spread as Spread
    from spreadjobs.outcomes import WorkerReport as WorkerReport
    from spreadjobs.outcomes import notComputed as notComputed
    from spreadjobs.past_performance import PastPerformance as PastPerformance
    from spreadjobs.settings import ANYTHING as ANYTHING
    from spreadjobs.settings import LEGACY as LEGACY
    from spreadjobs.settings import NUMPY as NUMPY
    from spreadjobs.settings import Settings as Settings

_HOME: Final = {
    "arglists": ("Worker",),
    "connection": ("Arguments", "Connection", "ConnectionFactory", "SubprocessConnection"),
    "errors": (
        "CannotCreateConnection",
        "CannotEncode",
        "JournalError",
        "NoResponse",
        "PoisonTask",
        "RemoteException",
        "RunError",
        "SpreadJobsError",
        "TooBusy",
        "UnencodableTask",
        "WorkerViolation",
        "WrongAnswer",
    ),
    "journal": ("Journal",),
    "master": ("Master",),
    "one_run": ("main",),
    "outcomes": (
        "Answered",
        "Attempt",
        "Cancelled",
        "Failed",
        "Outcome",
        "Quarantined",
        "Spread",
        "WorkerReport",
        "notComputed",
    ),
    "past_performance": ("PastPerformance",),
    "settings": ("ANYTHING", "LEGACY", "NUMPY", "Settings"),
}
_HOME_OF: Final = {name: module for module, names in _HOME.items() for name in names}

__all__ = [  # noqa: PLE0604 - made of the table above; a test compares it with what is imported for typing
    *_HOME_OF,
]


def __getattr__(name: str) -> object:
    """Import a public name from its module."""
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, whether or not they were used yet."""
    return sorted({*globals(), *_HOME_OF})
