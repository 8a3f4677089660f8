"""The simplest job there is: of a command that gives no account of it, no case can tell more than that."""

from __future__ import annotations

from typing import Final

from spreadjobs_conform.findings import Finding, Hang, NotTestable
from spreadjobs_conform.masters.account import NoAccount
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Performer, Play, echo

LIMIT_S: Final = 10.0
JOB: Final = Job(tasks=["are you there?"])
NOT_REHEARSED: Final = (
    "the command gives no account of the simplest job, one task for one worker, so the other cases were not tried. "
    "It is to be an adapter for the master under test, a page of code: spec/1.0/masters.md has the form of the job "
    "that it is given and of the account that it prints"
)


def rehearse(performer: Performer) -> float | None:
    """
    How long this job takes, in seconds; None if the command gives no account of it.

    A wrong account will do: the cases tell that better.

    Raises:
        CannotStart: The executable could not be started.
        Interrupted: The run was stopped.
    """
    play = Play(performer, "JOB-1")
    try:
        play.run(JOB, echo, limit_s=LIMIT_S)
    except (NoAccount, Hang):
        return None
    except (Finding, NotTestable):
        pass
    return play.took_s
