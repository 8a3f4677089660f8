"""Tests of ``fuzz_files`` and ``fuzz_options``: a conversation in files is had again exactly, and the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from fuzzing import WAYS, in_memory, script, simple_play
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.fuzz_files import FoundVector, moves_told, read_vector, write_vector
from spreadjobs_conform.fuzz_options import DEFAULT_SEED, FuzzOptions, duration_s, parse_fuzz
from spreadjobs_conform.fuzz_play import play_of
from spreadjobs_conform.options import parse


def written(folder: Path, way: str, number: int = 3) -> tuple[FoundVector, Path]:
    """A conversation in files."""
    candidate = WAYS[way]
    play = play_of(script(number, candidate), candidate)
    found = FoundVector(
        name="fuzz-5-3",
        play=play,
        codec=candidate.codec,
        tagged=candidate.tagged,
        pickle_protocol=candidate.pickle_protocol,
        about={"came": "x"},
    )
    return found, write_vector(folder / "made", found, in_memory(play, candidate).verdict.case)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", range(8))
def test_what_is_read_is_what_was_written(way: str, number: int, tmp_path: Path) -> None:
    """Bytes, moves and what is due are the same again, in the codec, dialect and protocol of the conversation."""
    found, place = written(tmp_path, way, number)

    again = read_vector(place)

    assert (again.name, again.codec, again.tagged) == (found.name, found.codec, found.tagged)
    assert again.pickle_protocol == found.pickle_protocol
    assert again.play.data == found.play.data
    assert again.play.moves == found.play.moves
    assert repr(again.play.reads) == repr(found.play.reads)
    assert again.about["came"] == "x"


def test_the_files_are_those_of_the_vectors(tmp_path: Path) -> None:
    """Input and expectation are named and made as in spec/1.0/vectors: a line a response, and one for the exit."""
    _, place = written(tmp_path, "pickle4")

    names = sorted(path.name for path in place.parent.iterdir())
    lines = [json.loads(line) for line in place.with_suffix(".expected").read_text("utf-8").splitlines()]

    assert names == [f"fuzz-5-3.pickle4.{end}" for end in ("expected", "in", "json")]
    assert "exit" in lines[-1]
    assert all({"answer", "refusal", "failure", "any"} & line.keys() for line in lines[:-1])


def test_moves_are_told_in_words() -> None:
    """For people: what is written and waited for."""
    assert moves_told(simple_play(1).moves) == "write 4, write 43"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"format": 2}, "no vector"),
        ({"codec": "xml"}, "codec"),
        ({"pickle_protocol": 9}, "pickle_protocol"),
        ({"moves": 3}, "no list of moves"),
        ({"moves": [["jump"]]}, "is no move"),
        ({"moves": [["write", 1]]}, "the moves write 1 bytes"),
        ({"moves": [["close"], ["write", "all"]]}, "nothing may follow"),
        ({"codec": "json"}, "no conversation"),
    ],
)
def test_a_damaged_vector_is_refused(changes: dict[str, object], named: str, tmp_path: Path) -> None:
    """The text names the file and what is wrong with it."""
    _, place = written(tmp_path, "pickle4")
    size = place.with_suffix(".in").stat().st_size
    text = json.dumps(json.loads(place.read_text("utf-8")) | changes).replace('"all"', str(size))
    place.write_text(text, encoding="utf-8")

    with pytest.raises(UsageFault, match=named):
        read_vector(place)


def test_a_vector_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Neither is a folder that cannot be made."""
    _, place = written(tmp_path, "json")
    place.with_suffix(".in").unlink()

    with pytest.raises(UsageFault, match="--again"):
        read_vector(place)
    with pytest.raises(UsageFault, match="--again"):
        read_vector(tmp_path / "none.json")
    (tmp_path / "file" / "made").parent.write_text("", encoding="utf-8")
    with pytest.raises(UsageFault, match="--output"):
        written(tmp_path / "file", "json")


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("5m", 300), ("90", 90), ("1.5m", 90), ("2h", 7200)])
def test_a_budget_is_a_time(text: str, seconds: float) -> None:
    """Seconds, minutes or hours; a number alone is seconds."""
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "0", "-5s", "5d", "nan", "infm", "five"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """None of these says how long."""
    with pytest.raises(argparse.ArgumentTypeError, match="is no time"):
        duration_s(text)


def test_defaults_and_options_are_read() -> None:
    """Without an option: a fixed seed and a minute."""
    plain = parse(["fuzz", "--", "./worker", "-x"])
    words = "--seed 7 --budget 5m -j 3 --codec json --strict --conversations 9 --output here --again v.json"
    full = parse_fuzz([*words.split(), "--", "./worker"])

    assert isinstance(plain, FuzzOptions)
    assert (plain.seed, plain.budget_s, plain.most, plain.strict) == (DEFAULT_SEED, 60.0, None, False)
    assert plain.candidate.command == ("./worker", "-x")
    assert plain.command_again == "spread-jobs-conform fuzz {} -- ./worker -x"
    assert (full.seed, full.budget_s, full.most, full.jobs, full.strict) == (7, 300.0, 9, 3, True)
    assert (full.output, full.again, [*full.given]) == (Path("here"), Path("v.json"), ["--codec"])
    assert full.command_again == "spread-jobs-conform fuzz --codec json {} -- ./worker"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--speed", "9", "--", "./w"], "no option"),
        (["--seed", "7"], "no worker"),
        (["--codec", "json", "--dialect", "untagged", "--", "./w"], "UNT-1"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(words: list[str], named: str) -> None:
    """The text says what is wrong."""
    with pytest.raises(UsageFault, match=named):
        parse_fuzz(words)


@pytest.mark.parametrize("seed", ["-1", "x", "1.5"])
def test_a_seed_is_a_whole_number(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is one."""
    with pytest.raises(SystemExit):
        parse_fuzz(["--seed", seed, "--", "./w"])

    assert "is no seed" in capsys.readouterr().err


def test_a_manifest_says_what_the_worker_speaks(tmp_path: Path) -> None:
    """As for run, that beside the worker is found; one that ends its preparation by count cannot be explored."""
    worker = tmp_path / "worker"
    worker.write_text("", encoding="utf-8")
    manifest = tmp_path / "spread-jobs-worker.toml"
    manifest.write_text('command = ["./worker"]\ncodec = "json"\n', encoding="utf-8")

    assert parse_fuzz(["--", str(worker)]).candidate.codec == "json"
    assert parse_fuzz(["--no-manifest", "--", str(worker)]).candidate.codec == "pickle"
    manifest.write_text('command = ["./worker"]\npreparation_ends = "count"\n', encoding="utf-8")
    with pytest.raises(UsageFault, match="by count"):
        parse_fuzz(["--", str(worker)])
