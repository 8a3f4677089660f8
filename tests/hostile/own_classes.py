"""Pickles that reach for the classes that ``allow`` admits, their members, methods and modules."""

from __future__ import annotations

from hostile.parts import message, name, text

_RESULT = name("hostile.target.Result")
_ACCOUNT = name("hostile.target.Account")
_COLOUR = name("hostile.target.Colour")
_MEMBER = _COLOUR + b"(K\x01tR"
_GETATTR = name("builtins.getattr")


def _getattr(target: bytes, attribute: str) -> bytes:
    return _GETATTR + b"(" + target + text(attribute) + b"tR"


OWN_CLASSES: dict[str, bytes] = {
    "BUILD on the class itself": message(_RESULT, b"}", text("limit"), b"K\x63sb"),
    "BUILD of slots on the class itself": message(_RESULT, b"(N}", text("limit"), b"K\x63stb"),
    "BUILD on the class of an Enum": message(_COLOUR, b"}", text("RED"), b"K\x63sb"),
    "BUILD on a member of an Enum": message(_MEMBER, b"}", text("_value_"), b"K\x63sb"),
    "BUILD of slots on a member of an Enum": message(_MEMBER, b"(N}", text("_value_"), b"K\x63stb"),
    "SETITEM on the class": message(_RESULT, text("limit"), b"K\x63s"),
    "APPEND to a member": message(_MEMBER, b"K\x63a"),
    "getattr of a method": message(_getattr(_RESULT, "close"), b"(K\x01tR"),
    "getattr of __init__": message(_getattr(_RESULT, "__init__")),
    "getattr of __globals__ by a chain": message(_getattr(_getattr(_RESULT, "__init__"), "__globals__")),
    "getattr of __subclasses__": message(_getattr(_RESULT, "__subclasses__"), b")R"),
    "getattr of __class__ of a member": message(_getattr(_MEMBER, "__class__")),
    "getattr of the mro of an Enum": message(_getattr(_COLOUR, "mro")),
    "a dotted name to a method": message(b"\x8c\x0ehostile.target\x8c\x0cResult.close\x93(K\x01tR"),
    "a dotted name to __init__'s globals": message(
        b"\x8c\x0ehostile.target\x8c\x1bResult.__init__.__globals__\x93",
    ),
    "a function beside the class": message(name("hostile.target.function"), b"(K\x01tR"),
    "the module's imports": message(b"\x8c\x0ehostile.target\x8c\x04enum\x93"),
    "a state that its __setstate__ refuses": message(_ACCOUNT, b")\x81]b"),
    "a state of slots for a class without __setstate__": message(_RESULT, b")\x81(NK\x01tb"),
    "a state that is no dict": message(_RESULT, b")\x81K\x01b"),
    "its __class__ by BUILD": message(_RESULT, b")\x81(N}", text("__class__"), _ACCOUNT, b"stb"),
    "its __dict__ by BUILD": message(_RESULT, b")\x81(N}", text("__dict__"), b"K\x01stb"),
    "_reconstructor with a base it has not": message(
        name("copyreg._reconstructor") + b"(" + _RESULT + name("builtins.list") + b"]tR"
    ),
    "_reconstructor of itself": message(
        name("copyreg._reconstructor") + b"(" + name("copyreg._reconstructor") + name("builtins.object") + b"NtR"
    ),
    "__newobj__ of a function": message(name("copyreg.__newobj__") + b"(" + name("hostile.target.function") + b"tR"),
    "copyreg.pickle": message(name("copyreg.pickle") + b"(" + _RESULT + name("hostile.target.function") + b"tR"),
    "copyreg.constructor": message(name("copyreg.constructor") + b"(" + _RESULT + b"tR"),
    "INST of a function": message(b"(K\x01ihostile.target\nfunction\n"),
    "OBJ of a function": message(b"(", name("hostile.target.function"), b"K\x01o"),
    "NEWOBJ_EX of a function": message(name("hostile.target.function"), b")}\x92"),
    "REDUCE on a value": message(b"K\x01)R"),
    "REDUCE on an instance": message(_RESULT, b")\x81)R"),
    "REDUCE without a tuple": message(_RESULT, b"]R"),
    "STACK_GLOBAL of numbers": message(b"K\x01K\x02\x93"),
    "STACK_GLOBAL of a class for a name": message(_RESULT, _RESULT, b"\x93"),
    "STACK_GLOBAL of bytes": message(b"C\x02osC\x06system\x93"),
    "protocol 255": b"\x80\xff)\x85.",
    "EXT1": message(b"\x82\x01"),
    "EXT2": message(b"\x83\x01\x01"),
    "EXT4": message(b"\x84\x01\x01\x01\x01"),
    "PERSID": message(b"Pid\n"),
    "BINPERSID": message(b"K\x01Q"),
    "NEXT_BUFFER": message(b"\x97"),
    "READONLY_BUFFER": message(b"C\x01x\x98"),
}
"""Refused under every setting: those that admit the classes, and those that do not."""
