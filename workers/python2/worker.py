"""A worker in one file, for Python 2.7, with nothing to install: copy it and replace its last part.

    python2.7 worker.py [--dialect untagged]                          comments cite spec/1.0
    spread-jobs-conform --pickle-protocol 2 -- python2.7 worker.py    proves a copy
"""
import _codecs
import cPickle
import fcntl
import os
import sys
import time
import traceback
from StringIO import StringIO

# ---- the wire: leave this part as it is ----------------------------------------------------------
if __name__ == "__main__":
    # WIRE-4: before all else, hide the pipes from prints, libraries and child processes.
    REQUESTS, ANSWERS = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", 0)
    for pipe in REQUESTS, ANSWERS:
        fcntl.fcntl(pipe, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)


class Bytes(str):  # as the master has them; a plain str is text to it, in UTF-8 (DATA-1, PKL-11)
    def __reduce__(self):
        return _codecs.encode, (self.decode("latin-1"), "latin1")


class TooBusy(Exception):
    """Raise it in task() to refuse the task for now, and be left alone for so long (BUSY-1)."""
    def __init__(self, delay):
        Exception.__init__(self, delay)
        self.delay = float(delay)
        if not 0 <= self.delay < float("inf"):
            raise ValueError("TooBusy(%r): a finite number of seconds, 0 or more, is due" % delay)


class RemoteException(Exception):
    """What the untagged dialect sends about an exception: type name, message, traceback (UNT-5)."""


class Printed(StringIO):  # what a task prints, as str; closing it does no harm
    def write(self, part):
        StringIO.write(self, as_str(part))
    close = StringIO.flush


def as_str(value):  # unicode as UTF-8 (PKL-11); an exception's own code may fail to make a text
    for make in str, lambda value: unicode(value).encode("utf-8"):
        try:
            return make(value)[:]  # a slice is a plain str, whatever class this was
        except Exception:
            continue
    return "<no text>"


def find_global(module, name):  # these two make the master's bytes, to be kept apart from its text
    if (module, name) in (("_codecs", "encode"), ("__builtin__", "bytes")):
        return lambda *args: Bytes(_codecs.encode(*args) if args else "")
    return getattr(__import__(module, fromlist=[name]), name)


def messages():  # one after another until standard input ends, be it inside of one (SHUT-2, SHUT-6)
    while True:
        unpickler = cPickle.Unpickler(REQUESTS)  # fresh: PKL-8; it takes no byte too many: WIRE-7
        unpickler.find_global = find_global
        try:
            yield unpickler.load()
        except EOFError:
            return


def respond(task_id, payload, legacy):
    """Do one task and encode all of its response (RUN-4). legacy: the module of UNT-5's classes."""
    def encode(first):
        out.seek(0), err.seek(0)
        return cPickle.dumps((first, out.readlines(), err.readlines()), 2)

    streams, (out, err) = (sys.stdout, sys.stderr), (Printed(), Printed())
    try:
        sys.stdout, sys.stderr = out, err
        return encode(task(payload) if legacy else (task_id, task(payload)))  # UNT-4, RUN-5
    except TooBusy as busy:
        return encode(legacy.TooBusy(busy.delay) if legacy else ("TooBusy", task_id, busy.delay))
    except (SystemExit, KeyboardInterrupt):
        raise
    except:  # ERR-4: whatever task() or encode() raised, in Python 2 a class of any sort
        trace = "".join(map(as_str, traceback.format_exception(*sys.exc_info())))
        texts = sys.exc_info()[0].__name__, as_str(sys.exc_info()[1]), trace
        failure = legacy and legacy.RemoteException(*texts)
        return encode(failure or ("RemoteException", task_id) + texts)  # UNT-5, ERR-1
    finally:
        sys.stdout, sys.stderr = streams


def main():
    """Answer every request, in order, until there are no more; then exit with status 0 (SHUT-5)."""
    legacy, stream = None, messages()
    if sys.argv[1:] == ["--dialect", "untagged"]:
        try:  # the master of gmisclib knows its own classes alone (INST-1), and no newlines (PKL-5)
            from gmisclib import spread_jobs as legacy
        except ImportError:
            legacy = sys.modules[__name__]
    elif sys.argv[1:] not in ([], ["--dialect", "tagged"]):
        sys.exit(__doc__)
    prepare(stream)
    for message in stream:
        task_id, payload = (None, message) if legacy else message
        try:
            ANSWERS.write(respond(task_id, payload, legacy) + ("" if legacy else "\n"))
        except IOError as error:
            sys.exit("worker.py: the master does not read: %s" % error)


# ---- conformance payloads (spec 1.0, section 14): delete when you are done testing ---------------
PREPARED, REFUSED = [], {}


def conformance(payload):
    if payload["op"] == "raise":
        raise type("", (type,), {"__name__": as_str(payload["type"])})("", (Exception,), {})(payload["message"])
    if payload["op"] == "busy":
        REFUSED[payload["key"]] = REFUSED.get(payload["key"], 0) + 1
        if REFUSED[payload["key"]] <= payload["times"]:
            raise TooBusy(payload["delay_s"])
    return {
        "busy": lambda p: "done",
        "echo": lambda p: p["value"],
        "exit": lambda p: sys.exit(p["status"]),
        "prepared": lambda p: PREPARED,
        "print": lambda p: sys.stdout.writelines(p["out"]) or sys.stderr.writelines(p["err"]),
        "sleep": lambda p: time.sleep(p["seconds"]),
    }[payload["op"]](payload)


# ---- your part: replace everything between this line and the last two ----------------------------
def prepare(items):  # items are those of main(stdin=...): take them up to a None (PREP-4, OPS-8)
    PREPARED.extend(iter(lambda: next(items, None), None))


def task(payload):  # what it returns is the answer; what it prints, or raises, reaches the caller
    if isinstance(payload, dict) and "op" in payload:  # keep these two lines while you test
        return conformance(payload)
    return len(payload.split())


if __name__ == "__main__":
    main()
