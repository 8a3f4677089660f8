"""The requirements, the state table and the opcode table: text and machine-readable twin say the same."""

import pickletools
import re
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "spec" / "1.0"
TEXTS = sorted(SPEC.glob("*.md"))
DEFINITION = re.compile(r"^> \*\*([A-Z]+-\d+)\*\* \((\w+), (\w+)\) ((?:.+\n)(?:> .+\n)*)", re.MULTILINE)
STATES_ROW = re.compile(r"^\| (master|worker) \|((?:[^|]+\|){4}[^|]+)\|$", re.MULTILINE)
OPCODE_ROW = re.compile(r"^\| ([0-9a-f]{2}) \| ([A-Z0-9_]+) \| (\d) \|", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)\)")

CITING = ("spec", "spreadjobs", "conformance", "workers", "tests", "docs", "examples", "README.md", "CONTRIBUTING.md")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".sh", ".js", ".pl", ".c", ".json"}
DELIBERATELY_UNKNOWN = 90
"""Ids from this number on, such as RUN-99, stand in tests for ids that do not exist."""


def requirements() -> dict[str, dict[str, str]]:
    """The machine-readable list."""
    table: dict[str, dict[str, str]] = tomllib.loads((SPEC / "requirements.toml").read_text("utf-8"))["requirement"]
    return table


def spec_text() -> str:
    """All documents of the version, one after another."""
    return "\n".join(path.read_text("utf-8") for path in TEXTS)


def definitions() -> list[tuple[str, str, str, str]]:
    """Id, level, party and sentence of each definition line in the text, in order."""
    return [
        (name, level, party, " ".join(sentence.replace("\n> ", " ").split()))
        for name, level, party, sentence in DEFINITION.findall(spec_text())
    ]


def transitions() -> list[dict[str, object]]:
    """The rows of the state table's machine-readable twin."""
    rows: list[dict[str, object]] = tomllib.loads((SPEC / "states.toml").read_text("utf-8"))["transition"]
    return rows


def citing_files() -> list[Path]:
    """Every text file of the project that may cite a requirement."""
    found = []
    for top in CITING:
        paths = [ROOT / top] if (ROOT / top).is_file() else sorted((ROOT / top).rglob("*"))
        found += [path for path in paths if path.suffix in TEXT_SUFFIXES and path.is_file()]
    return found


def test_each_requirement_is_defined_once_in_the_text() -> None:
    """The text defines every id of requirements.toml exactly once, and no other."""
    counts = Counter(name for name, *_ in definitions())

    assert [name for name, count in counts.items() if count > 1] == []
    assert set(counts) == set(requirements())


def test_text_and_toml_have_the_same_sentences() -> None:
    """Level, party and sentence are the same in the text and in requirements.toml."""
    listed = {(name, row["level"], row["party"], row["text"]) for name, row in requirements().items()}

    assert set(definitions()) ^ listed == set()


def test_every_definition_line_is_found() -> None:
    """No quoted line of the text escapes the pattern that finds definitions."""
    loose = [line for line in spec_text().splitlines() if line.startswith("> **")]

    assert len(loose) == len(definitions())


def test_requirements_are_well_formed() -> None:
    """A requirement is one sentence with a level, a party and, if it is about a part, a known one."""
    for name, row in requirements().items():
        assert set(row) <= {"level", "party", "text", "applies", "untestable"}, name
        assert row["level"] in {"MUST", "SHOULD", "MAY"}, name
        assert row["party"] in {"master", "worker"}, name
        assert row.get("applies") in {None, "pickle", "json", "untagged", "command", "ops"}, name
        assert row["text"].endswith("."), name
        assert ". " not in row["text"], f"{name} is more than one sentence"


def test_ids_count_up_from_one_without_gaps() -> None:
    """Ids of a family are listed in order from 1, so that a removed or reused one is noticed."""
    families: dict[str, list[int]] = {}
    for name in requirements():
        family, number = name.rsplit("-", 1)
        families.setdefault(family, []).append(int(number))

    for family, numbers in families.items():
        assert numbers == list(range(1, len(numbers) + 1)), family


def test_the_kit_has_the_same_list() -> None:
    """The list of requirements that the kit carries with it is the one of the specification."""
    copy = ROOT / "conformance" / "spreadjobs_conform" / "requirements.toml"

    assert copy.read_text("utf-8") == (SPEC / "requirements.toml").read_text("utf-8")


def test_every_id_that_is_cited_anywhere_exists() -> None:
    """Every id cited in the text, the code, the kit, the workers and the tests is a requirement."""
    known = requirements()
    families = "|".join(sorted({name.rsplit("-", 1)[0] for name in known}))
    citation = re.compile(rf"\b(?:{families})-(\d+)\b")
    unknown = [
        f"{path.relative_to(ROOT)}:{line_number}: {match[0]}"
        for path in citing_files()
        for line_number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        for match in citation.finditer(line)
        if match[0] not in known and int(match[1]) < DELIBERATELY_UNKNOWN
    ]

    assert unknown == []


def test_the_state_table_equals_its_twin() -> None:
    """The rows of the table in protocol.md are those of states.toml, in the same order."""
    in_text = [
        [party, *(cell.strip() for cell in rest.split("|"))]
        for party, rest in STATES_ROW.findall((SPEC / "protocol.md").read_text("utf-8"))
    ]
    in_toml = []
    for row in transitions():
        ids = row["requirements"]
        assert isinstance(ids, list)
        cells = (row["party"], row["state"], row["event"], row["action"], row["next"], ", ".join(ids))
        in_toml.append([str(cell) for cell in cells])

    assert in_text == in_toml


def test_the_state_table_is_deterministic_and_only_goes_forward() -> None:
    """A party, a state and an event have one row; the next state is the same one or a later one. (Section 4.)"""
    order = tomllib.loads((SPEC / "states.toml").read_text("utf-8"))["states"]
    keys = [(row["party"], row["state"], row["event"]) for row in transitions()]

    assert order == ["exec", "preparation", "running", "shutdown", "ended"]
    assert len(set(keys)) == len(keys)
    for row in transitions():
        assert order.index(row["state"]) <= order.index(row["next"]), row
    for party in ("master", "worker"):
        reached = {"exec"} | {row["next"] for row in transitions() if row["party"] == party}
        assert reached == set(order), party


def test_the_state_table_cites_requirements_that_exist() -> None:
    """Every id in a row of the state table is a requirement, and each row has one at least."""
    known = requirements()
    for row in transitions():
        ids = row["requirements"]
        assert isinstance(ids, list)
        assert ids, row
        assert [name for name in ids if name not in known] == [], row


def test_the_opcode_table_is_complete() -> None:
    """The table of opcodes names every opcode of pickle, its byte and the protocol it came with."""
    listed = OPCODE_ROW.findall((SPEC / "codecs.md").read_text("utf-8"))

    assert [
        (f"{ord(op.code):02x}", op.name, str(op.proto)) for op in sorted(pickletools.opcodes, key=by_code)
    ] == listed


def by_code(op: pickletools.OpcodeInfo) -> str:
    """Sort key: the opcode's byte."""
    return op.code


def test_sections_are_numbered_without_gaps() -> None:
    """The sections of protocol.md count up from 1: other texts refer to them by number."""
    numbers = [int(n) for n in re.findall(r"^## (\d+)\. ", (SPEC / "protocol.md").read_text("utf-8"), re.MULTILINE)]

    assert numbers[0] == 1
    assert all(b == a + 1 for a, b in pairwise(numbers))


@pytest.mark.parametrize("path", [ROOT / "spec" / "README.md", *TEXTS], ids=lambda path: path.name)
def test_links_between_the_documents_lead_somewhere(path: Path) -> None:
    """Every relative link in the specification names a file or folder that is part of it."""
    for target in LINK.findall(path.read_text("utf-8")):
        resolved = (path.parent / target).resolve()
        assert resolved.exists(), target
        assert resolved.is_relative_to(ROOT / "spec"), f"{target}: the specification stands alone"
