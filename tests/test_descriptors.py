"""File descriptors: as many as the workers need, or a clear error before anything is started."""

from __future__ import annotations

import errno
import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

from spreadjobs.descriptors import A_WORKER, SPARE, enough_descriptors

LOW = 512


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    """A low soft limit, so that it has to be raised; the old one is put back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (LOW, hard))
    yield LOW, hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_limit_is_left_alone_where_it_is_enough(limits: tuple[int, int]) -> None:
    """Few workers need nothing."""
    with enough_descriptors((LOW - SPARE) // A_WORKER):
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == limits


def test_soft_limit_is_raised_for_the_time_of_the_block(limits: tuple[int, int]) -> None:
    """Three descriptors a worker and some to spare; afterwards the limit is as it was."""
    with enough_descriptors(200):
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (3 * 200 + SPARE, limits[1])

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limits


def test_soft_limit_is_put_back_after_an_exception(limits: tuple[int, int]) -> None:
    """Whatever ends the block, the limit is as it was."""
    with pytest.raises(KeyboardInterrupt), enough_descriptors(200):
        raise KeyboardInterrupt

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limits


def test_hard_limit_that_is_too_low_is_a_clear_error(limits: tuple[int, int]) -> None:
    """How many are needed, what the limit is, how many workers it allows, and how to raise it."""
    hard = limits[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this system has no hard limit; the test below sets one")

    with pytest.raises(OSError, match=f"the hard limit is {hard}: start {(hard - SPARE) // 3} at most") as caught:
        enough_descriptors(hard).__enter__()

    assert caught.value.errno == errno.EMFILE
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limits


def test_blocks_may_overlap_in_any_order(limits: tuple[int, int]) -> None:
    """What they need is added up, and the limit is put back when the last one has ended. [JOB-1]"""
    first, second = enough_descriptors(200), enough_descriptors(100)
    first.__enter__()
    assert soft_limit() == 3 * 200 + SPARE
    second.__enter__()
    assert soft_limit() == 3 * 300 + SPARE
    first.__exit__(None, None, None)
    assert soft_limit() == 3 * 300 + SPARE
    second.__exit__(None, None, None)
    assert soft_limit() == limits[0]


def test_a_limit_that_somebody_else_has_set_meanwhile_stays(limits: tuple[int, int]) -> None:
    """Ours is put back, not theirs."""
    with enough_descriptors(200):
        resource.setrlimit(resource.RLIMIT_NOFILE, (900, limits[1]))

    assert soft_limit() == 900


def test_too_many_beside_others_says_so(limits: tuple[int, int]) -> None:
    """How many are left for this one."""
    hard = limits[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this system has no hard limit")
    with enough_descriptors(10), pytest.raises(OSError, match="beside 10 workers of other Masters, need") as caught:
        enough_descriptors(hard).__enter__()

    assert f"start {(hard - SPARE) // 3 - 10} at most" in str(caught.value)


def soft_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


PROGRAM = """
import resource
from spreadjobs.descriptors import enough_descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
try:
    with enough_descriptors({workers}):
        print(*resource.getrlimit(resource.RLIMIT_NOFILE))
except OSError as error:
    print(error.strerror)
"""


def limited(soft: int, hard: int, workers: int) -> str:
    """What a process with these limits says."""
    program = PROGRAM.format(soft=soft, hard=hard, workers=workers)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_process_with_a_low_hard_limit_is_told_what_to_do() -> None:
    """1,000 workers under a hard limit of 1,024: 320 are possible."""
    assert limited(512, 1024, 1000) == (
        "1000 workers need about 3064 file descriptors, and the hard limit is 1024: start 320 at most, or raise it "
        "(ulimit -Hn, /etc/security/limits.conf, LimitNOFILE=)"
    )


def test_hard_limit_is_used_up_to_its_last_descriptor() -> None:
    """The soft limit may be raised to the hard one exactly."""
    assert limited(512, 1024, 320) == "1024 1024"
    assert limited(50, 60, 1).startswith("1 workers need about 67 file descriptors, and the hard limit is 60: start 0")
