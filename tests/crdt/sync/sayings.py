"""What clients say of themselves, and what others hear of it."""

from __future__ import annotations

from hypothesis import strategies as st

from crdt.sync.awareness import (
    CLOCK_MAX,
    Announced,
    AwarenessEntry,
    Presence,
    decode_awareness,
    encode_awareness,
)
from crdt.updates.lib0 import Writer

CLIENTS = st.integers(0, 2**53 - 1)


CLOCKS = st.integers(0, CLOCK_MAX)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


STATES = st.none() | st.dictionaries(st.text(max_size=5), JSON, max_size=4)


def say(client: int, clock: int, state: object) -> bytes:
    """Return an awareness update of one entry."""
    return encode_awareness([AwarenessEntry(client, clock, state)])  # type: ignore[arg-type]


def raw(state: str | bytes, client: int = 5, clock: int = 1) -> bytes:
    """Return an awareness update with a state as its bytes are."""
    written = state.encode() if isinstance(state, str) else state
    return Writer().var_uint(1).var_uint(client).var_uint(clock).var_bytes(written).getvalue()


def heard(answer: Announced | bytes | None) -> AwarenessEntry:
    """Return the one entry that everybody else is told."""
    update = answer.update if isinstance(answer, Announced) else answer
    assert update is not None, "it is told to everybody"
    (entry,) = decode_awareness(update)
    return entry


def said_of(state: str) -> tuple[object, str]:
    """Return what others are shown of a state, without its person, and what was left out."""
    answer = Presence().receive("s1", raw(state), actor="ana", now=0)
    assert answer is not None
    shown = heard(answer).state
    assert shown is not None
    assert shown.pop("user") == {"name": "ana", "kind": "human"}, "the person is present, whatever is left out"
    return shown, answer.problem
