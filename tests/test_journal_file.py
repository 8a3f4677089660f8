"""``JournalFile``: one master at a time, records that last, and whatever an unlucky file may be."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from processes import BOUND_S, ENVIRONMENT

from spreadjobs import JournalError, journal_file
from spreadjobs.journal_file import MAGIC, JournalFile
from spreadjobs.journal_records import HEAD_BYTES, RECORD_BYTES

pytestmark = pytest.mark.usefixtures("nothing_is_left")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is to be."""
    return tmp_path / "run.journal"


def opened(path: Path, sync_s: float | None = None) -> tuple[JournalFile, list[bytes]]:
    """Open a journal; gives it and the bodies in it."""
    file = JournalFile(path, sync_s)
    found: list[bytes] = []
    try:
        file.load(lambda _, prefix: found.append(prefix), prefix_bytes=1000)
    except JournalError:
        file.close()
        raise
    return file, found


def bodies(path: Path) -> list[bytes]:
    """What a journal has."""
    file, found = opened(path)
    file.close()
    return found


def written(path: Path, *texts: bytes) -> list[int]:
    """Append to a journal; gives where each body begins."""
    file, _ = opened(path)
    with closing(file):
        return file.append(texts)


def test_what_was_written_is_there_when_it_is_opened_again(path: Path) -> None:
    """In the order of writing, over any number of openings."""
    written(path, b"one", b"")
    written(path, b"three")

    assert bodies(path) == [b"one", b"", b"three"]


def test_a_body_is_read_where_it_was_written(path: Path) -> None:
    """Also right after it was written, and not from a place where there is none."""
    file, _ = opened(path)
    with closing(file):
        large = bytes(range(256)) * 1000
        places = file.append([b"one", b"", large, b"two"])

        assert [file.read(place) for place in places] == [b"one", b"", large, b"two"]
        assert file.read(places[0] + 1) is file.read(10**6) is file.read(places[3] + 3) is None


def test_a_body_that_was_damaged_since_is_not_read(path: Path) -> None:
    """What the disk gives is checked each time."""
    file, _ = opened(path)
    with closing(file):
        (place,) = file.append([b"one"])
        path.write_bytes(path.read_bytes().replace(b"one", b"two"))

        assert file.read(place) is None


def test_the_second_master_is_told_who_has_the_journal(path: Path) -> None:
    """It gets a clear error with the process, and the first one is not disturbed."""
    file, _ = opened(path)
    with closing(file):
        with pytest.raises(
            JournalError, match=rf"is in use, opened by process {os.getpid()} on .*: one master at a time"
        ):
            JournalFile(path, None)
        file.append([b"one"])

    assert bodies(path) == [b"one"]


def test_a_forked_child_does_not_keep_the_journal_locked(path: Path) -> None:
    """A child that lets go of it, and lives on, is in nobody's way when its parent has closed it."""
    told, tell = os.pipe()
    leave, let = os.pipe()
    file, _ = opened(path, sync_s=60)
    file.append([b"zero"])  # From now on there is a thread that has the file, too.
    child = os.fork()
    if not child:
        file.forget()
        os.write(tell, b"!")
        os.read(leave, 1)
        os._exit(0)
    assert os.read(told, 1) == b"!"
    file.close()

    assert written(path, b"one")

    os.write(let, b"!")
    assert os.waitpid(child, 0)[1] == 0
    for end in (told, tell, leave, let):
        os.close(end)


@pytest.mark.parametrize(
    "content",
    [b"a,b,c\n1,2,3\n", b"spreadjobs journal 2\n" + b" " * 200, b"x", bytes(1 << 21) + b"x", bytes(200) + b"x"],
)
def test_a_file_of_another_sort_is_refused_and_not_touched(content: bytes, path: Path) -> None:
    """Whoever names a table by mistake still has it."""
    path.write_bytes(content)
    with pytest.raises(JournalError, match="is no journal, it begins with"):
        bodies(path)

    assert path.read_bytes() == content


def test_nothing_but_zeros_is_a_new_journal(path: Path) -> None:
    """A machine leaves that which ends before it has written a new file's blocks."""
    path.write_bytes(bytes(4096))

    written(path, b"one")

    assert bodies(path) == [b"one"]


def test_a_folder_and_a_device_are_refused(tmp_path: Path) -> None:
    """The error says what is due."""
    with pytest.raises(JournalError, match=r"cannot be opened: .*Is a directory"):
        JournalFile(tmp_path, None)
    with pytest.raises(JournalError, match="no ordinary file"):
        JournalFile(Path("/dev/null"), None)
    with pytest.raises(JournalError, match=r"cannot be opened: .*No such file"):
        JournalFile(tmp_path / "none" / "run.journal", None)


def test_a_damaged_head_costs_no_record(path: Path) -> None:
    """It is said, and mended: the next opening finds nothing wrong."""
    written(path, b"one", b"two")
    with path.open("r+b") as raw:
        raw.write(bytes(HEAD_BYTES))

    file, found = opened(path)
    file.close()

    assert found == [b"one", b"two"]
    assert file.head_was_damaged
    assert path.read_bytes().startswith(MAGIC)
    assert bodies(path) == found


@pytest.mark.parametrize("size_bytes", [0, 1, len(MAGIC), HEAD_BYTES - 1, HEAD_BYTES])
def test_a_journal_that_ends_in_its_head_is_a_new_one(size_bytes: int, path: Path) -> None:
    """Its master ended before there was a first answer."""
    written(path)
    os.truncate(path, size_bytes)

    written(path, b"one")

    assert bodies(path) == [b"one"]


def test_a_record_cut_at_every_byte_is_reported_and_gone(path: Path) -> None:
    """Nothing before it is touched, what is written next stands in its place, and is found."""
    written(path, b"one")
    before = path.stat().st_size
    written(path, b"second")
    whole = path.read_bytes()
    for size in range(before + 1, len(whole)):
        path.write_bytes(whole[:size])
        file, found = opened(path)
        with closing(file):
            assert found == [b"one"]
            assert [(piece.start, piece.end) for piece in file.damaged] == [(before, size)]
            file.append([b"new"])

        assert bodies(path) == [b"one", b"new"]


def test_zeros_over_the_middle_cost_what_stood_there(path: Path) -> None:
    """What stands behind them is found, and stays where it is."""
    places = written(path, *(b"%04d" % number for number in range(1000)))
    with path.open("r+b") as raw:
        raw.seek(places[400])
        raw.write(bytes(places[600] - places[400]))

    file, found = opened(path)
    with closing(file):
        assert found == [b"%04d" % number for number in range(1000) if not 400 <= number <= 600]
        assert [(piece.start, piece.end) for piece in file.damaged] == [
            (places[400] - RECORD_BYTES, places[601] - RECORD_BYTES)
        ]
        assert file.read(places[999]) == b"0999"


def test_blocks_that_were_never_written_are_cut_off(path: Path) -> None:
    """A machine that ends may leave zeros at the end of a file; what comes then stands directly behind the records."""
    written(path, b"one")
    size = path.stat().st_size
    os.truncate(path, size + 8192)

    written(path, b"two")

    assert bodies(path) == [b"one", b"two"]
    assert path.stat().st_size == size + RECORD_BYTES + 3


def test_what_cannot_be_read_is_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place where the disk is broken costs the records there, not the run."""
    places = written(path, *(b"%04d" % number for number in range(2000)))
    read = os.pread
    broken = places[1000] // 4096 * 4096

    def pread(fd: int, size: int, start: int) -> bytes:
        if start < broken + 4096 and broken < start + size:
            raise OSError(5, "Input/output error")
        return read(fd, size, start)

    monkeypatch.setattr(os, "pread", pread)
    file, found = opened(path)
    file.close()

    lost = {b"%04d" % number for number in range(2000)} - {*found}
    assert b"1000" in lost
    assert 4096 // (RECORD_BYTES + 4) <= len(lost) <= 4096 // (RECORD_BYTES + 4) + 3
    (damage,) = file.damaged
    assert broken - RECORD_BYTES - 4 < damage.start <= broken


def test_a_journal_that_was_removed_is_known_to_be(path: Path, syncs: Syncs) -> None:
    """Or one that another file has the name of: whoever opens it next would find nothing of what was written since."""
    file, _ = opened(path, sync_s=0.01)
    file.append([b"one"])
    assert syncs.one.wait(BOUND_S)
    assert not file.is_lost
    path.unlink()
    path.write_bytes(b"")
    file.close()

    assert file.is_lost


class Syncs:
    """Synchronises files, and knows how long each was then."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.one = threading.Event()
        self.error: OSError | None = None

    def __call__(self, fd: int) -> None:
        os.fsync(fd)
        self.sizes.append(os.fstat(fd).st_size)
        self.one.set()
        if self.error is not None:
            raise self.error


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> Syncs:
    """See when files are synchronised."""
    seen = Syncs()
    monkeypatch.setattr(journal_file, "_sync", seen)
    return seen


def test_with_no_window_each_write_is_synchronised_before_it_returns(path: Path, syncs: Syncs) -> None:
    """``sync_s=0``: what append() has written outlasts the machine's end when it returns."""
    file, _ = opened(path, sync_s=0)
    with closing(file):
        for text in (b"one", b"two"):
            file.append([text])
            assert syncs.sizes[-1] == path.stat().st_size


def test_within_the_window_what_was_written_is_synchronised(path: Path, syncs: Syncs) -> None:
    """Also where nothing is written any more, and the master's own thread waits for something else."""
    file, _ = opened(path, sync_s=0.05)
    with closing(file):
        for text in (b"one", b"two"):
            syncs.one.clear()
            file.append([text])
            assert syncs.one.wait(BOUND_S)
            assert syncs.sizes[-1] == path.stat().st_size


def test_a_journal_is_synchronised_when_it_is_closed(path: Path, syncs: Syncs) -> None:
    """Nobody waits for the window then."""
    file, _ = opened(path, sync_s=3600)
    file.append([b"one"])
    file.close()
    file.close()

    assert syncs.sizes == [path.stat().st_size]


def test_what_is_written_while_it_is_synchronised_is_so_at_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread may be in the middle of it when the journal is closed."""
    begun, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def slow(fd: int) -> None:
        sizes.append(os.fstat(fd).st_size)
        begun.set()
        assert go_on.wait(BOUND_S)

    monkeypatch.setattr(journal_file, "_sync", slow)
    file, _ = opened(path, sync_s=0.001)
    file.append([b"one"])
    assert begun.wait(BOUND_S)
    file.append([b"two"])
    go_on.set()
    file.close()

    assert sizes[-1] == path.stat().st_size


def test_without_a_window_the_system_decides(path: Path, syncs: Syncs) -> None:
    """``sync_s=None`` never synchronises."""
    file, _ = opened(path, sync_s=None)
    file.append([b"one"])
    file.close()

    assert syncs.sizes == []


def test_what_cannot_be_synchronised_is_said(path: Path, syncs: Syncs) -> None:
    """At the next write, or at the end: nobody believes that answers are safe which are not."""
    syncs.error = OSError(5, "Input/output error")
    file, _ = opened(path, sync_s=0.01)
    file.append([b"one"])
    assert syncs.one.wait(BOUND_S)

    with pytest.raises(JournalError, match=r"cannot be synchronised: .*Input/output error"):
        file.close()
    file, _ = opened(path, sync_s=0)
    with pytest.raises(JournalError, match=r"cannot be written: .*Input/output error"):
        file.append([b"one"])
    file.close()


FILLS = """
import resource, signal, sys
from pathlib import Path
from spreadjobs.errors import JournalError
from spreadjobs.journal_file import JournalFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
file = JournalFile(Path(sys.argv[1]), None)
file.load(lambda *_: None, 0)
file.append([b"one"])
try:
    file.append([b"x" * 2000])
except JournalError as error:
    print(error)
file.append([b"two"])
file.close()
"""


def test_a_full_disk_is_said_and_costs_nothing_that_was_written(path: Path) -> None:
    """The record that did not fit is none; what is smaller still goes in its place."""
    run = subprocess.run(
        [sys.executable, "-c", FILLS, path],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=True,
    )

    assert "cannot be written: [Errno 27] File too large; what it has is not lost" in run.stdout
    file, found = opened(path)
    file.close()
    assert found == [b"one", b"two"]
