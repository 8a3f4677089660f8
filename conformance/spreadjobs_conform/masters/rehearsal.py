"""The simplest job there is: of a command that does not do it, no case can tell more than one."""

from __future__ import annotations

import time
from typing import Final

from spreadjobs_conform.findings import Finding, Hang, NotTestable
from spreadjobs_conform.masters.account import Answered, NoAccount
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.play import Performer, Play, echo

LIMIT_S: Final = 10.0
JOB: Final = Job(tasks=["are you there?"])
NOT_REHEARSED: Final = (
    "the simplest job, one task for one worker, was not done or not told, so the other cases were not tried. The "
    "command is to be an adapter for the master under test, a page of code: spec/1.0/masters.md has the form of the "
    "job that it is given and of the account that it prints"
)


def rehearse(performer: Performer) -> float | None:
    """
    How long this job takes, in seconds; None if it is not done, or the command gives no account of it.

    A wrong answer will do: the cases tell that better.

    Raises:
        CannotStart: The executable could not be started.
        Interrupted: The run was stopped.
    """
    play = Play(performer, "JOB-1")
    began_s = time.monotonic()
    try:
        account = play.run(JOB, echo, limit_s=LIMIT_S)
    except (NoAccount, Hang):
        return None
    except (Finding, NotTestable):
        return time.monotonic() - began_s
    done = play.actors and any(isinstance(fate, Answered) for fate in account.fates)
    return time.monotonic() - began_s if done else None
