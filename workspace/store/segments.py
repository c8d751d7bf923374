"""The packed part of the log: sealed segments as compressed rows of a table in the same file.

A segment is the JSON lines of its rows under zlib. Reads join packed and hot rows inside one read transaction, so that
a record is never missed while it moves. Only the writer's thread moves and rewrites; it moves one segment at a time,
the oldest first, which keeps every packed record before every hot one.

Refused: files beside the database. They would need a backup of their own and leave half states between two disks'
promises; a row moves in the transaction that deletes what it replaces.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from workspace.errors import SegmentCorrupt, StoreFault
from workspace.intents.model.record import Row
from workspace.intents.model.segment import Segment, root_of
from workspace.store.writer import check_epoch

SEQ_MAX = 2**62
LOG_COLUMNS = "seq, epoch, kind, at, actor, body, prev, hash"
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
    """Return the rows of a packed segment. Raises `SegmentCorrupt`."""
    try:
        rows = _ROWS.decode_lines(zlib.decompress(content))
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


def read_rows(connection: sqlite3.Connection, ws: str, window: Window) -> list[Row]:
    """Return log rows in ascending order, from packed segments and the hot log as of one moment.

    Raises:
        SegmentCorrupt: a packed segment in the window is unreadable, or not what was packed.
    """
    connection.execute("BEGIN")
    try:
        found: list[Row] = []
        packed = connection.execute(
            "SELECT first, last, root, content FROM segment WHERE ws = ? AND last >= ? AND first <= ? ORDER BY last",
            (ws, window.first, window.last),
        )
        for first, last, root, content in packed:
            found += window.of(unpack(content, Segment(first, last, root)))
            if len(found) >= window.limit:
                return found[: window.limit]
        return found + read_log(connection, ws, window, window.limit - len(found))
    finally:
        connection.execute("COMMIT")


def first_hot(connection: sqlite3.Connection, ws: str) -> int:
    """Return the first `seq` that is not packed; every one behind it is not packed either."""
    first = connection.execute("SELECT min(seq) FROM log WHERE ws = ?", (ws,)).fetchone()[0]
    return int(first or 1)


def read_hot(connection: sqlite3.Connection, ws: str, segment: Segment) -> list[Row]:
    """Return the hot rows of a segment that is to be packed."""
    window = Window(segment.first, segment.last, None, segment.last - segment.first + 1)
    return read_log(connection, ws, window, window.limit)


def move(connection: sqlite3.Connection, ws: str, epoch: int, packed: Packed) -> bool:
    """Put a packed segment in the place of its hot rows; False, and nothing done, where they have changed meanwhile.

    Raises:
        Deposed: another server owns the workspace.
        StoreFault: it is not the next segment, or nothing would be left behind it to say where the log ends.
    """
    segment = packed.segment
    check_epoch(connection, ws, epoch)
    newest = connection.execute("SELECT max(seq) FROM log WHERE ws = ?", (ws,)).fetchone()[0] or 0
    if first_hot(connection, ws) != segment.first or newest <= segment.last:
        raise not_next(ws, segment)
    if tuple(read_hot(connection, ws, segment)) != packed.rows:
        return False
    connection.execute(
        "INSERT INTO segment (ws, last, first, root, content) VALUES (?,?,?,?,?)",
        (ws, segment.last, segment.first, segment.root, packed.content),
    )
    connection.execute("DELETE FROM log WHERE ws = ? AND seq BETWEEN ? AND ?", (ws, segment.first, segment.last))
    return True


def rewrite_packed(connection: sqlite3.Connection, ws: str, bodies: Mapping[int, str]) -> None:
    """Put other bodies in the place of packed records. Hashes and root stay (redaction). Raises `SegmentCorrupt`."""
    left = sorted(bodies)
    while left:
        row = connection.execute(
            "SELECT first, last, root, content FROM segment WHERE ws = ? AND last >= ? AND first <= ?",
            (ws, left[0], left[0]),
        ).fetchone()
        if row is None:
            return  # this one is hot, and so is every one behind it
        segment = Segment(*row[:3])
        connection.execute(
            "UPDATE segment SET content = ? WHERE ws = ? AND last = ?",
            (repack(row[3], segment, bodies), ws, segment.last),
        )
        left = [seq for seq in left if seq > segment.last]


def read_log(connection: sqlite3.Connection, ws: str, window: Window, limit: int) -> list[Row]:
    """Return the rows of a window that are not packed."""
    query = f"SELECT {LOG_COLUMNS} FROM log WHERE ws = ? AND seq >= ? AND seq <= ?"
    values: list[object] = [ws, window.first, window.last]
    if window.kind is not None:
        query, values = f"{query} AND kind = ?", [*values, window.kind]
    return [Row(*row) for row in connection.execute(f"{query} ORDER BY seq LIMIT ?", (*values, limit))]


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
