"""What `list` and `explain` show."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence

from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.registry import CaseFacts
from spreadjobs_conform.requirements import Requirement


def list_json(cases: Sequence[CaseFacts], requirements: Mapping[str, Requirement], required: frozenset[str]) -> str:
    """All cases, for machines; ``required`` are those that score."""
    records = [
        {
            "case": case.id,
            "requirements": list(case.requirements),
            "level": case.level(requirements),
            "family": case.family,
            "scored": case.id in required,
            "applies": {
                "class": case.worker_class,
                "codecs": list(case.codecs),
                "dialects": list(case.dialects),
                "needs": sorted(case.needs),
            },
            "summary": case.summary,
        }
        for case in cases
    ]
    return json.dumps(records, indent=1)


def list_text(cases: Sequence[CaseFacts], requirements: Mapping[str, Requirement], required: frozenset[str]) -> str:
    """All cases, a line each; ``required`` are those that score."""
    width = max(len(case.id) for case in cases)
    lines = [
        f"{case.id:<{width}}  {case.level(requirements):<6}  {' '.join(case.requirements)}"
        + ("" if case.id in required else "  (not scored)")
        for case in cases
    ]
    return "\n".join([*lines, f"{len(cases)} cases"])


def explain(subject: str, cases: Sequence[CaseFacts], requirements: Mapping[str, Requirement]) -> str:
    """
    What a requirement says and which cases test it, or what a case does.

    Raises:
        UsageFault: There is no such requirement and no such case.
    """
    for case in cases:
        if case.id == subject:
            return _case(case, requirements)
    requirement = requirements.get(subject.upper())
    if requirement is not None:
        return _requirement(requirement, cases)
    near = difflib.get_close_matches(subject, [*(case.id for case in cases), *requirements], n=3, cutoff=0.5)
    hint = f"; near it are {', '.join(near)}" if near else "; `list` shows all cases"
    raise UsageFault(f"there is no requirement and no case {subject!r}{hint}")


def _case(case: CaseFacts, requirements: Mapping[str, Requirement]) -> str:
    applies = [f"class {case.worker_class}"]
    if case.worker_class == "worker":
        applies += [f"codecs {', '.join(case.codecs)}", f"dialects {', '.join(case.dialects)}"]
    elif case.worker_class == "master":
        applies.append(f"codecs {', '.join(case.codecs)}")
    lines = [case.id, f"  {case.summary}", f"  applies to: {'; '.join(applies)}"]
    if case.needs:
        lines.append(f"  needs: {', '.join(sorted(case.needs))}")
    return "\n".join([*lines, *(f"  {_sentence(requirements[name])}" for name in case.requirements)])


def _sentence(requirement: Requirement) -> str:
    return f"{requirement.id} ({requirement.level}, {requirement.party}): {requirement.text}"


def _requirement(requirement: Requirement, cases: Sequence[CaseFacts]) -> str:
    lines = [_sentence(requirement)]
    if requirement.applies:
        lines.append(f"  applies to: {requirement.applies}")
    found = [case for case in cases if requirement.id in case.requirements]
    lines += [f"  {case.id}: {case.summary}" for case in found]
    if not found:
        untested = requirement.party == "master" and requirement.level != "MAY"
        why = requirement.untestable or ("none tests it yet" if untested else "it is checked wherever it matters")
        lines.append(f"  no case of its own: {why}")
    return "\n".join(lines)
