"""Blobs of a workspace: files that its documents name, kept once under their own SHA-256. Values only.

What names one is `crdt.documents.blob_references`; the words that go to models lie apart from them, in the archive
(`workspace.intents.model.calls`). The bytes lie in *pieces* of one size, so that no one ever holds a whole file. Who
brought a file in is its *holder*, under the name that it had there; a file may have several.
"""

from __future__ import annotations

from typing import Final

import msgspec

# Every piece has this size but the last: where a byte lies follows from its offset. Never changed.
PIECE_BYTES = 256 << 10
ROWS_MAX = 200


class Losses:
    """Why the bytes of a blob are here no more, by name."""

    UNNAMED: Final = "unnamed"
    DELETED: Final = "deleted"
    REDACTED: Final = "redacted"


class BlobRow(msgspec.Struct, frozen=True):
    """One file of a workspace: `sha` is its id, `sha256-` and 64 hex digits; `content` under what its pieces lie.

    `named_at` (unix seconds) is when it was brought in or last found named. Of one that is `gone`, with the reason,
    nothing else is left: no content, no media type.
    """

    ws: str
    sha: str
    content: str
    size: int
    media: str
    created_at: str
    named_at: float
    gone: str = ""


class BlobHolder(msgspec.Struct, frozen=True):
    """Who brought a file in, first when, and under which name; the name may be empty."""

    ws: str
    sha: str
    actor: str
    filename: str
    created_at: str


class BlobTotals(msgspec.Struct, frozen=True):
    """How many files a workspace has and how many bytes they are; how many bytes of them one person holds."""

    count: int
    size: int
    own: int


class BlobQuota(msgspec.Struct, frozen=True):
    """How many files a workspace may have, how many bytes, and how many of them one person may hold."""

    count: int
    size: int
    own: int


def full(totals: BlobTotals, more: int, quota: BlobQuota) -> str:
    """Return which bound `more` bytes in one more file would pass: "count", "size", "own"; empty where none."""
    assert more >= 0, "a file has no less than no bytes"
    if totals.count >= quota.count:
        return "count"
    if totals.size + more > quota.size:
        return "size"
    return "own" if totals.own + more > quota.own else ""


def pieces_of(size: int) -> int:
    """Return how many pieces a file of a size has; an empty one has none."""
    return -(-size // PIECE_BYTES)
