"""The packed part of the log on PostgreSQL; the form of a segment is `workspace.store.segments`'s."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from workspace.intents.model.record import Row
from workspace.intents.model.segment import Segment
from workspace.store.postgres.writer import lock_epoch
from workspace.store.segments import LOG_COLUMNS, Packed, Window, not_next, repack, unpack

SELECT_SEGMENTS = """SELECT first, last, root, content FROM segment
    WHERE ws = $1 AND last >= $2 AND first <= $3 ORDER BY last"""


async def read_rows(connection: Any, ws: str, window: Window) -> list[Row]:
    """Return log rows in ascending order, from packed segments and the hot log as of one moment.

    Raises:
        SegmentCorrupt: a packed segment in the window is unreadable, or not what was packed.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found: list[Row] = []
        async for first, last, root, content in connection.cursor(
            SELECT_SEGMENTS, ws, window.first, window.last, prefetch=4
        ):
            found += window.of(await asyncio.to_thread(unpack, content, Segment(first, last, root)))
            if len(found) >= window.limit:
                return found[: window.limit]
        return found + await read_log(connection, ws, window, window.limit - len(found))


async def read_log(connection: Any, ws: str, window: Window, limit: int) -> list[Row]:
    """Return the rows of a window that are not packed."""
    rows = await connection.fetch(
        f"""SELECT {LOG_COLUMNS} FROM log
        WHERE ws = $1 AND seq BETWEEN $2 AND $3 AND ($4::text IS NULL OR kind = $4) ORDER BY seq LIMIT $5""",
        ws,
        window.first,
        window.last,
        window.kind,
        limit,
    )
    return [Row(*row) for row in rows]


async def first_hot(connection: Any, ws: str) -> int:
    """Return the first `seq` that is not packed; every one behind it is not packed either."""
    return int(await connection.fetchval("SELECT min(seq) FROM log WHERE ws = $1", ws) or 1)


async def read_hot(connection: Any, ws: str, segment: Segment) -> list[Row]:
    """Return the hot rows of a segment that is to be packed."""
    window = Window(segment.first, segment.last, None, segment.last - segment.first + 1)
    return await read_log(connection, ws, window, window.limit)


async def move(connection: Any, ws: str, epoch: int, packed: Packed) -> bool:
    """Put a packed segment in the place of its hot rows; False, and nothing done, where they have changed meanwhile.

    Raises:
        Deposed: another server owns the workspace.
        StoreFault: it is not the next segment, or nothing would be left behind it to say where the log ends.
    """
    segment = packed.segment
    await lock_epoch(connection, ws, epoch)
    newest = await connection.fetchval("SELECT max(seq) FROM log WHERE ws = $1", ws) or 0
    if await first_hot(connection, ws) != segment.first or newest <= segment.last:
        raise not_next(ws, segment)
    if tuple(await read_hot(connection, ws, segment)) != packed.rows:
        return False
    await connection.execute(
        "INSERT INTO segment (ws, last, first, root, content) VALUES ($1, $2, $3, $4, $5)",
        ws,
        segment.last,
        segment.first,
        segment.root,
        packed.content,
    )
    await connection.execute("DELETE FROM log WHERE ws = $1 AND seq BETWEEN $2 AND $3", ws, segment.first, segment.last)
    return True


async def rewrite_packed(connection: Any, ws: str, bodies: Mapping[int, str]) -> None:
    """Put other bodies in the place of packed records. Hashes and root stay (redaction). Raises `SegmentCorrupt`."""
    left = sorted(bodies)
    while left:
        row = await connection.fetchrow(f"{SELECT_SEGMENTS} LIMIT 1", ws, left[0], left[0])
        if row is None:
            return  # this one is hot, and so is every one behind it
        segment = Segment(row["first"], row["last"], row["root"])
        content = repack(row["content"], segment, bodies)
        await connection.execute(
            "UPDATE segment SET content = $3 WHERE ws = $1 AND last = $2", ws, segment.last, content
        )
        left = [seq for seq in left if seq > segment.last]
