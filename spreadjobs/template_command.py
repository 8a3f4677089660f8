"""The command line of ``spread-jobs template``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from spreadjobs.template import NoTemplate, next_steps, template, templates, write_template

if TYPE_CHECKING:
    # The class has no public name.
    from argparse import _SubParsersAction


def add_options(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of ``spread-jobs``."""
    parser = commands.add_parser(
        "template",
        help="write a worker to start from, in one of a dozen languages, with its manifest",
        usage="spread-jobs template LANGUAGE [FILE] | spread-jobs template --list",
    )
    parser.add_argument("language", nargs="?", metavar="LANGUAGE", help="such as perl")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the worker's; without it worker.SUFFIX")
    parser.add_argument("--list", action="store_true", help="show the templates, and what each needs")


def run(options: argparse.Namespace, stdout: TextIO) -> None:
    """
    Do what the command line says.

    Args:
        options: As ``add_options`` had them read.
        stdout: For the list, or for what comes next.

    Raises:
        NoTemplate: There is none of that name, or a file is there already.
    """
    if options.list:
        stdout.writelines(f"{each.name:<11} {each.needs}\n" for each in templates())
        return
    if options.language is None:
        raise NoTemplate("a language is due, such as: spread-jobs template perl my_worker.pl; --list shows them all")
    chosen = template(options.language)
    path: Path = options.file if options.file is not None else Path(chosen.file)
    written = write_template(chosen, path)
    packages = f"; on Debian: apt-get install {' '.join(chosen.debian)}" if chosen.debian else ""
    stdout.write(f"wrote {', '.join(map(str, written))}\nit needs {chosen.needs}{packages}\n\nnext:\n")
    stdout.writelines(f"  {step}\n" for step in next_steps(chosen, path))
    stdout.write(f"\nthen put your own task into {path}, at its end, and run the two again\n")
