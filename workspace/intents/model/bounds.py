"""What a workspace takes at once; the server's settings give it (`docs/limits.md`)."""

from __future__ import annotations

from dataclasses import dataclass

# Yjs ids below are the server's own; Yjs draws from 2**32, so one session in 65,536 has to draw again.
RESERVED_IDS = 1 << 16


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may come in, and be under way. They hold as something is accepted: a log is read whatever they are."""

    document_bytes: int = 16 << 20
    live_intents: int = 1_000
    instruction_points: int = 8_000
    scopes: int = 32
    references: int = 16
    expectations: int = 32
    needs: int = 64
    # Documents that were made elsewhere bring the ids of that server's agent.
    brought_ids: int = 4_096


DEFAULT_BOUNDS = Bounds()
