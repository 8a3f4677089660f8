"""
JUnit XML for CI.

It is what both common schemas allow: Ant's, which wants a fixed order and every attribute, and that of Jenkins's xUnit
plugin. A reader of it goes red exactly if the run failed: what the exit status does not count is skipped, with the
reason, and what made the run fail beside its cases is a test case of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from spreadjobs_conform.report_escape import xml, xml_attribute
from spreadjobs_conform.report_read import CaseRecord, Report
from spreadjobs_conform.requirements import Requirement
from spreadjobs_conform.verdicts import Status

SUITE = "spread-jobs-conform"


def junit(reports: Sequence[Report], requirements: Mapping[str, Requirement]) -> str:
    """
    The text of a JUnit file: a suite a report.

    Args:
        reports: With unique names.
        requirements: All there are, by id.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for index, report in enumerate(reports):
        prefix = f"{SUITE}.{report.name.replace('.', '_')}" if len(reports) > 1 else SUITE
        lines += _suite(report, index, prefix, requirements)
    return "\n".join([*lines, "</testsuites>", ""])


def _suite(report: Report, index: int, prefix: str, requirements: Mapping[str, Requirement]) -> Iterator[str]:
    endings = [_ending(report, case, requirements) for case in report.cases]
    kinds = [ending.partition(" ")[0] for ending in endings]
    broken = [f'<failure message="{xml_attribute(text)}" type="run">{xml(text)}</failure>' for text in report.problems]
    attributes = {
        "name": report.name,
        "timestamp": datetime.fromisoformat(report.header.started).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": "localhost",
        "tests": str(len(endings) + len(broken)),
        "failures": str(kinds.count("<failure") + len(broken)),
        "errors": str(kinds.count("<error")),
        "skipped": str(kinds.count("<skipped")),
        "time": f"{report.took_s:.3f}",
        "package": prefix,
        "id": str(index),
    }
    yield f"<testsuite {_attributes(attributes)}>"
    yield "<properties>"
    for key, value in _properties(report).items():
        yield f"<property {_attributes({'name': key, 'value': value})}/>"
    yield "</properties>"
    for case, ending in zip(report.cases, endings, strict=True):
        tag = _attributes({"name": case.case, "classname": f"{prefix}.{case.family}", "time": f"{case.took_s:.3f}"})
        yield f"<testcase {tag}>{ending}</testcase>" if ending else f"<testcase {tag}/>"
    for number, ending in enumerate(broken, 1):
        tag = _attributes({"name": f"the run itself, {number}", "classname": f"{prefix}.run-itself", "time": "0.000"})
        yield f"<testcase {tag}>{ending}</testcase>"
    yield f"<system-out>{xml(report.verdict())}</system-out>"
    yield "<system-err></system-err>"
    yield "</testsuite>"


def _ending(report: Report, case: CaseRecord, requirements: Mapping[str, Requirement]) -> str:
    match case.status:
        case Status.PASS:
            return ""
        case Status.FAIL | Status.HARNESS_ERROR if not report.counts(case):
            return _skipped(f"{report.excuse(case)}: {case.reason}")
        case Status.HARNESS_ERROR:
            text = xml(case.in_full(requirements, report.again(case)))
            return f'<error message="{xml_attribute(case.reason)}" type="harness-error">{text}</error>'
        case Status.FAIL:
            kind = xml_attribute(", ".join(case.violated) or case.level)
            text = xml(case.in_full(requirements, report.again(case)))
            return f'<failure message="{xml_attribute(case.reason)}" type="{kind}">{text}</failure>'
        case Status.KNOWN | Status.FLAKY | Status.NOT_APPLICABLE | Status.NOT_TESTABLE:
            return _skipped(f"{case.status.value}: {case.reason}")


def _skipped(reason: str) -> str:
    return f'<skipped message="{xml_attribute(reason)}"/>'


def _properties(report: Report) -> dict[str, str]:
    header = report.header
    # Of a worker, the codec and the dialect say what it is; a master is told apart by its class.
    is_master = header.worker_class == "master"
    return {
        "spec": header.spec,
        "command": " ".join(header.command),
        "codec": header.codec,
        "dialect": header.dialect,
        "pickle_protocol": str(header.pickle_protocol),
        "exit_status": str(int(report.exit)),
        **({"class": header.worker_class} if is_master else {}),
    }


def _attributes(values: Mapping[str, str]) -> str:
    return " ".join(f'{key}="{xml_attribute(value)}"' for key, value in values.items())
