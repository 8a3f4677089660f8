"""What a case is, and how the files ``cases_*.py`` write one down."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Final, TypeAlias

import attrs

from spreadjobs_conform.conversation import Conversation
from spreadjobs_conform.requirements import Requirement

Body: TypeAlias = Callable[[Conversation], None]

BOTH_CODECS: Final = ("pickle", "json")
BOTH_DIALECTS: Final = ("tagged", "untagged")
TAGGED: Final = ("tagged",)
UNTAGGED: Final = ("untagged",)
PICKLE: Final = ("pickle",)
JSON: Final = ("json",)


@attrs.frozen(kw_only=True)
class CaseFacts:
    """What is known of a case before it is run: enough for every report."""

    id: str
    requirements: tuple[str, ...]
    """The first one gives the level, and is broken when what is due does not come."""
    checks: int
    """How many checks the body makes at least."""
    summary: str
    needs: frozenset[str] = frozenset()
    """What the worker must offer: ``op:echo``, ``type:set``. Empty: any worker will do."""
    worker_class: str = "worker"
    codecs: tuple[str, ...] = BOTH_CODECS
    dialects: tuple[str, ...] = BOTH_DIALECTS
    pickle_protocol: int | None = None
    """The protocol that the kit writes in this case, if it is not the declared one."""
    heavy: bool = False
    """Whether it moves many bytes; such cases run last."""
    idle: bool = False
    """Whether it waits for seconds; such cases begin first, beside the others."""

    @property
    def family(self) -> str:
        """The part of the id before the slash."""
        return self.id.partition("/")[0]

    def level(self, requirements: Mapping[str, Requirement]) -> str:
        """``MUST`` or ``SHOULD``: that of the first requirement."""
        return requirements[self.requirements[0]].level


@attrs.frozen(kw_only=True)
class Case(CaseFacts):
    """One check of one worker: a conversation, and what it is meant to show."""

    body: Body = attrs.field(repr=False)


def case(  # noqa: PLR0913 - one argument a field of Case
    case_id: str,
    *requirements: str,
    checks: int,
    needs: str = "",
    worker_class: str = "worker",
    codecs: tuple[str, ...] = BOTH_CODECS,
    dialects: tuple[str, ...] = BOTH_DIALECTS,
    pickle_protocol: int | None = None,
    heavy: bool = False,
    idle: bool = False,
) -> Callable[[Body], Case]:
    """
    Makes a case of a function; its docstring becomes the summary.

    Args:
        case_id: ``family/what-it-shows``; stable for ever.
        requirements: Ids, the one that is broken when what is due does not come first.
        checks: How many checks the function makes at least.
        needs: What the worker must offer, separated by spaces.
        worker_class: ``worker`` or ``command``.
        codecs: Where it applies.
        dialects: Where it applies.
        pickle_protocol: What the kit writes, if not the declared protocol.
        heavy: Whether it moves many bytes.
        idle: Whether it waits for seconds.
    """

    def make(body: Body) -> Case:
        return Case(
            id=case_id,
            requirements=requirements,
            checks=checks,
            summary=" ".join(inspect.cleandoc(body.__doc__ or "").split()),
            body=body,
            needs=frozenset(needs.split()),
            worker_class=worker_class,
            codecs=codecs,
            dialects=dialects,
            pickle_protocol=pickle_protocol,
            heavy=heavy,
            idle=idle,
        )

    return make


def cases_in(module: ModuleType) -> tuple[Case, ...]:
    """The cases of a module, in the order in which they are written."""
    found: list[Case] = []
    for value in vars(module).values():
        if isinstance(value, Case):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(item for item in value if isinstance(item, Case))
    return tuple(found)
