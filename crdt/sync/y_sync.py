"""y-sync frames without a socket: bytes to values and back (y-protocols `PROTOCOL.md`, protocol §1).

Types: 0 sync (step 1, step 2, update), 1 awareness, 2 auth (server only), 3 query awareness, 100 control.
"""

from __future__ import annotations

import msgspec

from crdt.errors import MalformedFrame
from crdt.updates.lib0 import Reader, Writer

SYNC, AWARENESS, AUTH, QUERY_AWARENESS, CONTROL = 0, 1, 2, 3, 100
STEP1, STEP2, UPDATE = 0, 1, 2
SHORT_UPDATE = tuple(bytes((SYNC, UPDATE, size)) for size in range(128))


class SyncStep1(msgspec.Struct, frozen=True):
    """A peer says what it has (a state vector) and wants the rest."""

    state_vector: bytes


class SyncUpdate(msgspec.Struct, frozen=True):
    """A peer sends an update; `is_step2` when it answers a SyncStep1."""

    update: bytes
    is_step2: bool


class AwarenessFrame(msgspec.Struct, frozen=True):
    """A peer says who is here."""

    payload: bytes


class QueryAwareness(msgspec.Struct, frozen=True):
    """A peer wants to know who is here."""


class ControlFrame(msgspec.Struct, frozen=True):
    """A JSON message of the control channel, undecoded."""

    payload: bytes


ClientFrame = SyncStep1 | SyncUpdate | AwarenessFrame | QueryAwareness | ControlFrame


def decode_frame(frame: bytes) -> ClientFrame:
    """Return what a client's binary frame says. Raises `MalformedFrame` for unknown types and trailing bytes."""
    if len(frame) > 2 and frame[0] == SYNC and frame[1] == UPDATE:
        # Nearly every frame: an update, with a length of one byte or two.
        size, start = frame[2], 3
        if size > 127:
            size, start = ((size & 0x7F) | frame[3] << 7, 4) if len(frame) > 3 and frame[3] < 128 else (-1, 0)
        if start + size == len(frame):
            return SyncUpdate(frame[start:], is_step2=False)
    return decode_fully(frame)


def decode_fully(frame: bytes) -> ClientFrame:
    """Return what `decode_frame` returns, whatever the type of the frame. Raises as it does."""
    reader = Reader(frame)
    decoded: ClientFrame
    match reader.var_uint():
        case 0:
            decoded = _decode_sync(reader)
        case 1:
            decoded = AwarenessFrame(reader.var_bytes())
        case 3:
            decoded = QueryAwareness()
        case 100:
            decoded = ControlFrame(reader.var_bytes())
        case other:
            raise MalformedFrame(f"message type {other} is not for clients")
    reader.expect_end()
    return decoded


def _decode_sync(reader: Reader) -> ClientFrame:
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
    size = len(update)
    if size < 128:
        return SHORT_UPDATE[size] + update
    if size < 1 << 14:
        return bytes((SYNC, UPDATE, size & 0x7F | 0x80, size >> 7)) + update
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
