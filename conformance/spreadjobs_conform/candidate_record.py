"""The program under test as a report has it, with all that verdicts depend on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from spreadjobs_conform.candidate import Candidate, FailingSample, Ops, Sample
from spreadjobs_conform.findings import DoesNotFit, Finding
from spreadjobs_conform.pickle_machine import HIGHEST_PROTOCOL
from spreadjobs_conform.wire_pickle import PickleReader, write_pickle


def declared(candidate: Candidate) -> dict[str, object]:
    """What the command line and the manifest say of it, for the header."""
    failing = candidate.failing
    values = (
        candidate.preparation,
        [(sample.payload, sample.due, sample.known) for sample in candidate.samples],
        None if failing is None else (failing.payload, failing.type_name, failing.message),
    )
    return {
        "command": list(candidate.command),
        "class": candidate.worker_class,
        "codec": candidate.codec,
        "dialect": "tagged" if candidate.tagged else "untagged",
        "pickle_protocol": candidate.pickle_protocol,
        "protocol_given": candidate.protocol_given,
        "preparation_counted": candidate.preparation_counted,
        "lacks": sorted(candidate.lacks),
        # JSON cannot carry every payload.
        "samples": base64.b64encode(write_pickle(values, HIGHEST_PROTOCOL)).decode("ascii"),
    }


def calibrated(candidate: Candidate) -> dict[str, object]:
    """What the first conversation showed of it."""
    return {
        "ops": candidate.ops.value,
        "ops_note": candidate.ops_note,
        "any_payload_fails": candidate.any_payload_fails,
    }


def candidate_of(header: Mapping[str, object], calibration: Mapping[str, object]) -> Candidate:
    """
    The program under test, out of a report.

    Args:
        header: What ``declared`` gave.
        calibration: What ``calibrated`` gave.

    Raises:
        DoesNotFit: They say nothing of the kind.
    """
    try:
        preparation, samples, failing = _unpickled(header["samples"])
        return Candidate(
            command=tuple(str(word) for word in _list(header["command"])),
            worker_class=str(header["class"]),
            codec=str(header["codec"]),
            tagged=header["dialect"] == "tagged",
            pickle_protocol=_integer(header["pickle_protocol"]),
            protocol_given=bool(header["protocol_given"]),
            preparation=preparation,
            preparation_counted=bool(header["preparation_counted"]),
            samples=samples,
            failing=failing,
            lacks=frozenset(str(word) for word in _list(header["lacks"])),
            ops=Ops(calibration["ops"]),
            ops_note=str(calibration["ops_note"]),
            any_payload_fails=bool(calibration["any_payload_fails"]),
        )
    except (KeyError, ValueError, TypeError, Finding, binascii.Error) as error:
        raise DoesNotFit(f"the report does not say what was tested: {error!r}") from error


def _list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    raise TypeError(f"{value!r} came, an array is due")


def _integer(value: object) -> int:
    if isinstance(value, int):
        return value
    raise TypeError(f"{value!r} came, an integer is due")


def _unpickled(text: object) -> tuple[tuple[object, ...], tuple[Sample, ...], FailingSample | None]:
    reader = PickleReader()
    reader.feed(base64.b64decode(str(text), validate=True))
    message = reader.next()
    match message.value if message is not None else None:
        case (tuple() as preparation, list() as samples, failing):
            return preparation, tuple(_sample(each) for each in samples), _failing(failing)
        case _:
            raise ValueError("no samples of a manifest")


def _sample(value: object) -> Sample:
    match value:
        case (payload, due, bool(known)):
            return Sample(payload, due, known)
        case _:
            raise ValueError(f"{value!r} is no sample")


def _failing(value: object) -> FailingSample | None:
    match value:
        case None:
            return None
        case (payload, (str() | None) as type_name, (str() | None) as message):
            return FailingSample(payload, type_name, message)
        case _:
            raise ValueError(f"{value!r} is no sample that fails")
