"""Hostile pickles: nothing of them runs, crashes, hangs, or changes the master."""

from __future__ import annotations

import collections
import copyreg
import fractions
import struct
import subprocess
import sys
import uuid
from pathlib import Path
from time import process_time

import pytest
from admitted_classes import HERE, Colour, Plain, Slotted, Words, refusal

from spreadjobs.pickle_codec import PickleDecoder
from spreadjobs.settings import Settings

# --- harm


# Each begins as a message does, and does harm in an unpickler that lets it: what, and the pickle.
HOSTILE = {
    "a call": b"(cos\nsystem\n(S'touch %s'\ntRt.",
    "a call, py2 name": b"(cposix\nsystem\n(S'touch %s'\ntRt.",
    "a call by STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x08touch %s\x85R\x85.",
    "eval": b'(c__builtin__\neval\n(S\'open("%s", "w")\'\ntRt.',
    "exec": b'(cbuiltins\nexec\n(S\'open("%s", "w")\'\ntRt.',
    "open": b"(cbuiltins\nopen\n(S'%s'\nS'w'\ntRt.",
    "import": b"(cbuiltins\n__import__\n(S'os'\ntRt.",
    "getattr": b"(cbuiltins\ngetattr\n(cbuiltins\nset\nS'__class__'\ntRt.",
    "getattr of a value": b"(cbuiltins\ngetattr\n(S'x'\nS'join'\ntRt.",
    "a dotted name": b"\x80\x04\x8c\x0bcollections\x8c\x10OrderedDict.copy\x93)R\x85.",
    "INST": b"((S'touch %s'\nios\nsystem\nt.",
    "OBJ": b"(" + b"(cos\nsystem\nS'touch %s'\no" + b"t.",
    "NEWOBJ": b"\x80\x02csubprocess\nPopen\n(S'touch'\nS'%s'\nlt\x81\x85.",
    "NEWOBJ of a constructor": b"\x80\x02cbuiltins\ngetattr\n)\x81\x85.",
    "NEWOBJ_EX": b"\x80\x04csubprocess\nPopen\n)}\x92\x85.",
    "NEWOBJ of a value": b"\x80\x02K\x01)\x81\x85.",
    "NEWOBJ with keywords": b"\x80\x04cbuiltins\nset\n)}U\x01aK\x01s\x92\x85.",
    "NEWOBJ_EX with no dict": b"\x80\x04cbuiltins\nset\n)N\x92\x85.",
    "NEWOBJ with no tuple": b"\x80\x02cbuiltins\nset\nN\x81\x85.",
    "BUILD on a class": b"(cfractions\nFraction\n}U\x08__repr__K\x01sbt.",
    "BUILD of slots on a class": b"(ccollections\nCounter\n(N}U\x06updateK\x01stbt.",
    "BUILD of slots of ours": b"(ccollections\nCounter\n(N}U\x05_makeK\x01stbt.",
    "BUILD on a Fraction": b"(cfractions\nFraction\n(I1\nI2\ntR(N}U\x0a_numeratorU\x01xstbt.",
    "BUILD on an OrderedDict": b"(ccollections\nOrderedDict\n)R}U\x05itemsK\x01sbt.",
    "BUILD on a Counter": b"(ccollections\nCounter\n)R}U\x06updateK\x01sbt.",
    "BUILD on a list": b"(]}U\x01aK\x01sbt.",
    "BUILD on a dict with no name anywhere": b"(}}b.",
    "SETITEM on a class": b"(cbuiltins\nset\nK\x01K\x02st.",
    "APPEND on a class": b"(cbuiltins\nset\nK\x01at.",
    "ADDITEMS on a class": b"\x80\x04cbuiltins\nset\n(K\x01\x90\x85.",
    "an extension code": b"\x80\x02\x82\x01\x85.",
    "extension codes of 2 and 4 bytes": b"\x80\x02\x83\x01\x00\x84\x01\x00\x00\x00\x86.",
    "a persistent id": b"(Pid\nt.",
    "a binary persistent id": b"(U\x02idQt.",
    "an out-of-band buffer": b"\x80\x05\x97\x85.",
    "a read-only buffer": b"\x80\x05\x98\x85.",
    "an unknown opcode": b"\x80\x04\xff.",
    "a future protocol": b"\x80\x06)\x85.",
    "codecs": b"(c_codecs\nencode\n(S'touch %s'\nS'zlib'\ntRt.",
    "bytes of a size": b"(cbuiltins\nbytes\n(I10000000000\ntRt.",
    "a bytearray of a size": b"(cbuiltins\nbytearray\n(I10000000000\ntRt.",
    "a set of a range": b"(cbuiltins\nset\n(cbuiltins\nrange\n(I1000000000\ntRtRt.",
    "a frozenset of text": b"(cbuiltins\nfrozenset\n(S'abc'\ntRt.",
    "a set of text": b"(cbuiltins\nset\n(S'abc'\ntRt.",
    "a complex of text": b"(cbuiltins\ncomplex\n(S'1j'\ntRt.",
    "a complex beyond floats": b"(cbuiltins\ncomplex\n(\x8a\xff" + b"\x7f" * 255 + b"I1\ntRt.",
    "a time bomb of a Fraction": b"(cfractions\nFraction\n(S'1e30000000'\ntRt.",
    "a Fraction of zero": b"(cfractions\nFraction\n(I1\nI0\ntRt.",
    "a Fraction of too many bits": b"(cfractions\nFraction\n(\x8b\x00\x00\x01\x00" + b"\x7f" * 65536 + b"I1\ntRt.",
    "a Fraction of a float": b"(cfractions\nFraction\n(F1.5\ntRt.",
    "a Decimal of no number": b"(cdecimal\nDecimal\n(S'x'\ntRt.",
    "a Decimal of a tuple": b"(cdecimal\nDecimal\n((I0\n)I999999999999\nttRt.",
    "a timedelta of floats": b"(cdatetime\ntimedelta\n(F1e300\ntRt.",
    "a timedelta of two ints": b"(cdatetime\ntimedelta\n(I1\nI1\ntRt.",
    "a timedelta of four ints": b"(cdatetime\ntimedelta\n(I1\nI1\nI1\nI1\ntRt.",
    "a timezone of an int": b"(cdatetime\ntimezone\n(I1\ntRt.",
    "a date of impossible bytes": b"(cdatetime\ndate\n(C\x04\x07\xe4\x0d\x01tRt.",
    "a date of five bytes": b"(cdatetime\ndate\n(C\x05\x07\xe4\x01\x01\x01tRt.",
    "a date with a zone": b"(cdatetime\ndate\n(C\x04\x07\xe4\x01\x01cdatetime\ntimezone\n("
    b"cdatetime\ntimedelta\n(I0\nI0\nI0\ntRtRtRt.",
    "a datetime of impossible bytes": b"(cdatetime\ndatetime\n(C\x0a\x07\xe4\x01\x01\xff\xff\xff\xff\xff\xfftRt.",
    "a datetime of no bytes": b"(cdatetime\ndatetime\n)Rt.",
    "a time with a zone that is none": b"(cdatetime\ntime\n(C\x06\x01\x01\x01\x01\x01\x01I1\ntRt.",
    "a UUID with arguments": b"(cuuid\nUUID\n(S'00000000000000000000000000000005'\ntRt.",
    "a UUID without a value": b"\x80\x02cuuid\nUUID\n)\x81\x85.",
    "a UUID of text": b"\x80\x02cuuid\nUUID\n)\x81}U\x03intU\x01xsb\x85.",
    "a UUID of a float": b"\x80\x02cuuid\nUUID\n)\x81}U\x03intG\x3f\xf8\0\0\0\0\0\0sb\x85.",
    "a UUID beyond 128 bits": b"\x80\x02cuuid\nUUID\n)\x81}U\x03int\x8a\x12" + b"\x7f" * 18 + b"sb\x85.",
    "a UUID that is filled twice": b"\x80\x02cuuid\nUUID\n)\x81}U\x03intK\x05sb}U\x03intK\x06sb\x85.",
    "an OrderedDict of unhashable keys": b"(ccollections\nOrderedDict\n(]]]ea]atRt.".replace(
        b"]]]ea]a", b"(](]Nee" + b"l"
    ),
    "an OrderedDict of a number": b"(ccollections\nOrderedDict\n(I1\ntRt.",
    "a Counter of a list": b"(ccollections\nCounter\n(]tRt.",
    "a deque of text": b"(ccollections\ndeque\n(S'abc'\ntRt.",
    "a deque of a negative length": b"(ccollections\ndeque\n()I-1\ntRt.",
    "an unhashable key": b"(}]Nst.",
    "a base that is called": b"(cbuiltins\nint\n(S'1'\ntRt.",
    "_reconstructor without a base": b"(ccopy_reg\n_reconstructor\n(cuuid\nUUID\nI1\nNtRt.",
    "_reconstructor with a wrong base": b"(ccopy_reg\n_reconstructor\n(cuuid\nUUID\ncbuiltins\nint\nI1\ntRt.",
    "__newobj__ of nothing": b"(ccopyreg\n__newobj__\n)Rt.",
    "a state of TooBusy that is no dict": b"(cspreadjobs\nTooBusy\n)\x81K\x01bt.",
    "a name of two lines": b"\x80\x04\x8c\x02a\n\x8c\x01b\x93)R\x85.",
    "copyreg.add_extension": b"(ccopyreg\nadd_extension\n(S'os'\nS'system'\nI5\ntRt.",
    "a range": b"(cbuiltins\nrange\n(I1\ntRt.",
    "an exception": b"(cbuiltins\nValueError\n)Rt.",
    "a Path": b"(cpathlib\nPosixPath\n)Rt.",
}


def shared_state() -> list[object]:
    """What a pickle could change in the master."""
    classes = (
        fractions.Fraction,
        collections.Counter,
        collections.OrderedDict,
        uuid.UUID,
        Plain,
        Slotted,
        Colour,
        Words,
    )
    return [
        *[
            [*sorted(vars(cls)), repr(getattr(cls, "__repr__", None)), repr(getattr(cls, "update", None))]
            for cls in classes
        ],
        vars(Colour.RED).copy(),
        dict(copyreg.dispatch_table),
        repr(fractions.Fraction(1, 2)),
        collections.Counter("aab"),
    ]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("frame", [False, True])
def test_hostile_pickles_are_refused_and_nothing_runs(name: str, *, frame: bool, tmp_path: Path) -> None:
    """A pickle that would call, change or blow up something is refused, and nothing of it happened. [SEC-1]"""
    victim = tmp_path / "v"
    data = HOSTILE[name].replace(b"%s", str(victim).encode())
    if "STACK_GLOBAL" in name:
        data = data.replace(b"\x8c\x08touch", b"\x8c" + bytes([6 + len(str(victim))]) + b"touch")
    if frame and data[0] == 0x80:
        data = data[:2] + b"\x95" + struct.pack("<Q", len(data) - 2) + data[2:]
    before = shared_state()
    started = process_time()
    assert refusal(data)
    assert process_time() - started < 2
    assert not victim.exists()
    assert shared_state() == before


@pytest.mark.parametrize("name", [name for name in HOSTILE if "BUILD" in name or "class" in name])
def test_build_changes_no_admitted_class_and_no_shared_member(name: str) -> None:
    """Admitted classes and members of an Enum are out of reach of BUILD, SETITEM and their like. [SEC-1]"""
    allow = (Plain, Colour, Slotted)
    attack = HOSTILE[name].partition(b"\n")[0]
    before = shared_state()
    for target in (b"c" + HERE.encode() + b"\nPlain\n", b"c" + HERE.encode() + b"\nColour\n(I1\ntR"):
        for change in (b"}U\x05valueK\x05sb", b"(N}U\x07_value_K\x05stb", b"K\x01K\x02s", b"K\x01a"):
            assert refusal(b"(" + target + change + b"t.", allow)
    assert attack
    assert shared_state() == before


# --- crashes and floods


def test_too_many_deques_and_objects_to_fill() -> None:
    """CPython frees nested deques by recursion, so their number has a limit; so has what BUILD replaces. [SEC-1]"""
    one = b"ccollections\ndeque\n)R"
    assert "deques" in refusal(b"(" + one * 10_001 + b"t.")
    assert "filled after" in refusal(b"(" + b"cspreadjobs\nTooBusy\n)\x81}b" * 1001 + b"t.")
    decoder = PickleDecoder(Settings())
    for _ in range(3):  # the count begins anew with each message
        (message,) = decoder.feed(b"(" + one * 4000 + b"t.")
        assert message == (collections.deque(),) * 4000


CRASHERS = {
    "a deep key": b"(}" + b"N" + b"\x85" * 200_000 + b"Nst.",
    "a deep key in a small message": b"(}" + b"N" + b"\x85" * 8_000 + b"Nst.",
    "a deep key by two": b"(}" + b"N" + b"N\x86" * 200_000 + b"Nst.",
    "a deep item of a set": b"\x80\x04\x8f(N" + b"\x85" * 200_000 + b"\x90\x85.",
    "nested deques": b"(" + b"ccollections\ndeque\n)R(" * 200_000 + b"e" * 200_000 + b"t.",
    "nested lists": b"]" * 1_000_000 + b"a" * 999_999 + b".",
    "nested sets": b"\x80\x04" + b"(" * 300_000 + b"N" + b"\x91" * 300_000 + b"\x85.",
    "a memo index of 4 GB": b"(r\xff\xff\xff\x1ft.",
    "a memo index in text": b"(p4294967295\nt.",
    "a memo index of a long text": b"(p" + b"9" * 100 + b"\nt.",
    "laughs as a key": b"(})"
    + b"".join(b"q%cK\x01h%c\x86" % (i, i) for i in range(60)).replace(b"K\x01", b"")
    + b"Nst.",
    "laughs by DUP": b"(})" + b"2\x86" * 60 + b"Nst.",
    "laughs for a set": b"(cbuiltins\nset\n((l)" + b"2\x86" * 60 + b"atRt.",
    "laughs in a frozenset": b"\x80\x04()" + b"2\x86" * 60 + b"\x91\x85.",
    "laughs that are no key": b"()" + b"2\x86" * 60 + b"t.",
    "integers of one hash": b"(}("
    + b"".join(b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"N" for i in range(100_000))
    + b"ut.",
    "a number of ten million digits": b"(L" + b"9" * 10_000_000 + b"L\nt.",
}


@pytest.mark.parametrize("name", CRASHERS)
def test_what_would_crash_or_hang_an_unpickler(name: str, tmp_path: Path) -> None:
    """Pickles that crash CPython, fill the memory or never end cost little time and memory. [SEC-2]"""
    program = (
        "import resource, sys\n"
        "from spreadjobs.messages import Undecodable\n"
        "from spreadjobs.pickle_codec import PickleDecoder\n"
        "from spreadjobs.settings import Settings\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))\n"
        "try:\n"
        "    got = PickleDecoder(Settings()).feed(open(sys.argv[1], 'rb').read())\n"
        "    print('read', len(got))\n"
        "    del got\n"
        "except Undecodable as error:\n"
        "    print('refused', error.reason)\n"
    )
    path = tmp_path / "pickle"
    path.write_bytes(CRASHERS[name])
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    harmless = name in ("a deep key in a small message", "nested lists", "nested sets", "laughs that are no key")
    assert done.stdout.startswith("read 1" if harmless else "refused"), done.stdout
