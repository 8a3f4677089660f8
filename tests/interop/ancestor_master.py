# -*- coding: utf-8 -*-
"""
The published master, gmisclib.spread_jobs.main(), drives the reference worker for Python 2.7 in the untagged dialect.

    python2.7 ancestor_master.py FOLDER...

FOLDER...: where gmisclib, and what it imports, can be imported from. Prints what was checked; the exit status is 1 if
anything differs. The published master hangs for ever where it is given what it does not expect: a signal ends that.
"""

from __future__ import print_function

import os
import signal
import StringIO
import sys
import tempfile

FOLDERS = [os.path.abspath(folder) for folder in sys.argv[1:]]
if not FOLDERS:
    sys.exit(__doc__)
sys.path[:0] = FOLDERS
os.environ["PYTHONPATH"] = os.pathsep.join(FOLDERS)  # for the worker

from gmisclib import spread_jobs

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORKER = [sys.executable, os.path.join(ROOT, "workers", "python2", "worker.py"), "--dialect", "untagged"]
LIMIT_S = 120

DIFFERENCES = []


def spread(todo, workers=1, stdin=(None,)):
    """Give what main() returned, and what it printed on standard output and on standard error."""
    stdout, sys.stdout, stderr = sys.stdout, StringIO.StringIO(), os.dup(2)
    err = tempfile.TemporaryFile()
    os.dup2(err.fileno(), 2)  # for the workers too
    try:
        results = spread_jobs.main(todo, [WORKER] * workers, stdin=list(stdin))
        out = sys.stdout.getvalue()
    finally:
        sys.stdout = stdout
        os.dup2(stderr, 2)
        os.close(stderr)
    err.seek(0)
    return results, out, err.read()


def check(what, came, due):
    """Compare values and their types."""
    same = repr(came) == repr(due)
    print("%s %s" % ("same    " if same else "DIFFERS ", what))
    if not same:
        DIFFERENCES.append(what)
        print("  came: %r\n  due:  %r" % (came, due))


def echo(value):
    return {"op": "echo", "value": value}


def answers():
    results, _, _ = spread([echo(number) for number in range(300)], workers=3)
    check("300 answers of 3 workers, in the order of the tasks", results, list(range(300)))
    values = [None, True, 7, 7 * 2**80, -1.5, 1j, "", "caf\xc3\xa9 \xff\0\n", u"caf\xe9 \U0001f600", (1, [2, ()])]
    values += [{"a": u"b", 1: None}, set([1]), frozenset(["x"]), bytearray(b"\xff"), ["TooBusy", 1, 0.5]]
    for value in values:
        check("the answer %r" % (value,), spread([echo(value)])[0], [value])
    check("a bare text as a task", spread(["three short words"])[0], [3])


def preparation():
    results, _, _ = spread([{"op": "prepared"}] * 4, workers=2, stdin=["a", ("b", 0), {}, None])
    check("preparation items, of 2 workers", results, [["a", ("b", 0), {}]] * 4)


def refusal():
    results, _, err = spread([{"op": "busy", "key": "k", "delay_s": 0.01, "times": 2}, echo(1)])
    check("a task that is refused twice, and another one", results, ["done", 1])
    check("the master's lines about refusals", err.count("TooBusy: sleeping "), 2)


def failure():
    results, _, err = spread([echo(0), {"op": "raise", "type": "Boom", "message": u"caf\xe9"}, echo(2)])
    check("a RemoteException among the answers", isinstance(results[1], spread_jobs.RemoteException), True)
    check("its type's name and message", results[1].args[:2], ("Boom", "caf\xc3\xa9"))
    check("its traceback", results[1].args[2].startswith("Traceback (most recent call last):\n"), True)
    check("its index and comment", (results[1].index, results[1].comment), ("index=1", "so= # se="))
    check("what comes before and after it", results[::2], [0, spread_jobs.notComputed])
    check("the master's line about it", err.count("Exception from remote job (index=1): ('Boom', 'caf"), 1)
    try:
        raised = results[1].raise_me()
    except spread_jobs.RemoteException as error:
        raised = error.args[:2]
    check("what its raise_me() raises", raised, ("Boom", "caf\xc3\xa9"))
    for payload in (7, None, {"op": "no such op"}):
        results, _, _ = spread([payload])
        check("a failure for %r" % (payload,), isinstance(results[0], spread_jobs.RemoteException), True)


def prints():
    lines = {"op": "print", "out": ["one\n", u"caf\xe9\n"], "err": ["caf\xe9 \xff\n"]}
    results, out, err = spread([echo(0), lines])
    check("the answer of a task that prints", results, [0, None])
    check("its lines on standard output", out, "#slot so1 ------\none\ncaf\xc3\xa9\n")
    check("its lines on standard error", err, "#slot se1 ------\ncaf\xe9 \xff\n")


def end():
    try:
        left = os.waitpid(-1, os.WNOHANG)
    except OSError as error:
        left = error.strerror
    check("workers that are left", left, "No child processes")


signal.alarm(LIMIT_S)
for checks in (answers, preparation, refusal, failure, prints, end):
    checks()
sys.exit(1 if DIFFERENCES else 0)
