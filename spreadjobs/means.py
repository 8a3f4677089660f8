"""What a Master works with, made once from what the caller gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from spreadjobs.arglists import Slot
from spreadjobs.codec import Encoder
from spreadjobs.connection import ConnectionFactory
from spreadjobs.console import Console
from spreadjobs.settings import Settings


@attrs.frozen
class Means:
    """What the loop works with."""

    slots: Sequence[Slot]
    """In the order of ``list_of_args``."""
    settings: Settings
    factory: ConnectionFactory
    encoder: Encoder
    preparation: Sequence[bytes]
    """The preparation items, encoded once. Spec PREP-1, PREP-2."""
    console: Console
    timing: Callable[[float, float], object] | None = None
