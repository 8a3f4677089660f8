"""Cases: how a master starts its workers, and what it connects them to."""

from __future__ import annotations

import re
from typing import Final

from spreadjobs_conform.masters.account import Failed
from spreadjobs_conform.masters.actor import Actor
from spreadjobs_conform.masters.job import Job
from spreadjobs_conform.masters.marks import PathArgument
from spreadjobs_conform.masters.play import Play, echo
from spreadjobs_conform.masters.registry import master_case
from spreadjobs_conform.masters.staging import SOON_S, first_at

MEBIBYTE: Final = 1 << 20
SMALL: Final = 150
FLOOD: Final = b"a line on standard error, which nobody has to read\n" * (MEBIBYTE // 50)
PIPES: Final = "make them by pipe(); where a language makes sockets (Node), start workers by a small program that does"
NAME: Final = re.compile(r"[1-9][0-9]*\.[1-9][0-9]*")


@master_case("master-exec/no-shell", "EXEC-1", checks=1)
def no_shell(play: Play) -> None:
    """The arguments of a worker reach it one by one, with no shell to expand or split them."""
    arguments = ["$HOME", "*", "two words", "'\"`\\", ";exit 3", "", "line\nend", "~", "%d", "-"]
    play.run(Job(tasks=[1], arguments=arguments), echo)
    came = [argument.decode("utf-8", "backslashreplace") for argument in play.first.hello.arguments]
    cure = "execute the list of arguments itself (execvp and its like), not a command line made of it"
    play.check("EXEC-1", came == arguments, f"the arguments {came}", f"{arguments}", cure)


@master_case("master-exec/arguments", "EXEC-9", checks=1)
def arguments_unchanged(play: Play) -> None:
    """Text, bytes and paths arrive as their bytes, numbers in their usual text form."""
    arguments = ["\u00e4\u20ac\U0001f600", b"\xff\xferaw", PathArgument(b"/tmp/a\xffpath"), 0.5, 7]
    play.run(Job(tasks=[1], arguments=arguments), echo)
    due = ("\u00e4\u20ac\U0001f600".encode(), b"\xff\xferaw", b"/tmp/a\xffpath", b"0.5", b"7")
    came = play.first.hello.arguments
    play.check("EXEC-9", came == due, f"the arguments {came}", f"{due}")


@master_case("master-exec/pipes", "EXEC-2", checks=9)
def pipes(play: Play) -> None:
    """Standard input and output of each worker are two pipes, and no other worker holds an end of them."""
    workers = 3

    def role(actor: Actor) -> None:
        request = actor.request()
        play.wait(lambda: len(play.actors) >= workers, 10, "not all workers were started", "three at a time")
        if request is not None:
            actor.answer(request, request.payload)
        if actor.slot == 0 and actor.incarnation == 1:
            actor.exit(3)  # Its replacement is started while the others live.
        echo(actor)

    tasks = list(range(8))
    play.run(Job(tasks=tasks, workers=workers), role)
    play.check_answers(tasks)
    for actor in play.actors:
        held = actor.hello.descriptors
        kinds = [held[number][0] if number in held else "closed" for number in (0, 1)]
        came = f"standard input and output of {actor.name} are: {', '.join(kinds)}"
        play.check("EXEC-2", kinds == ["pipe", "pipe"], came, "two pipes", PIPES)
        play.check("EXEC-2", held[0] != held[1], f"both of {actor.name} are one pipe", "two pipes")
        for other in play.actors:
            theirs = {other.hello.descriptors[number] for number in (0, 1)}
            beside = other.gone_s is None or other.gone_s > actor.started_s  # Else the number may have been given anew.
            shared = [number for number, what in held.items() if what in theirs and other is not actor and beside]
            came = f"worker {actor.name} was started with ends of the pipes of {other.name}, as descriptors {shared}"
            cure = (
                "have the master's ends closed at exec (O_CLOEXEC), and the worker's ends in the master after the start"
            )
            play.check("EXEC-2", not shared, came, "pipes that nobody else holds", cure)


@master_case("master-exec/session", "EXEC-11", checks=2)
def session(play: Play) -> None:
    """Each worker leads a session and a process group of its own."""
    play.run(Job(tasks=[1, 2], workers=2), echo)
    for actor in play.actors:
        hello = actor.hello
        came = f"worker {actor.name} (process {hello.pid}) is in session {hello.session} and group {hello.group}"
        play.check("EXEC-11", hello.pid == hello.session == hello.group, came, "its own: setsid() before exec")
    play.check_count("EXEC-11")


@master_case("master-exec/hints", "EXEC-10", "ERR-5", checks=1)
def hints(play: Play) -> None:
    """Where the hints are set, they are the version, the codec, and the name by which the master calls the worker."""

    def role(actor: Actor) -> None:
        if actor.incarnation == 1:
            actor.exit(3)
        while (request := actor.request()) is not None:
            actor.fail(request, "ValueError", "bad")
        actor.exit(0)

    account = play.run(Job(tasks=[1], workers=1), role)
    for actor in play.actors:
        given = dict(actor.hello.hints)
        name = given.pop("SPREAD_JOBS_WORKER", actor.name)
        version = given.pop("SPREAD_JOBS_PROTOCOL", "1.0")
        codec = given.pop("SPREAD_JOBS_CODEC", play.codec)
        play.check("EXEC-10", version == "1.0", f"SPREAD_JOBS_PROTOCOL={version}", "1.0")
        play.check("EXEC-10", codec == play.codec, f"SPREAD_JOBS_CODEC={codec}", play.codec)
        came = f"SPREAD_JOBS_WORKER={name} for process {actor.incarnation} of the first slot"
        play.check("EXEC-10", name == actor.name and bool(NAME.fullmatch(name)), came, actor.name)
    fate = play.fate(0)
    last = play.actors[-1].hello.hints.get("SPREAD_JOBS_WORKER")
    if isinstance(fate, Failed) and last is not None:
        play.check("EXEC-10", fate.worker == last, f"the master calls {last} {fate.worker}", "one name for one worker")
    play.check("EXEC-10", len(account.fates) == 1, f"{len(account.fates)} outcomes", "one")


@master_case("master-exec/standard-error-is-text", "EXEC-7", checks=3)
def standard_error_is_text(play: Play) -> None:
    """What a worker writes to standard error is no message, though it looks like an answer."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            actor.write_error(actor.encoded(((request.task_id, "from standard error"), None, None)))
            actor.rest(0.1)
            actor.answer(request, request.payload)
        actor.exit(0)

    play.run(Job(tasks=["a", "b"]), role)
    play.check_answers(["a", "b"])


@master_case("master-exec/standard-error-is-read", "EXEC-7", checks=3)
def standard_error_is_read(play: Play) -> None:
    """A mebibyte on standard error, in the preparation and within a task, keeps no worker waiting."""

    def role(actor: Actor) -> None:
        actor.write_error(FLOOD)
        while (request := actor.request()) is not None:
            actor.write_error(FLOOD)
            actor.answer(request, request.payload)
        actor.exit(0)

    play.run(Job(tasks=["a", "b"], workers=1), role)
    play.check_answers(["a", "b"])


@master_case("master-exec/reads-while-it-writes", "EXEC-8", checks=5)
def reads_while_it_writes(play: Play) -> None:
    """A worker that writes three mebibytes before it reads the rest of what it was sent blocks nothing."""
    payload, answer = "p" * (3 * MEBIBYTE), "a" * (3 * MEBIBYTE)
    small: list[object] = ["small"] * SMALL  # A master that sends ahead does so once it has seen short tasks.

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == "small":
                actor.answer(request, "small")
                continue
            actor.stop_reading()
            actor.rest(0.1)  # Meanwhile the master may begin with further requests, which nobody reads.
            actor.answer(request, answer)
            actor.read_on()
        actor.exit(0)

    play.run(Job(tasks=[*small, *[payload] * 4]), role)
    play.check_answers([*small, *[answer] * 4])


@master_case("master-exec/reads-in-preparation", "EXEC-8", "VIO-1", checks=4)
def reads_in_preparation(play: Play) -> None:
    """A worker that reads no preparation but writes a stray line is ended, and its tasks go elsewhere."""
    item = "i" * (8 * MEBIBYTE)

    begun: list[str] = []

    def stubborn(actor: Actor) -> None:
        begun.append(actor.name)
        actor.write(b"loading the model\n")
        if not actor.ended_within(5):
            came = f"{actor.name} read no preparation and wrote a line; 5 s later the master had not ended it"
            play.spoil(came, "the end of that worker: the master reads while it writes")

    def right(actor: Actor) -> None:
        actor.read_on()
        actor.prepare(2)
        play.wait(lambda: bool(begun), 10, "the first of two workers was not started", "a worker for each slot")
        echo(actor)

    job = Job(tasks=[1, 2], workers=2, preparation=[item, None], reads=False, shutdown_timeout_s=SOON_S)
    play.run(job, first_at(0, stubborn, right))
    play.check_answers([1, 2])
    play.check("EXEC-8", bool(begun), "the first of two workers was not started", "a worker for each slot")


@master_case("master-exec/standard-error-is-passed-on", "EXEC-12", checks=3)
def standard_error_is_passed_on(play: Play) -> None:
    """Lines of standard error reach the user with the worker's name, and the last ones stand in the error report."""

    def role(actor: Actor) -> None:
        while (request := actor.request()) is not None:
            if request.payload == "x":
                actor.write_error(f"note of {actor.name}: the disk is full\n".encode())
                actor.rest(0.1)
                actor.exit(3)
            actor.answer(request, request.payload)

    account = play.run(Job(tasks=["a", "x"], workers=1, max_attempts=2), role)
    first = play.first
    lines = [line for line in play.screen.splitlines() if f"note of {first.name}" in line]
    play.check("EXEC-12", bool(lines), f"the screen has no such line: {play.screen[-300:]!r}", "the line, passed on")
    bare = [line.partition("note of")[0] for line in lines]
    named = any(first.name in head for head in bare)
    play.check("EXEC-12", named, f"the line came as {lines[0]!r}", f"the worker's name before it: {first.name}")
    report = f"{account.error or ''} {play.fate(1)}"
    play.check("EXEC-12", "the disk is full" in report, f"the report: {report}", "its last lines of standard error")
