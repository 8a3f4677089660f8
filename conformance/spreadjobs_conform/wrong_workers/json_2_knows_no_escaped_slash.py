r"""Breaks JSON-2: does not know the escape \/ and keeps its backslash."""

from __future__ import annotations

from right_worker import Worker, run


class KnowsNoEscapedSlash(Worker):
    def decode_json(self, line: bytes) -> object:
        return super().decode_json(line.replace(rb"\/", rb"\\/"))


run(KnowsNoEscapedSlash)
