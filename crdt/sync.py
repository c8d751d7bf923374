"""y-sync frames without a socket: bytes to values and back (y-protocols `PROTOCOL.md`, protocol §1).

Types: 0 sync (step 1, step 2, update), 1 awareness, 2 auth (server only), 3 query awareness, 100 control.
"""

from __future__ import annotations

from dataclasses import dataclass

from crdt.errors import MalformedFrame
from crdt.wire import Reader, Writer

SYNC, AWARENESS, AUTH, QUERY_AWARENESS, CONTROL = 0, 1, 2, 3, 100
STEP1, STEP2, UPDATE = 0, 1, 2
CONTROL_BYTES_MAX = 256 << 10


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """A peer says what it has (a state vector) and wants the rest."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncUpdate:
    """A peer sends an update; `is_step2` when it answers a SyncStep1."""

    update: bytes
    is_step2: bool


@dataclass(frozen=True, slots=True)
class AwarenessFrame:
    """A peer says who is here."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """A peer wants to know who is here."""


@dataclass(frozen=True, slots=True)
class ControlFrame:
    """A JSON message of the control channel, undecoded."""

    payload: bytes


Frame = SyncStep1 | SyncUpdate | AwarenessFrame | QueryAwareness | ControlFrame


def decode_frame(frame: bytes) -> Frame:
    """Return what a client's binary frame says. Raises `MalformedFrame` for unknown types and trailing bytes."""
    reader = Reader(frame)
    decoded: Frame
    match reader.var_uint():
        case 0:
            decoded = _decode_sync(reader)
        case 1:
            decoded = AwarenessFrame(reader.var_bytes())
        case 3:
            decoded = QueryAwareness()
        case 100:
            decoded = ControlFrame(reader.var_bytes(CONTROL_BYTES_MAX))
        case other:
            raise MalformedFrame(f"message type {other} is not for clients")
    reader.expect_end()
    return decoded


def _decode_sync(reader: Reader) -> Frame:
    match reader.var_uint():
        case 0:
            return SyncStep1(reader.var_bytes())
        case 1:
            return SyncUpdate(reader.var_bytes(), is_step2=True)
        case 2:
            return SyncUpdate(reader.var_bytes(), is_step2=False)
        case other:
            raise MalformedFrame(f"sync message {other} is unknown")


def encode_step1(state_vector: bytes) -> bytes:
    """Return the frame that asks for what is missing."""
    return Writer().byte(SYNC).byte(STEP1).var_bytes(state_vector).getvalue()


def encode_step2(update: bytes) -> bytes:
    """Return the frame that answers a SyncStep1."""
    return Writer().byte(SYNC).byte(STEP2).var_bytes(update).getvalue()


def encode_update(update: bytes) -> bytes:
    """Return the frame that relays an update."""
    return Writer().byte(SYNC).byte(UPDATE).var_bytes(update).getvalue()


def encode_awareness_frame(payload: bytes) -> bytes:
    """Return the frame that says who is here."""
    return Writer().byte(AWARENESS).var_bytes(payload).getvalue()


def encode_denied(reason: str) -> bytes:
    """Return the auth frame that stock providers report as `permission denied`."""
    return Writer().byte(AUTH).byte(0).var_string(reason).getvalue()


def encode_control(message: bytes) -> bytes:
    """Return the frame that carries a control message."""
    return Writer().byte(CONTROL).var_bytes(message).getvalue()
