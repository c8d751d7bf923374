"""What happened in a run, as far as the monitor may know it: what clients saw and said, and what was asked of whom.

Nothing here comes from inside the server: changes are those of an observer's replica, verdicts and decisions are
records that came over people's sockets, effects are what agents say of their own writes or what commit records say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crdt.digest import Json
from tests.bench.designs.workload import Instruction


@dataclass(frozen=True, slots=True)
class Sent:
    """An instruction that was sent, and what its author had on screen when beginning to write it.

    `known` are the instructions, `shown` the edits (Yjs client id to end clock) that had been there long enough.
    """

    instruction: Instruction
    at: float
    known: frozenset[str]
    shown: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Typed:
    """A person's own edit of a cell: the Yjs id of what was written, and what the own replica held before (`base`)."""

    at: float
    author: str
    cell: str
    value: int
    client: int
    clock: int
    base: Mapping[int, int] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Effect:
    """An agent's write for an instruction: the Yjs id it begins with, or None where it had nothing to change.

    `is_part` marks the writes of a run that was stopped before its end.
    """

    instruction: str
    at: float
    client: int | None
    clock: int = 0
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the observer's replica, in the order of its arrival."""

    at: float
    spans: tuple[tuple[int, int, int], ...]
    changed: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict as its author received it."""

    instruction: str
    at: float
    state: str
    code: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A decision about several instructions as people received it; `is_question` when it asks them."""

    at: float
    group: frozenset[str]
    layer: str
    is_question: bool


@dataclass(frozen=True, slots=True)
class Effort:
    """Seconds of planning; `is_used` when what came of them entered the documents."""

    seconds: float
    is_used: bool


@dataclass(frozen=True, slots=True)
class Past:
    """One run."""

    sent: tuple[Sent, ...]
    typed: tuple[Typed, ...]
    changes: tuple[Change, ...]
    effects: tuple[Effect, ...]
    told: tuple[Told, ...] = ()
    settled: tuple[Settled, ...] = ()
    efforts: tuple[Effort, ...] = ()
