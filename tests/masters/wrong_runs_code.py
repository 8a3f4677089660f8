"""Breaks SEC-1: finds functions of the module os when it decodes."""

from __future__ import annotations

import os

from wronging import run, swap

from spreadjobs.trust import Gate

right = Gate.find


def wrong(self: Gate, module: str, name: str) -> object:
    return getattr(os, name) if module in ("os", "posix") else right(self, module, name)


swap(Gate, find=wrong)
run()
