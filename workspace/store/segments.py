"""The packed part of the log: sealed segments as compressed rows of a table in the same database.

A segment is the JSON lines of its rows under zlib. Reads join packed and hot rows inside one read transaction, so that
a record is never missed while it moves (`workspace.store.scripts`). Only the writer moves and rewrites; it moves one
segment at a time, the oldest first, which keeps every packed record before every hot one.

Refused: files beside the database. They would need a backup of their own and leave half states between two disks'
promises; a row moves in the transaction that deletes what it replaces.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from workspace.errors import RecordUnknown, SegmentCorrupt, StoreFault
from workspace.intents.model.log_format import undecoded_field
from workspace.intents.model.record import Row
from workspace.intents.model.segment import Segment, root_of

SEQ_MAX = 2**62
_ROWS = msgspec.json.Decoder(Row)
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows are asked for: `first` to `last`, of one kind or any, at most `limit`."""

    first: int
    last: int
    kind: str | None
    limit: int

    def of(self, rows: Sequence[Row]) -> list[Row]:
        """Return those of a segment's rows that are asked for, limit apart."""
        part = rows[max(self.first - rows[0].seq, 0) : self.last - rows[0].seq + 1]
        return [row for row in part if self.kind in (None, row.kind)]


@dataclass(frozen=True, slots=True)
class Packed:
    """A segment ready to be moved: the rows it was made from, and their packed form."""

    segment: Segment
    rows: tuple[Row, ...]
    content: bytes


def pack_rows(rows: Sequence[Row], segment: Segment) -> bytes:
    """Return the packed form of a segment's rows. Raises `SegmentCorrupt` where they are not the segment's."""
    _check(rows, segment)
    return zlib.compress(_ENCODER.encode_lines(rows))


def unpack(content: bytes, segment: Segment) -> list[Row]:
    """Return the rows of a packed segment. Raises `SegmentCorrupt`, `RecordUnknown`."""
    try:
        rows = _ROWS.decode_lines(zlib.decompress(content))
    except msgspec.ValidationError as error:
        field = undecoded_field(error)
        if field:
            raise RecordUnknown(seq=segment.first, kind="packed", field=field) from error
        raise SegmentCorrupt(f"{_name(segment)} cannot be read: {error}", first=segment.first) from error
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SegmentCorrupt(f"{_name(segment)} cannot be read: {error}", first=segment.first) from error
    _check(rows, segment)
    return rows


def repack(content: bytes, segment: Segment, bodies: Mapping[int, str]) -> bytes:
    """Return a packed segment with other bodies in the place of some; hashes and root stay. Raises `SegmentCorrupt`."""
    rows = [
        msgspec.structs.replace(one, body=bodies[one.seq]) if one.seq in bodies else one
        for one in unpack(content, segment)
    ]
    return pack_rows(rows, segment)


def not_next(ws: str, segment: Segment) -> StoreFault:
    """Return what is said of a segment that may not be packed now."""
    return StoreFault(f"{_name(segment)} of {ws} is not the next one to be packed")


def _check(rows: Sequence[Row], segment: Segment) -> None:
    is_dense = [row.seq for row in rows] == list(range(segment.first, segment.last + 1))
    if not is_dense or root_of(row.hash for row in rows) != segment.root:
        raise SegmentCorrupt(f"{_name(segment)} is not what its root says", first=segment.first)


def _name(segment: Segment) -> str:
    return f"segment {segment.first} to {segment.last}"


async def pack_due(segments: Sequence[Segment], *, hot: int, pack: Callable[[Segment], Awaitable[bool]]) -> int:
    """Pack the segments from record `hot` on, in order, by `pack`; return how many.

    A redaction may come between reading and moving: then `pack` says False, and the segment is packed again.
    """
    due = [segment for segment in segments if segment.first >= hot]
    for segment in due:
        while not await pack(segment):
            pass
    return len(due)
