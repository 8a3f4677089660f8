"""Breaks PKL-9: writes bytes as persistent ids."""

from __future__ import annotations

import io
import pickle

from right_worker import Worker, run


class ByReference(pickle.Pickler):
    def persistent_id(self, obj: object) -> object:
        return ("stored", len(obj)) if isinstance(obj, bytes) else None


class PersistentIds(Worker):
    def encode(self, response: object) -> bytes:
        buffer = io.BytesIO()
        ByReference(buffer, self.protocol).dump(response)
        return buffer.getvalue()


run(PersistentIds)
