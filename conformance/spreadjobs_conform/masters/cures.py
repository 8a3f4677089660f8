"""What the author of a master, or of its adapter, probably has to change."""

from __future__ import annotations

from typing import Final

FORM: Final = "spec/1.0/masters.md"
SEE_STDERR: Final = "see its last lines of standard error"
CRASHED: Final = f"exit with status 0 and an account, whatever became of the tasks ({FORM}, section 1)"
NO_ADAPTER: Final = f"print the account, one JSON object, to standard output when the job is done ({FORM}, section 3)"
PRINTS: Final = (
    "print nothing to standard output but the account; what the master shows its user goes to standard error "
    f"({FORM}, section 1)"
)
FORM_OF_ACCOUNT: Final = f"print the account in its form ({FORM}, sections 3 and 4)"
START_WORKERS: Final = (
    f"start the job's workers: execute each argument list of its `workers` as it is, no shell ({FORM}, section 2)"
)
TYPES: Final = f"hand the caller each value with its type; for its form in the account see {FORM}, section 4"
WHOLE_MESSAGES: Final = "write whole messages in the codec of the job, each one once, and nothing between them"
NOTICE_ENDS: Final = (
    "notice that a worker has ended, also where another process holds its output open (SHUT-10), and say what became "
    "of the tasks"
)
END_WORKERS: Final = (
    "end what stays beyond shutdown_timeout_s with all processes of its group, and wait for nobody else (SHUT-10)"
)
CLOSE_INPUT: Final = "close a worker's standard input when no more requests are to come (SHUT-1), and wait for its end"
ASK: Final = "send each worker its preparation and then tasks, flushed, before anything comes from it (PREP-1, RUN-1)"
READ: Final = (
    "read standard output and standard error of each worker while it runs, whatever else the master waits for "
    "(EXEC-7, EXEC-8)"
)


def printed_cure(printed: bytes) -> str:
    """
    Of an adapter that printed nothing, or what is no account.

    Args:
        printed: All of it.
    """
    if not printed.strip():
        return NO_ADAPTER
    return FORM_OF_ACCOUNT if printed.lstrip()[:1] == b"{" else PRINTS


def crash_cure(screen: str) -> str:
    """
    Of an adapter that exited with another status than 0.

    Args:
        screen: Its standard error.
    """
    return f"{SEE_STDERR}; {CRASHED}" if screen.strip() else CRASHED


def value_cure(due: object, came: object) -> str:
    """
    Of an answer that reached the caller changed.

    Args:
        due: What the worker sent.
        came: What the account has.
    """
    # Which types they are stands beside it: whatever they are, it is one mistake.
    return TYPES if type(due) is not type(came) else ""
