"""One connection that misbehaves on purpose: what goes on of a worker, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaotic import CODECS, MISDEEDS, QUIET, Played, message, read, wrapped
from processes import belongings
from programs import echo

from spreadjobs import Arguments, Settings, SubprocessConnection
from spreadjobs.chaos import Chaos, ChaosConnection, Incident, Misdeed
from spreadjobs.codec import make_decoder
from spreadjobs.descriptors import A_WORKER, SPARE
from spreadjobs.events import Exit
from spreadjobs.settings import Codec


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Whatever a test does, no process, thread or descriptor is left after it. [SHUT-10]"""
    before = belongings()
    yield
    assert belongings() == before


@pytest.mark.parametrize("codec", CODECS)
def test_what_has_no_chance_to_happen_changes_no_byte(codec: Codec, tmp_path: Path) -> None:
    """A message of 1 MiB, a hundred small ones at once, text after them, and standard error apart. [WIRE-3, SHUT-7]"""
    messages = [message([0, "x" * 1024 * 1024], codec), b"".join(message([n, n], codec) for n in range(100))]
    program = f"""
import sys
for data in {messages!r}:
    sys.stdout.buffer.write(data); sys.stdout.flush()
print("to the user", file=sys.stderr, flush=True)
sys.stdin.read()
print("bye (.")
sys.exit(3)
"""
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    with wrapped(SubprocessConnection([sys.executable, str(tmp_path / "program.py")]), codec=codec) as connection:
        with pytest.raises(BlockingIOError):
            os.read(connection.stdout_fd, 1)
        whole = b"".join(messages)
        assert read(connection.stdout_fd, len(whole)) == whole
        assert connection.stderr_fd is not None
        assert read(connection.stderr_fd, 12) == b"to the user\n"
        connection.close_stdin()
        connection.close_stdin()
        assert read(connection.stdout_fd) == b"bye (.\n"
        assert (read(connection.stderr_fd), connection.incidents) == (b"", [])


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("misdeed", ["kill", "truncate"])
def test_a_process_is_killed_before_its_response_goes_on(misdeed: Misdeed, codec: Codec) -> None:
    """By KILL, with all of its group; nothing of the response goes on, or a beginning. [JOB-5]"""
    arguments = [*QUIET, "--codec", codec]
    request = pickle.dumps((5, echo("v")), 4) if codec == "pickle" else b'[5,{"op":"echo","value":"v"}]\n'
    preparation = pickle.dumps(None) if codec == "pickle" else b"null\n"
    with wrapped(SubprocessConnection(arguments), misdeed, codec) as connection:
        os.write(connection.stdin_fd, preparation + request)
        seen = read(connection.stdout_fd)
        inner = connection.inner
        assert isinstance(inner, SubprocessConnection)
        os.waitid(os.P_PID, inner.pid, os.WEXITED | os.WNOWAIT)
        assert connection.poll() == Exit(signal="SIGKILL")
        assert bool(seen) == (misdeed == "truncate")
        assert connection.incidents == [Incident("", 1, misdeed)]


@pytest.mark.parametrize("codec", CODECS)
def test_any_connection_will_do(codec: Codec) -> None:
    """One without a process and without standard error; verbs and descriptors go through to it."""
    played = Played()
    with wrapped(played, "busy", codec) as connection:
        os.write(connection.stdin_fd, b"request")
        assert os.read(played.requests, 100) == b"request"
        os.write(played.answers, message([5, "v"], codec))
        refusal = read(connection.stdout_fd, 35 if codec == "json" else 37)
        assert refusal.endswith(b"\n")
        assert json.loads(json.dumps(make_decoder(Settings(codec=codec)).feed(refusal))) == [
            [["TooBusy", 5, 0.01], None, None]
        ]
        assert (connection.stderr_fd, connection.poll(), connection.name) == (None, None, "")
        connection.signal_group(signal.SIGTERM)
        assert connection.poll() == Exit(signal="SIGTERM")
        assert read(connection.stdout_fd) == b""
    assert played.signals == [signal.SIGTERM]
    assert not played.open


@pytest.mark.parametrize("misdeed", MISDEEDS)
@pytest.mark.parametrize("codec", CODECS)
def test_after_the_end_of_the_requests_nothing_happens(codec: Codec, misdeed: Misdeed) -> None:
    """What comes then is text for the user, whatever it looks like; what was begun before goes on. [SHUT-7]"""
    played = Played()
    text = message([5, "v"], codec)
    with wrapped(played, misdeed, codec) as connection:
        os.write(played.answers, text[:4])
        connection.close_stdin()
        assert read(connection.stdout_fd, 4) == text[:4]
        os.write(played.answers, text[4:] + text)
        played.shut(played.answers)
        assert read(connection.stdout_fd) == text[4:] + text
    assert connection.incidents == []


def nothing(_played: Played, _connection: ChaosConnection) -> None:
    pass


def begun(played: Played, _connection: ChaosConnection) -> None:
    os.write(played.answers, message([5, "v"], "pickle")[:4])


def unread(played: Played, _connection: ChaosConnection) -> None:
    os.write(played.answers, message([5, "v" * 30_000], "pickle"))


def ended(played: Played, connection: ChaosConnection) -> None:
    played.signal_group(signal.SIGHUP)
    assert read(connection.stdout_fd) == b""


def closed(_played: Played, connection: ChaosConnection) -> None:
    connection.close_stdin()


@pytest.mark.parametrize("misdeed", [None, *MISDEEDS])
@pytest.mark.parametrize("state", [nothing, begun, unread, ended, closed])
def test_it_can_be_discarded_in_every_state(
    state: Callable[[Played, ChaosConnection], None], misdeed: Misdeed | None
) -> None:
    """No thread and no descriptor is left, the inner connection is discarded, and twice is once. [SHUT-10]"""
    played = Played()
    connection = wrapped(played, misdeed)
    state(played, connection)
    connection.discard()
    connection.discard()
    connection.close_stdin()

    assert not played.open


def test_there_are_enough_descriptors_as_long_as_it_lives() -> None:
    """The limit is raised as for a worker more, since the master knows of three a worker, and put back then. [JOB-4]"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (SPARE, hard))
    try:
        with wrapped(Played()):
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (SPARE + A_WORKER, hard)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (SPARE, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("wrong", "due"),
    [
        ({"kill": 1.5}, r"kill=1.5: a probability is due"),
        ({"busy": 0.95}, r"kill \+ stall \+ garbage \+ busy \+ truncate = 1.04: 1 at most is due"),
        ({"seed": "7"}, r"seed='7': a whole number is due"),
        ({"seed": True}, r"seed=True: a whole number is due"),
        ({"busy_delay_s": -1}, r"busy_delay_s=-1: seconds are due, 0 or more"),
        ({"busy_delay_s": float("nan")}, r"busy_delay_s=nan: seconds are due"),
        ({"busy_delay_s": float("inf")}, r"busy_delay_s=inf: seconds are due"),
        ({"dialect": "modern"}, r"dialect='modern': one of tagged, untagged is due"),
    ],
)
def test_what_is_out_of_range_is_refused_with_what_is_due(wrong: dict[str, object], due: str) -> None:
    """Before anything is started; what was started already is given back. [JOB-4]"""
    played = Played()
    with pytest.raises(ValueError, match=due):
        ChaosConnection(played, **wrong)  # type: ignore[arg-type]  # the mistakes are the test
    assert not played.open
    with pytest.raises(ValueError, match=due):
        Chaos(**wrong)  # type: ignore[arg-type]  # the mistakes are the test


def test_a_codec_that_there_is_not_is_refused() -> None:
    """The factory is told by the master which one it is, and has no such argument."""
    played = Played()
    with pytest.raises(ValueError, match="codec='xml': one of pickle, json is due, or None"):
        ChaosConnection(played, codec="xml")  # type: ignore[arg-type]  # the mistake is the test


def test_name_and_codec_are_those_that_the_master_gave() -> None:
    """From what the inner connection was started with, unless they are given. [EXEC-5]"""
    env = {**os.environ, "SPREAD_JOBS_WORKER": "3.1", "SPREAD_JOBS_CODEC": "json"}
    arguments = Arguments(["cat"], env=env)
    with wrapped(SubprocessConnection(arguments), "busy") as connection:
        assert connection.name == "3.1"
        os.write(connection.stdin_fd, message([5, "v"], "json"))
        assert read(connection.stdout_fd, 35) == message(["TooBusy", 5, 0.01], "json")
    with ChaosConnection(SubprocessConnection(arguments), name="mine") as connection:
        assert connection.name == "mine"
    for plain in (Arguments(["cat"]), ["cat"]):
        with ChaosConnection(SubprocessConnection(plain)) as connection:
            assert connection.name == ""
