"""Reports for the tests of what is made of them: the lines that a run would have written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from hypothesis import strategies as st
from spreadjobs_conform.report_lines import FORMAT, lines_of
from spreadjobs_conform.report_read import Report, typed
from spreadjobs_conform.verdicts import Status, exit_of

Line: TypeAlias = dict[str, object]

HOSTILE: Final = (
    "</script><script>alert(1)</script></pre>\"'`|```` \x1b[2J\x00\r\n# \\ \ud800 ]]> <img src=x onerror=a()> &amp; "
    "\u202eé😀"
)
"""What a worker might write to break a report."""


def header(cases: int, **changes: object) -> Line:
    """The first line."""
    line: Line = {
        "kind": "header",
        "format": FORMAT,
        "spec": "1.0",
        "command": ["/usr/bin/python3", "/home/me/worker.py"],
        "class": "worker",
        "codec": "pickle",
        "dialect": "tagged",
        "pickle_protocol": 4,
        "selected": cases,
        "strict": False,
        "timeout_scale": 1.0,
        "baseline": [],
        "again": "spread-jobs-conform {} -- python3 worker.py",
        "started": "2030-01-02T03:04:05+00:00",
    }
    return {**line, **changes}


def case(case_id: str, status: Status = Status.PASS, **changes: object) -> Line:
    """The line of a case."""
    failed = status in (Status.FAIL, Status.KNOWN, Status.FLAKY)
    line: Line = {
        "kind": "case",
        "case": case_id,
        "requirements": ["RUN-5"],
        "level": "MUST",
        "family": case_id.partition("/")[0],
        "summary": "The smallest task id comes back.",
        "status": status.value,
        "scored": True,
        "reason": "" if status is Status.PASS else "5 came; 0 was due (RUN-5)",
        "violated": ["RUN-5"] if failed else [],
        "came": "5" if failed else "",
        "due": "0" if failed else "",
        "cure": "send the id of the request" if failed else "",
        "hang": "no response" if failed else "",
        "evidence": ["0000  80 04  PROTO 4"] if failed else [],
        "checks": 1,
        "took_s": 0.25,
        "stderr": ["a complaint"] if failed else [],
        "transcript": [
            {"at_s": 0.0, "actor": "kit", "what": "started process 7"},
            {
                "at_s": 0.1,
                "actor": "worker",
                "what": "((5, 0), None, None)",
                "size_bytes": 9,
                "offset": 20,
                "head": "\\x80\\x04",
            },
        ],
    }
    return {**line, **changes}


def hostile(case_id: str, status: Status = Status.FAIL) -> Line:
    """A case in which every text is the worker's."""
    words = {"reason": HOSTILE, "came": HOSTILE, "due": HOSTILE, "cure": HOSTILE, "hang": HOSTILE}
    lists = {"stderr": [HOSTILE], "evidence": [HOSTILE]}
    event = {"at_s": 0.0, "actor": "worker", "what": HOSTILE, "size_bytes": 9, "head": HOSTILE}
    return case(case_id, status, **words, **lists, transcript=[event])


def footer(cases: Sequence[Line], *, strict: bool = False, problems: Sequence[str] = (), complete: bool = True) -> Line:
    """The last line."""
    ended = [(str(line["status"]), str(line["level"])) for line in cases if line["scored"]]
    return {
        "kind": "footer",
        "complete": complete,
        "totals": {},
        "problems": list(problems),
        "exit_status": int(exit_of(ended, stale=bool(problems), strict=strict)),
        "took_s": 1.5,
    }


def whole(*cases: Line, problems: Sequence[str] = (), **changes: object) -> list[Line]:
    """The lines of a run that came to its end."""
    strict = bool(changes.get("strict"))
    return [
        header(len(cases), **{"baseline": tolerated(cases), **changes}),
        *cases,
        footer(cases, strict=strict, problems=problems),
    ]


def tolerated(cases: Sequence[Line]) -> list[Line]:
    """The entries of a baseline that makes these cases known or flaky."""
    return [
        {"case": line["case"], "kind": line["status"], "fails_with": "", "reason": "its author knows", "review": None}
        | ({"fails_with": str(line["reason"])[:9]} if line["status"] == "known" else {})
        for line in cases
        if line["status"] in ("known", "flaky")
    ]


def texts(lines: Sequence[Mapping[str, object]]) -> list[str]:
    """The lines as a file has them."""
    return [json.dumps(line) for line in lines]


def report(lines: Sequence[Mapping[str, object]]) -> Report:
    """The typed values of lines."""
    return typed(lines_of(texts(lines), Path("r.jsonl")))


def written(path: Path, lines: Sequence[Mapping[str, object]]) -> str:
    """Writes lines as a report; its name."""
    path.write_text("".join(text + "\n" for text in texts(lines)), encoding="utf-8")
    return str(path)


@st.composite
def any_report(draw: st.DrawFn) -> Report:
    """Whatever may become of a run."""
    ends = st.tuples(st.sampled_from(Status), st.sampled_from(["MUST", "SHOULD"]), st.booleans())
    cases = [
        case(f"run/{number}", status, level=level, scored=scored)
        for number, (status, level, scored) in enumerate(draw(st.lists(ends, max_size=5)))
    ]
    strict, complete = draw(st.booleans()), draw(st.booleans())
    problems = draw(st.sampled_from([[], ["baseline: run/9 passed; remove the entry"]]))
    selected = len(cases) + draw(st.sampled_from([0, 0, 1]))
    lines = [header(selected, strict=strict, baseline=tolerated(cases)), *cases]
    lines += draw(st.sampled_from([[footer(cases, strict=strict, problems=problems, complete=complete)], []]))
    return report(lines)
