"""Tests of ``spreadjobs_conform.cures`` and ``report_kinds``: what a first screen says of a worker that is wrong."""

from __future__ import annotations

import pickle

import attrs
import pytest
from kit_runs import kit
from kit_scripts import ECHO, RIGHT, python
from spreadjobs_conform.catalogue import all_cases
from spreadjobs_conform.cures import (
    CHILD,
    DEV_NULL,
    FLUSH,
    LEFT_AT_ONCE,
    ONE_EACH,
    PREPARATION_TAKEN,
    PRINTS,
    SEE_STDERR,
    SHORT_WRITE,
    STOP_HEARTBEAT,
    TOO_DEEP,
    UNCAUGHT,
    exit_cure,
    failure_cure,
    likely_cure,
    looks_like_text,
    unasked_cure,
    unfinished_cure,
    value_cure,
    waiting_cure,
)
from spreadjobs_conform.diagnosis import CUT_SHORT
from spreadjobs_conform.report_kinds import kinds, rules
from spreadjobs_conform.verdicts import Status, Verdict

FAILED_OF_NONE = pickle.dumps((("RemoteException", None, "TypeError", "m", ""), None, None), 4)
BY_ID = {case.id: case for case in all_cases()}


@pytest.mark.parametrize(
    ("data", "codec", "cure"),
    [
        (b"loading model...\n", "pickle", "send prints to stderr"),
        (
            b"loading\n\x80\x04\x95\x14\0\0\0\0\0\0\0K\0\x8c\x01v\x94\x86\x94NN\x87\x94.",
            "pickle",
            "send prints to stderr",
        ),
        (b"\n\n", "pickle", "send prints to stderr"),
        (b"[[1, 2], null, null]\n", "pickle", "--codec json"),
        (b"\x80\x04K\x01.", "json", "--codec pickle"),
        (b"((I7\nI0\ntNNt.", "json", "--codec pickle"),
        (b"\x00\x00\x00\x07", "pickle", "nothing to stdout but messages"),
        (b"[progress] task done\n\x80\x04", "pickle", "send prints to stderr"),
        (b"[info] ready\n", "json", "send prints to stderr"),
        (b"[\n  [\n    1,\n", "json", "without line breaks or indentation"),
        (b'{"a":\n', "json", "without line breaks or indentation"),
        (b"Traceback (most recent call last):\n", "json", "send prints to stderr"),
        (b'[[7,"\xe9"],null,null]\n', "json", "encode what you write as UTF-8"),
        (b"\xe9t\xe9 [\n", "json", "write nothing to stdout but messages"),
        (b'[["Alive",7],null,null]\n', "json", "stop the heartbeat"),
        (b'[[7,"xx[[8,"x"],null,null]\n', "json", "under one lock"),
    ],
)
def test_cure_fits_what_came(data: bytes, codec: str, cure: str) -> None:
    """The likely mistake is guessed from the bytes. [VIO-3]"""
    assert cure in likely_cure(data, codec)


def test_no_bytes_are_no_text() -> None:
    """Nothing is not text."""
    assert not looks_like_text(b"")


def test_message_that_lacks_its_newline_is_told_from_half_a_message() -> None:
    """A JSON text that is whole wants its LF; another one wants its rest. [JSON-1]"""
    assert "a newline (LF)" in unfinished_cure(b'[[1,"v"],null,null]', "json", 20)
    assert "write whole messages and flush them" in unfinished_cure(b'[[1,"v"],nu', "json", 11)
    assert "write whole messages and flush them" in unfinished_cure(b"\x80\x04\x95", "pickle", 3)


def test_short_write_is_recognised_by_its_size() -> None:
    """As much as a pipe takes came, and no more: the worker did not write on. [WIRE-5]"""
    assert unfinished_cure(b"\x80\x04\x95", "pickle", 65536) == SHORT_WRITE
    assert unfinished_cure(b'[[1,"vvv', "json", 4096) == SHORT_WRITE


@pytest.mark.parametrize(
    ("status", "codec", "stderr", "has_answered", "cure"),
    [
        (1, "pickle", ["KeyError: 'x'"], True, f"{SEE_STDERR}; {UNCAUGHT}"),
        (1, "pickle", [], True, UNCAUGHT),
        (1, "pickle", [" "], False, LEFT_AT_ONCE),
        (1, "json", ["TypeError: None"], False, f"{SEE_STDERR}; {LEFT_AT_ONCE}"),
        (-9, "json", [], True, "find out what sends the signal"),
        (1, "pickle", ["unexpected token (JSON::ParserError)"], False, "--codec json"),
        (1, "json", ["_pickle.UnpicklingError: invalid load key, 'n'."], False, "--codec pickle"),
        (1, "json", ["nesting of 101 is too deep (JSON::NestingError)"], True, "raise the nesting limit"),
        (1, "json", ["RecursionError: maximum recursion depth exceeded"], True, "raise the nesting limit"),
        (1, "json", ["JSON::ParserError: unexpected token"], True, "reading the request failed"),
    ],
)
def test_exit_has_a_cure_that_fits(
    status: int, codec: str, stderr: list[str], cure: str, *, has_answered: bool
) -> None:
    """What the worker died of is told from its standard error, which is named only if there is any."""
    assert cure in exit_cure(status, codec, stderr, has_answered=has_answered)
    assert bool("".join(stderr).strip()) or SEE_STDERR not in exit_cure(
        status, codec, stderr, has_answered=has_answered
    )


@pytest.mark.parametrize(
    ("data", "codec", "has_answered", "cure"),
    [
        (b'[["RemoteException", null, "NoMethodError", "m", "', "json", False, PREPARATION_TAKEN),
        (b"[[null, null], null, null]\n", "json", False, PREPARATION_TAKEN),
        (
            pickle.dumps((("RemoteException", None, "TypeError", "m", ""), None, None), 4),
            "pickle",
            False,
            PREPARATION_TAKEN,
        ),
        (b"[[17, null], null, null]\n", "json", True, ONE_EACH),
        (b'[["Alive", 17], null, null]\n', "json", True, STOP_HEARTBEAT),
        (pickle.dumps((("Alive", 17), None, None), 4), "pickle", True, STOP_HEARTBEAT),
        (b"ready\n", "json", True, PRINTS),
    ],
)
def test_output_that_nobody_asked_for_is_told_apart(data: bytes, codec: str, cure: str, *, has_answered: bool) -> None:
    """An answer to a preparation item, a second response, a heartbeat and a print are told apart. [OPS-8, RUN-11]"""
    assert unasked_cure(data, codec, has_answered=has_answered) == cure


def test_failure_of_a_limit_is_recognised() -> None:
    """A library that refuses deep values says so in the failure. [DATA-2]"""
    assert failure_cure("JSON::NestingError", "nesting of 101 is too deep") == TOO_DEEP
    assert failure_cure("ValueError", "no") == ""


def test_silence_has_a_cure_that_fits() -> None:
    """One that waits for a child, one that reads on; of one that computes nothing can be said."""
    child = "the worker is alive, sleeping in poll; a child of it reads its standard input (wc -c, pid 7)"
    assert waiting_cure(child) == f"a child (wc -c, pid 7) reads the worker's standard input; {DEV_NULL}"
    assert waiting_cure("the worker is alive, waiting for its child process 7 (cat)") == CHILD
    assert waiting_cure("the worker is alive, sleeping in read of its standard input") == FLUSH
    assert waiting_cure("the worker is alive, running") == ""


@pytest.mark.parametrize(
    ("came", "cure"),
    [
        ("\u00c3\u00a9", "read standard input as UTF-8"),
        ("\ufffd\ufffd", "not each piece that was read"),
        ("e", ""),
        (3, ""),
    ],
)
def test_text_that_was_decoded_wrongly_is_recognised(came: object, cure: str) -> None:
    """UTF-8 read as Latin-1, and characters that were cut: each has its own cure; other changes have none."""
    assert cure in value_cure("\u00e9", came)
    assert bool(cure) == bool(value_cure("\u00e9", came))


def test_text_that_was_decoded_as_windows_does_it_is_recognised() -> None:
    """The euro sign in cp1252 is not what it is in Latin-1."""
    assert "as UTF-8" in value_cure("\u20ac", b"\xe2\x82\xac".decode("cp1252"))


def failure(case_id: str, came: str, *, hang: str = "", cure: str = "", also: tuple[str, ...] = ()) -> Verdict:
    """A failed case."""
    case = BY_ID[case_id]
    violated = (case.requirements[0], *also)
    return Verdict(
        case=case,
        level="MUST",
        status=Status.FAIL,
        came=came,
        due="it",
        hang=hang,
        cure=cure,
        violated=violated,
    )


def ids(found: list[list[Verdict]]) -> list[list[str]]:
    """The cases, by kind."""
    return [[verdict.case.id for verdict in kind] for kind in found]


def test_numbers_make_no_other_kind() -> None:
    """Task ids and seconds differ in every case, also where a worker printed them; the most frequent kind leads."""
    found = kinds(
        [
            failure("data/floats", "3.5 came"),
            failure("run/task-id-0", "doing task 17", cure="print elsewhere"),
            failure("data/dicts", "doing task 4711", cure="print elsewhere"),
        ]
    )

    assert ids(found) == [["run/task-id-0", "data/dicts"], ["data/floats"]]


def test_case_about_the_broken_rule_is_told_of_a_kind() -> None:
    """All cases fail when a worker prints; the one whose rule that is says it best, and its rule comes first."""
    also = ("WIRE-4", "WIRE-1")
    verdicts = [
        failure(name, "text", cure="c", also=also) for name in ("exec/needs-no-hints", "wire/nothing-but-messages")
    ]

    (kind,) = kinds(verdicts)

    assert kind[0].case.id == "wire/nothing-but-messages"
    assert rules(kind[1]) == ("WIRE-4", "WIRE-1", "EXEC-4")


def test_case_that_found_out_more_is_told_of_hangs() -> None:
    """How long was waited for, and what the worker did meanwhile, make no other kind; what one case found out leads."""
    plain = "no response to request 1 within 5 s; nothing came; the worker is alive, running"
    more = "no response to request 1 within 0.5 s; nothing came; the response came when standard input was closed"

    found = kinds(
        [
            failure("run/task-id-0", plain, hang="start silence", cure="flush, or read less"),
            failure("wire/answers-without-more-input", more, hang="start silence", cure="flush"),
        ]
    )

    assert ids(found) == [["wire/answers-without-more-input", "run/task-id-0"]]


def test_waits_that_were_cut_short_do_not_lead() -> None:
    """A worker seen earlier than others seems to do something else: it is told behind them, and makes no kind."""
    short = "no response to request 1 within 0.1 s; nothing came; the worker is alive, running"
    whole = "no response to request 1 within 5 s; nothing came; the worker is alive, in read"
    early = f"request not read ({CUT_SHORT})"
    cut = [failure(name, short, hang=early) for name in ("run/task-id-0", "run/returns-the-task-id")]
    whole_wait = failure("exec/needs-no-hints", whole, hang="stdin eaten")

    found = kinds([*cut, whole_wait, failure("data/dicts", "3 came")])

    assert [[verdict.hang for verdict in kind] for kind in found] == [["stdin eaten", early, early], [""]]
    assert [kind[0].hang for kind in kinds([*cut, failure("data/dicts", "3 came")])] == ["", early]


def test_failures_of_two_requirements_are_two_kinds_of_a_worker_that_answers() -> None:
    """What looks alike among values and among failures may be two mistakes; of one that answers nothing, it is one."""
    alike = [failure("data/dicts", "text", cure="c"), failure("err/type-and-message", "text", cure="c")]
    printed = [failure(name, "text", cure="c", also=("WIRE-4",)) for name in ("data/dicts", "err/type-and-message")]
    passed = Verdict(case=BY_ID["run/task-id-0"], level="MUST", status=Status.PASS)

    assert ids(kinds([passed, *alike])) == [["data/dicts"], ["err/type-and-message"]]
    assert ids(kinds(alike)) == [["data/dicts", "err/type-and-message"]]
    assert ids(kinds([passed, *printed])) == [["data/dicts", "err/type-and-message"]]


def test_a_must_is_told_before_what_more_cases_fail_of() -> None:
    """What makes the run fail comes first."""
    shoulds = [attrs.evolve(failure(name, "3 came"), level="SHOULD") for name in ("data/dicts", "data/lists")]

    assert ids(kinds([*shoulds, failure("run/task-id-0", "4 and 5 came")]))[0] == ["run/task-id-0"]


def test_the_family_that_fails_most_leads_a_kind() -> None:
    """Where nothing else tells more."""
    found = kinds([failure(name, "text", cure="c") for name in ("err/type-and-message", "data/dicts", "data/lists")])

    assert ids(found) == [["data/dicts", "data/lists", "err/type-and-message"]]


def test_faults_of_the_kit_are_not_folded() -> None:
    """Each is another one, whatever it says."""
    faults = [attrs.evolve(failure(name, "x"), status=Status.HARNESS_ERROR) for name in ("data/dicts", "data/lists")]

    assert len(kinds(faults)) == 2


def test_should_does_not_lead_a_kind_with_a_must() -> None:
    """What counts is told."""
    should = attrs.evolve(failure("wire/nothing-but-messages", "text", cure="c"), level="SHOULD")

    (kind,) = kinds([should, failure("run/task-id-0", "text", cure="c")])

    assert [verdict.level for verdict in kind] == ["MUST", "SHOULD"]


FAILING = RIGHT.replace(
    ": send(", ": send((('RemoteException', i, p['type'], p['message'], ''), None, None) if p['op'] == 'raise' else "
)
FAILS_OF_NONE = (
    "for m in requests():\n"
    "    i, p = m if m else (None, {})\n"
    "    m or send((('RemoteException', i, 'TypeError', 'None', ''), None, None))\n"
    "    m and "
)
CHILD_READS = (
    ECHO
    + "for i, p in requests():\n    subprocess.run(['cat'], stdout=subprocess.DEVNULL)\n"
    + "    send(((i, p.get('value')), None, None))"
)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print('loading', flush=True)\n" + RIGHT, "send prints to stderr"),
        (RIGHT.replace("write.flush()", "pass"), "cure:   flush standard output after each response"),
        (
            RIGHT.replace("(i, p.get", "(str(i), p.get"),
            "return the task id of the request with its response, unchanged",
        ),
        (RIGHT.replace(", None, None))", ", None))"), "cure:   write (first, out, err)"),
        (RIGHT.replace("p.get('value')", "p['value']"), "RemoteException (ERR-4)"),
        (
            RIGHT.replace("p.get('value')", "p.get('value', 'null')"),
            "gives RemoteException with its type and message (ERR-4)",
        ),
        (CHILD_READS, "start it with standard input from /dev/null"),
        (FAILING + "\nsys.exit(1)", "exit with status 0"),
        (FAILING + "\nwhile True: time.sleep(1)", "cure:   end the loop at the end of standard input"),
        (RIGHT.replace("while load(read) is not None:\n    pass\n", ""), "reads its preparation up to a None (OPS-8)"),
        (
            RIGHT.replace("while load(read) is not None:\n    pass\n", "").replace(
                "for i, p in requests(): ", FAILS_OF_NONE
            ),
            "it took a preparation item (the None that ends it?) for a request",
        ),
    ],
)
def test_first_screen_says_how_to_mend_a_worker(code: str, told: str) -> None:
    """Each common mistake: the first failure that is told has the cure."""
    selection = ["--case", "run/task-id-0", "--case", "err/type-*", "--case", "wire/answers-w*", "--case", "eof/*idle"]

    run = kit(*selection, "--", *python(code))

    first, _, _ = run.unfolded.partition("again:")
    assert told in first, run.out
