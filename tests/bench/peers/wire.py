"""What a client of each server says: y-sync frames in three dialects.

`yws` is the stock protocol with the room in the path. `hocuspocus` puts the document's name before every message, wants
a token first and acknowledges with type 8. `raw` is no CRDT at all: broadcast servers, the physical limit.
"""

from __future__ import annotations

from typing import Literal

Dialect = Literal["yws", "hocuspocus", "raw"]

# Every operation of the generator holds this exactly once, so that frames can be counted without decoding them.
MARK = b"<op"
MARK_BYTES = 5
TOKEN_BYTES = 12

SYNC, AUTH, ACKNOWLEDGED = 0, 2, 8
STEP1, STEP2 = 0, 1
EMPTY_UPDATE = b"\x00\x00"
EMPTY_VECTOR = b"\x00"


def var_uint(value: int) -> bytes:
    """Return a lib0 unsigned varint."""
    out = bytearray()
    while value > 127:
        out.append(0x80 | (value & 127))
        value >>= 7
    out.append(value)
    return bytes(out)


def var_bytes(value: bytes) -> bytes:
    """Return a length-prefixed byte string."""
    return var_uint(len(value)) + value


def step1(vector: bytes = EMPTY_VECTOR) -> bytes:
    """Return the frame that asks for what is missing."""
    return b"\x00\x00" + var_bytes(vector)


def step2(update: bytes = EMPTY_UPDATE) -> bytes:
    """Return the frame that answers a step 1."""
    return b"\x00\x01" + var_bytes(update)


def update_frame(update: bytes) -> bytes:
    """Return the frame of an edit."""
    return b"\x00\x02" + var_bytes(update)


def token_frame() -> bytes:
    """Return Hocuspocus' first message."""
    return b"\x02\x00" + var_bytes(b"token")


def payload_of(frame: bytes, start: int = 0) -> bytes:
    """Return the update in a sync frame that begins at `start` (after a Hocuspocus prefix)."""
    count, shift, at = 0, 0, start + 2
    while True:
        part = frame[at]
        at += 1
        count |= (part & 127) << shift
        shift += 7
        if part < 128:
            return frame[at : at + count]


def mark_of(client: int) -> bytes:
    """Return the mark of a client's operations. `client` is 0 to 1,023."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
    return MARK + (letters[client // 32] + letters[client % 32]).encode()


def last_token(frame: bytes) -> tuple[bytes, int]:
    """Return mark and number of the last operation in a frame."""
    at = frame.rfind(MARK)
    return frame[at : at + MARK_BYTES], int(frame[at + MARK_BYTES : at + TOKEN_BYTES])


def tokens_in(content: bytes) -> set[bytes]:
    """Return all operations in some bytes."""
    found, at = set(), content.find(MARK)
    while at >= 0:
        found.add(content[at : at + TOKEN_BYTES])
        at = content.find(MARK, at + 1)
    return found
