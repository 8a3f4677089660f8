"""What ``run``, ``bytes`` and ``fuzz`` have in common: the options that say what a worker speaks."""

from __future__ import annotations

import argparse
from typing import Final

from spreadjobs_conform.candidate import Candidate
from spreadjobs_conform.findings import UsageFault
from spreadjobs_conform.manifest import Manifest
from spreadjobs_conform.pickle_machine import HIGHEST_PROTOCOL
from spreadjobs_conform.wire_json import write_json

DEFAULT_PROTOCOL: Final = 4


def add_language(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say what a worker speaks."""
    add = parser.add_argument
    add("--codec", choices=("pickle", "json"), help="what the worker speaks; default pickle")
    add("--dialect", choices=("tagged", "untagged"), help="default tagged")
    add("--pickle-protocol", type=protocol_of, metavar="N", help="that the master writes, 0 to 5; default 4")


def protocol_of(text: str) -> int:
    """A pickle protocol."""
    if text not in [str(number) for number in range(HIGHEST_PROTOCOL + 1)]:
        raise argparse.ArgumentTypeError(f"{text!r} is no pickle protocol; they go from 0 to {HIGHEST_PROTOCOL}")
    return int(text)


def candidate_of(given: argparse.Namespace, manifest: Manifest, command: tuple[str, ...]) -> Candidate:
    """
    The program under test.

    Args:
        given: What a parser with the options of ``add_language`` and a ``worker_class`` read.
        manifest: What is declared; the options win.
        command: The worker's; empty if the manifest has it.

    Raises:
        UsageFault: There is no command, or the declarations make no sense.
    """
    chosen = command or manifest.command
    if not chosen:
        raise UsageFault("no worker is given: put its command behind --, or into the manifest")
    codec: str = given.codec or manifest.codec or "pickle"
    dialect: str = given.dialect or manifest.dialect or "tagged"
    if codec == "json" and dialect == "untagged":
        raise UsageFault("the untagged dialect goes with the codec pickle alone (UNT-1)")
    if codec == "json":
        _check_travels(manifest)
    protocol: int | None = given.pickle_protocol if given.pickle_protocol is not None else manifest.pickle_protocol
    return Candidate(
        command=chosen,
        worker_class=given.worker_class,
        codec=codec,
        tagged=dialect == "tagged",
        pickle_protocol=DEFAULT_PROTOCOL if protocol is None else protocol,
        protocol_given=protocol is not None,
        preparation=manifest.preparation,
        preparation_counted=manifest.preparation_ends == "count",
        samples=manifest.samples,
        failing=manifest.failing,
        serves_ops=manifest.conformance_payloads,
        lacks=manifest.lacks,
    )


def _check_travels(manifest: Manifest) -> None:
    """
    Makes sure that JSON can carry what the manifest has the kit send.

    Raises:
        UsageFault: It cannot; the text names the key.
    """
    sent = [("preparation", item) for item in manifest.preparation]
    sent += [(f"task[{index}].payload", sample.payload) for index, sample in enumerate(manifest.samples)]
    if manifest.failing is not None:
        sent.append(("raises.payload", manifest.failing.payload))
    for key, value in sent:
        try:
            write_json(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageFault(f"manifest: {key!r} holds what JSON cannot carry: {error}") from error
