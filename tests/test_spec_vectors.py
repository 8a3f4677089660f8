"""spec/1.0/vectors and spec/1.0/EXECUTOR.md: the files are those of the cases, and can be run as the page says."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from kit_runs import kit
from kit_scripts import ROOT, WORKER
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.portable import portable
from spreadjobs_conform.requirements import load_requirements
from spreadjobs_conform.vector_files import files_of

SPEC: Final = ROOT / "spec" / "1.0"
VECTORS: Final = SPEC / "vectors"
PAGE: Final = (SPEC / "EXECUTOR.md").read_text(encoding="utf-8")
JUDGE: Final = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
LOOP: Final = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
BOUND_S: Final = 120.0
MAX_FOLDER_BYTES: Final = 2 << 20
FOLLOWED: Final = """
import json, sys
sys.stdin.readline()
for line in sys.stdin:
    number, payload = json.loads(line)
    print(json.dumps([[number, payload["value"]], None, None]), flush=True)
sys.stdout.write({text!r}.replace("20000", str(number)))
"""
"""Answers echoes, and writes a text at the end, in which 20000 stands for the last task id."""
WRONG: Final = ROOT / "conformance" / "spreadjobs_conform" / "wrong_workers"


def stored() -> dict[str, bytes]:
    """Every file of the folder, by its name there."""
    return {path.relative_to(VECTORS).as_posix(): path.read_bytes() for path in VECTORS.rglob("*") if path.is_file()}


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="pickle writes bytes in protocol 2 with other opcodes there")
def test_vectors_are_those_of_the_cases() -> None:
    """They are what `spread-jobs-conform bytes --all spec/1.0/vectors` writes, all of it and nothing else."""
    made = files_of(all_cases(), load_requirements())

    assert sorted(made) == sorted(stored())
    assert [name for name, data in stored().items() if made[name] != data] == []


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="pickle writes bytes in protocol 2 with other opcodes there")
def test_vectors_do_not_depend_on_the_hash_seed() -> None:
    """Sets and dicts come out the same in every interpreter: the digests can be compared."""
    program = (
        "from spreadjobs_conform.catalogue import all_cases\n"
        "from spreadjobs_conform.requirements import load_requirements\n"
        "from spreadjobs_conform.vector_files import files_of\n"
        "import sys; sys.stdout.buffer.write(files_of(all_cases(), load_requirements())['DIGESTS'])\n"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", program]
        run = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=BOUND_S)
        assert run.stdout == stored()["DIGESTS"]


def test_digests_are_those_of_the_files() -> None:
    """`sha256sum -c DIGESTS` in the folder passes, and no file is missing from the list."""
    files = stored()
    lines = files.pop("DIGESTS").decode("ascii").splitlines()

    assert lines == [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(files.items())]
    assert sum(map(len, files.values())) < MAX_FOLDER_BYTES


def test_index_has_every_case_or_says_why_not() -> None:
    """Each case in each coding in which it applies has a file, or the reason why there is none."""
    lines = [json.loads(line) for line in stored()["INDEX.jsonl"].splitlines()]

    assert {line["case"] for line in lines} == {case.id for case in all_cases() if case.worker_class == "worker"}
    assert all(bool(line.get("file")) != bool(line.get("left_out")) for line in lines)
    named = {line["file"] for line in lines if "file" in line}
    assert named == {name for name in stored() if name.endswith(".in")}
    assert {name.removesuffix(".in") + ".expected" for name in named} <= stored().keys()


def run_loop(folder: Path, worker: Sequence[str]) -> str:
    """What the loop of EXECUTOR.md prints for a worker, with the judge that stands there."""
    judge = folder / "judge.py"
    judge.write_text(JUDGE, encoding="utf-8")
    # The page calls the worker one word.
    script = folder / "worker"
    script.write_text('#!/bin/sh\nexec "$@"\n'.replace('"$@"', " ".join([*worker, '"$@"'])), encoding="utf-8")
    script.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "WORKER": str(script), "JUDGE": str(judge), "OUT": str(folder / "out")}
    command = ["sh", "-c", f'python3() {{ {sys.executable} -S "$@"; }}\n{LOOP}']
    run = subprocess.run(
        command, cwd=VECTORS, env=environment, capture_output=True, check=True, text=True, timeout=BOUND_S
    )
    return run.stdout + run.stderr


def test_page_runs_a_right_worker_without_the_kit(tmp_path: Path) -> None:
    """The shell loop and the judge of the page find nothing wrong with the shipped worker."""
    assert run_loop(tmp_path, WORKER) == "0 wrong\n"


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("for line in sys.stdin: print('null', flush=True)", "is no response"),
        ("sys.stdin.read()", "is missing"),
        (
            "n = 0\nfor line in sys.stdin:\n"
            "    value = json.loads(line)\n"
            "    if n: print(json.dumps([[value[0], value[1]['value']], None, None]))\n"
            "    n += value is None\n"
            "sys.exit(3)",
            "exit status 3 came",
        ),
        (
            "n = 0\nfor line in sys.stdin:\n"
            "    value = json.loads(line); n += value is None\n"
            "    if n and value: print(json.dumps([[value[0], 'x'], None, None]))",
            "was due",
        ),
    ],
)
def test_judge_of_the_page_finds_what_is_wrong(code: str, named: str, tmp_path: Path) -> None:
    """It can fail: wrong values, missing responses, text that is none, and a wrong exit status are told."""
    worker = tmp_path / "wrong.py"
    worker.write_text(f"import json, sys\n{code}\n", encoding="utf-8")
    judge = tmp_path / "judge.py"
    judge.write_text(JUDGE, encoding="utf-8")
    vector = VECTORS / "run" / "returns-the-task-id.json"
    out = tmp_path / "out"

    with vector.with_suffix(".json.in").open("rb") as given, out.open("wb") as taken:
        status = subprocess.run(
            [sys.executable, "-S", worker], check=False, stdin=given, stdout=taken, timeout=BOUND_S
        ).returncode
    run = subprocess.run(
        [sys.executable, "-S", judge, vector.with_suffix(".json.expected"), out, str(status)],
        check=False,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
    )

    # A status is a SHOULD here: told, and not wrong.
    assert run.returncode == (0 if "exit status" in named else 1)
    assert named in run.stderr


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("bye\n", True),
        ("[]\n[1, 2]\n", True),
        ('bye\n[[1, "of no task"], null, null]\n', True),
        ('[["a"], null, null]\n[[[]], null, null]\n', True),
        ('[[1, "of no task"], null, null]\n', False),
        ('bye\n[[20000, "again"], null, null]\n', False),
        ('bye\n[["RemoteException", 20000, "EOFError", "of four items"], null, null]\n', False),
    ],
)
def test_judge_of_the_page_and_the_kit_agree_about_what_follows(text: str, *, right: bool, tmp_path: Path) -> None:
    """Behind the last response any text is right, but for what is meant for a response [SHUT-7, RUN-3]."""
    worker = tmp_path / "worker.py"
    worker.write_text(FOLLOWED.format(text=text), encoding="utf-8")
    (tmp_path / "judge.py").write_text(JUDGE, encoding="utf-8")
    (tmp_path / "out").write_text('[[20000, "sample 1"], null, null]\n' + text, encoding="utf-8")
    (tmp_path / "expected").write_text(
        '{"id": 20000, "answer": "sample 1"}\n{"exit": 0, "level": "SHOULD"}\n', encoding="utf-8"
    )
    judge = [sys.executable, "-S", *(str(tmp_path / name) for name in ("judge.py", "expected", "out")), "0"]
    judged = subprocess.run(judge, check=False, capture_output=True, timeout=BOUND_S)
    by_kit = kit("--codec", "json", "--case", "eof/with-a-request-unanswered", "--", sys.executable, "-S", str(worker))

    assert judged.returncode == (0 if right else 1), judged.stderr
    assert by_kit.status == (0 if right else 1), by_kit.out


ID = 20000
RIGHT_ANSWER = f'[[{ID},"sample 1"],null,null]'


@pytest.mark.parametrize(
    ("lines", "right"),
    [
        ([RIGHT_ANSWER], True),
        ([f'[ ["Alive",{ID}] ,null,null]', RIGHT_ANSWER], True),
        ([RIGHT_ANSWER, "the worker says goodbye"], True),
        ([f'[[{ID},"sample 1"],[],""]'], True),
        ([f'[[{ID},"sample 1"],5,null]'], False),
        ([f'[[{ID},"sample 1"],[5],null]'], False),
        ([f'[["Alive",{ID}],5,null]', RIGHT_ANSWER], False),
        ([f'[["Alive",{ID + 1}],null,null]', RIGHT_ANSWER], False),
        ([RIGHT_ANSWER, f'[ [{ID},"sample 1"],null,null]'], False),
    ],
)
def test_judge_of_the_page_looks_at_values(lines: list[str], right: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a column
    """White space changes nothing; out, err, Alive and surplus responses are looked at like all else."""
    expected, out, judge = tmp_path / "expected", tmp_path / "out", tmp_path / "judge.py"
    expected.write_text(f'{{"id": {ID}, "answer": "sample 1"}}\n{{"exit": 0, "level": "SHOULD"}}\n', encoding="utf-8")
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    judge.write_text(JUDGE, encoding="utf-8")

    run = subprocess.run(
        [sys.executable, "-S", judge, expected, out, "0"], check=False, capture_output=True, timeout=BOUND_S
    )

    assert (run.returncode == 0) is right, run.stderr


def test_judge_of_the_page_wants_a_text_as_traceback(tmp_path: Path) -> None:
    """A failure has three texts. [ERR-1]"""
    expected, out, judge = tmp_path / "expected", tmp_path / "out", tmp_path / "judge.py"
    expected.write_text(f'{{"id": {ID}, "failure": ["T", "m"]}}\n{{"exit": 0, "level": "SHOULD"}}\n', encoding="utf-8")
    judge.write_text(JUDGE, encoding="utf-8")
    statuses = []
    for traceback in ('"text"', "5", '["a"]'):
        out.write_text(f'[["RemoteException",{ID},"T","m",{traceback}],null,null]\n', encoding="utf-8")
        command = [sys.executable, "-S", str(judge), str(expected), str(out), "0"]
        statuses.append(subprocess.run(command, check=False, capture_output=True, timeout=BOUND_S).returncode)

    assert statuses == [0, 1, 1]


def responses(data: bytes) -> list[object]:
    """The values of the pickles in it, with or without newlines behind them (PKL-5)."""
    stream = io.BytesIO(data)
    found: list[object] = []
    while stream.tell() < len(data):
        found.append(pickle.load(stream))
        if stream.read(1) not in (b"\n", b""):
            stream.seek(-1, io.SEEK_CUR)
    return found


def fits(due: dict[str, object], response: object) -> bool:
    """As section 3 of the page has it, for the codec pickle."""
    assert isinstance(response, tuple | list)
    first, out, err = response
    if "any" in due:
        return due["id"] in first[:2]
    if "answer" in due:
        good = len(first) == 2 and [first[0], portable(first[1])] == [due["id"], due["answer"]]
    elif "refusal" in due:
        good = list(first) == ["TooBusy", due["id"], due["refusal"]]
    else:
        assert isinstance(due["failure"], list)
        good = list(first[:4]) == ["RemoteException", due["id"], *due["failure"]] and len(first) == 5
    return good and ("out" not in due or ("".join(out or ()), "".join(err or ())) == _texts(due))


def _texts(due: dict[str, object]) -> tuple[str, ...]:
    return tuple("".join(map(str, lines)) for lines in (due["out"], due["err"]) if isinstance(lines, list))


def test_right_worker_is_right_on_the_pickle_vectors() -> None:
    """What stands in the `.expected` files is what the shipped worker does with the inputs, exit status and all."""

    def wrong(path: Path) -> list[str]:
        run = subprocess.run(WORKER, check=False, input=path.read_bytes(), capture_output=True, timeout=BOUND_S)
        dues = [json.loads(line) for line in path.with_suffix(".expected").read_text("utf-8").splitlines()]
        came = responses(run.stdout)
        good = len(came) == len(dues) - 1 and all(map(fits, dues, came))
        return [] if good and dues[-1]["exit"] in ("any", run.returncode) else [str(path)]

    paths = sorted(VECTORS.rglob("*.pickle4.in"))
    with ThreadPoolExecutor(2) as pool:
        assert [name for names in pool.map(wrong, paths) for name in names] == []
    assert len(paths) >= 100
