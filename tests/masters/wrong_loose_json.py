"""Breaks JSON-6: takes whatever Python's json takes."""

from __future__ import annotations

import json

from wronging import run, swap

from spreadjobs import json_codec

swap(json_codec, _DECODER=json.JSONDecoder())
run()
