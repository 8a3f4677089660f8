"""Every hostile message of ``tests/hostile``, decoded under each setting, and sent to a real master."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile.registry import FAMILIES

ALLOWS = ("default", "numpy", "own")
TESTS = Path(__file__).parent


def environment() -> dict[str, str]:
    """What processes need that import the hostile messages: no tracer either, whose time their limits would count."""
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    untraced = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
    return {**untraced, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}


def verdicts(allow: str, family: str, victim: Path) -> list[dict[str, object]]:
    """Decode a family in processes with little memory and time."""
    command = [sys.executable, "-m", "hostile.child", allow, family, str(victim)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, env=environment())
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def wrong(found: list[dict[str, object]]) -> list[dict[str, object]]:
    """Those that did not end as they must: refused or, where that is harmless, read; and nothing else happened."""
    return [
        verdict
        for verdict in found
        if verdict["status"] != 0
        or verdict["outcome"] not in (("read", "refused") if verdict["harmless"] else ("refused", "waits"))
        or verdict["seen"]
        or verdict["changed"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("allow", ALLOWS)
@pytest.mark.parametrize("family", FAMILIES)
def test_hostile_messages_end_as_undecodable_or_plain_data(family: str, allow: str, tmp_path: Path) -> None:
    """None runs code, changes a class, crashes, or takes more than a gigabyte or twenty seconds. [SEC-1, SEC-2]"""
    if allow == "numpy":
        pytest.importorskip("numpy")
    found = verdicts(allow, family, tmp_path / "victim")
    assert [verdict["name"] for verdict in found] == [item.name for item in FAMILIES[family]]
    assert wrong(found) == []


# A message of each family whose way through a master is worth a run of processes.
SENT = {
    "calls": "a call",
    "own classes": "BUILD on a member of an Enum",
    "bombs": "a deep key",
    "harmless": "nested tuples",
    "forged arrays": "an array of objects by a state",
    "harmless arrays": "a dtype with the flags of objects",
    "json": "nested arrays",
    "harmless json": "nine hundred levels",
}
MASTER = """
import json, resource, sys
from pathlib import Path
from hostile import target
from hostile.child import ALLOWS
from spreadjobs import Settings, main
bad, good, codec, allow, victim = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
settings = Settings(codec=codec, allow=ALLOWS[allow], max_attempts=9, shutdown_timeout_s=5.0)
payloads = [{"op": "echo", "value": n} for n in range(20)]
workers = [[sys.executable, bad], [sys.executable, good, "--codec", codec]]
spread = main(payloads, workers, stdin=[None], settings=settings)
assert spread.results == list(range(20)), spread.results
assert not target.CALLED and target.Colour.RED.value == 1
assert not Path(victim).exists()
"""


@pytest.mark.parametrize("family", SENT)
def test_a_worker_that_sends_a_hostile_message_harms_no_run(family: str, tmp_path: Path) -> None:
    """The master ends that worker, and the other one answers every task. [SEC-1, VIO-2]"""
    allow = "numpy" if "arrays" in family else "own"
    if allow == "numpy":
        pytest.importorskip("numpy")
    (item,) = [item for item in FAMILIES[family] if item.name == SENT[family]]
    victim = tmp_path / "victim"
    (tmp_path / "message").write_bytes(item.build(str(victim)))
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import sys\nfrom pathlib import Path\n"
        "sys.stdin.buffer.read1()\n"
        f"sys.stdout.buffer.write(Path({str(tmp_path / 'message')!r}).read_bytes())\nsys.stdout.flush()\n"
        "sys.stdin.buffer.read()\n",
        encoding="utf-8",
    )
    good = TESTS.parent / "workers" / "python" / "worker.py"
    command = [sys.executable, "-c", MASTER, str(bad), str(good), item.codec, allow, str(victim)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, env=environment())
    assert done.returncode == 0, done.stderr
