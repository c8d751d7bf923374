"""What routes about files answer with, as types; see `people_answers`."""

from __future__ import annotations

import msgspec


class BroughtBy(msgspec.Struct, frozen=True):
    """Who brought a file in, under which name (empty: none), and when."""

    actor: str
    filename: str
    at: str


class BlobNow(msgspec.Struct, frozen=True):
    """A file: how documents name it, its bytes, its media type, and who brought it in."""

    id: str
    reference: str
    size: int
    media: str
    created_at: str
    by: list[BroughtBy]


class BlobLine(BlobNow, frozen=True, kw_only=True):
    """A file of a list; `named` where a document that one may read names it."""

    named: bool


class BlobSpace(msgspec.Struct, frozen=True):
    """How many files and bytes there are, those of whoever asks, and the bounds of each."""

    files: int
    files_max: int
    bytes: int
    bytes_max: int
    own: int
    own_max: int
    file_max: int


class BlobPage(msgspec.Struct, frozen=True):
    """Some of the files; `next` is where to go on, null at the end."""

    blobs: list[BlobLine]
    next: str | None
    space: BlobSpace


class BlobDeleted(msgspec.Struct, frozen=True):
    """The file that was taken away."""

    id: str
    deleted: bool
