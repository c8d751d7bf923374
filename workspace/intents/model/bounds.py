"""What a workspace takes at once; the server's settings give it (`docs/limits.md`)."""

from __future__ import annotations

from dataclasses import dataclass

# Yjs ids below are the server's own; Yjs draws from 2**32, so one session in 65,536 has to draw again.
RESERVED_IDS = 1 << 16


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may come in, and be under way. They hold as something is accepted: a log is read whatever they are."""

    document_bytes: int = 16 << 20
    # That live; those archived or deleted do not count.
    documents: int = 200
    live_intents: int = 1_000
    open_questions: int = 200
    # Of models, for one instruction: rounds, further tries and new plans together.
    calls: int = 128
    instruction_points: int = 8_000
    scopes: int = 32
    references: int = 16
    expectations: int = 32
    needs: int = 64
    # Documents that were made elsewhere bring the ids of that server's agent.
    brought_ids: int = 4_096
    # Items of one key of a map, or at one place of a text or list, whose authors did not know of each other.
    place_items: int = 5_000


DEFAULT_BOUNDS = Bounds()
