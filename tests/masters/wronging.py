"""What the wrong masters share: each is ours with a few lines put in place of others."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence

import ours

from spreadjobs.settings import Settings

run = ours.main


def swap(owner: object, **names: object) -> None:
    """Put something else in the place of functions, classes or constants of a module or class."""
    for name, new in names.items():
        assert hasattr(owner, name), f"there is no {name} to be replaced"
        setattr(owner, name, new)


def with_settings(change: Callable[[Settings], Settings]) -> None:
    """Have other settings than the job says."""
    right = ours.settings_of
    swap(ours, settings_of=lambda job: change(right(job)))


class Process(subprocess.Popen[bytes]):
    """A worker as ours starts it, but for what a subclass says."""

    CLOSE_FDS = True
    NEW_SESSION = True
    GROUP = -1
    STDERR = subprocess.PIPE

    def __init__(
        self, arguments: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | None, **_: object
    ) -> None:
        stdin, stdout = self.ends()
        super().__init__(
            self.command(arguments),
            bufsize=0,
            stdin=stdin,
            stdout=stdout,
            stderr=self.STDERR,
            env=env,
            cwd=cwd,
            close_fds=self.CLOSE_FDS,
            start_new_session=self.NEW_SESSION,
            process_group=None if self.GROUP < 0 else self.GROUP,
        )

    def ends(self) -> tuple[int, int]:
        """What becomes the standard input and output."""
        return subprocess.PIPE, subprocess.PIPE

    def command(self, arguments: Sequence[str]) -> list[str]:
        """What is executed."""
        return list(arguments)


def start_by(process: type[Process]) -> None:
    """Have workers started so."""
    swap(subprocess, Popen=process)
