"""
A worker as gmisclib's users wrote them: the loop of its documentation, and its classes. For Python 2.7.

Tasks: a number is doubled; "prints", "refuses" (twice), "raises"; anything else comes back.
"""

import cPickle
import sys

from gmisclib import spread_jobs

CP = cPickle
stdin, stdout = sys.stdin, sys.stdout
refusals = [spread_jobs.TooBusy(0.01), spread_jobs.TooBusy(0.02)]


def compute(control):
    if control == "prints":
        return control, ["one\n", "caf\xc3\xa9\n"], ["to stderr\n"]
    if control == "refuses" and refusals:
        return refusals.pop(), ["no licence\n"], []
    if control == "raises":
        return spread_jobs.RemoteException("ValueError", "caf\xc3\xa9"), ["before it raised\n"], []
    return control * 2 if isinstance(control, int) else control, None, None


prepared = cPickle.load(stdin)
while True:
    try:
        control = cPickle.load(stdin)
    except EOFError:
        break
    d, so, se = compute(control)
    cPickle.dump((d, so, se), stdout, CP.HIGHEST_PROTOCOL)
    stdout.flush()
stdout.write("prepared with %s\n" % prepared.encode("utf-8"))
stdout.close()
