"""Pieces of work that take several statements, written once for both databases.

A script is a generator: it yields what it wants done and gets what came of it. On SQLite the writing or reading thread
drives it, on PostgreSQL a coroutine; whether it runs in a transaction is for the store to say.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from workspace.errors import WorkspaceMissing
from workspace.intents.model.log_format import LOG_FORMAT
from workspace.intents.model.record import Row
from workspace.intents.model.segment import Segment
from workspace.ports import JID_MAX, JournalRow, Taken
from workspace.store import statements
from workspace.store.checks import deposed, log_newer
from workspace.store.segments import SEQ_MAX, Packed, Window, not_next, repack, unpack

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """Run one statement; its rows come back."""

    statement: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Each:
    """Run one statement with each of these values; nothing comes back."""

    statement: str
    values: Sequence[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Beside:
    """Do something that takes long and needs no database, not on the loop; what it returns comes back."""

    work: Callable[[], object]


# What comes back is as the step says: rows, nothing, or what the work returned.
Script = Generator[Ask | Each | Beside, Any, T]


def ask(statement: str, *values: object) -> Script[list[tuple[Any, ...]]]:
    """Run one statement and return its rows."""
    rows: list[tuple[Any, ...]] = yield Ask(statement, values)
    return rows


def hold(ws: str, epoch: int) -> Script[None]:
    """Hold a workspace until the transaction ends. Raises `Deposed` unless the one who writes is still its owner."""
    found = yield Ask(statements.LOCK_EPOCH, (ws,))
    if not found or found[0][0] != epoch:
        raise deposed(ws, found[0][0] if found else None)


def claim(ws: str) -> Script[tuple[int, bool]]:
    """Raise the epoch; return it, and whether something goes on. Raises `WorkspaceMissing`, `LogNewer`."""
    raised = yield Ask(statements.CLAIM, (ws, LOG_FORMAT))
    if raised:
        epoch, is_busy = raised[0]
        return int(epoch), bool(is_busy)
    found = yield Ask(statements.SELECT_WORKSPACE, (ws,))
    if not found:
        raise WorkspaceMissing(f"there is no workspace {ws}")
    raise log_newer(ws, found[0][-1])


def take(ws: str, short: int) -> Script[Taken]:
    """Claim a workspace and read a short log. Raises `WorkspaceMissing`, `LogNewer`."""
    epoch, is_busy = yield from claim(ws)
    rows = yield from read_log(ws, Window(1, SEQ_MAX, None, short + 1), short + 1)
    journal = yield from read_journal(ws, 1, None, short + 1)
    is_whole = max(len(rows), len(journal)) <= short and (not rows or rows[0].seq == 1)
    return Taken(epoch, is_busy, (rows, journal) if is_whole else None)


def put_held(ws: str, epoch: int, statement: str, *values: object) -> Script[None]:
    """Run a statement as the owner of a workspace. Raises `Deposed`."""
    yield from hold(ws, epoch)
    yield Ask(statement, values)


def read_journal(ws: str, first: int, last: int | None, limit: int) -> Script[list[JournalRow]]:
    """Return journal rows in ascending order."""
    rows = yield Ask(statements.SELECT_JOURNAL, (ws, first, JID_MAX if last is None else last, limit))
    return [JournalRow(*row) for row in rows]


def read_log(ws: str, window: Window, limit: int) -> Script[list[Row]]:
    """Return the rows of a window that are not packed."""
    rows = yield Ask(statements.SELECT_LOG, (ws, window.first, window.last, window.kind, limit))
    return [Row(*row) for row in rows]


def read_rows(ws: str, window: Window) -> Script[list[Row]]:
    """Return log rows in ascending order, from packed segments and the hot log: of one moment, the store sees to that.

    Raises:
        SegmentCorrupt: a packed segment in the window is unreadable, or not what was packed.
        RecordUnknown: a packed row has a field that this version does not know.
    """
    found: list[Row] = []
    first = window.first
    while packed := (yield Ask(statements.SELECT_SEGMENT, (ws, first, window.last))):
        segment, content = Segment(*packed[0][:3]), packed[0][3]
        found += window.of((yield Beside(partial(unpack, content, segment))))
        if len(found) >= window.limit:
            return found[: window.limit]
        first = segment.last + 1
    return found + (yield from read_log(ws, window, window.limit - len(found)))


def first_hot(ws: str) -> Script[int]:
    """Return the first `seq` that is not packed; every one behind it is not packed either."""
    rows = yield Ask(statements.SELECT_FIRST_AND_LAST, (ws,))
    return int(rows[0][0] or 1)


def read_hot(ws: str, segment: Segment) -> Script[list[Row]]:
    """Return the hot rows of a segment that is to be packed."""
    window = Window(segment.first, segment.last, None, segment.last - segment.first + 1)
    return (yield from read_log(ws, window, window.limit))


def move(ws: str, epoch: int, packed: Packed) -> Script[bool]:
    """Put a packed segment in the place of its hot rows; False, and nothing done, where they have changed meanwhile.

    Raises:
        Deposed: another server owns the workspace.
        StoreFault: it is not the next segment, or nothing would be left behind it to say where the log ends.
    """
    segment = packed.segment
    yield from hold(ws, epoch)
    ((first, newest),) = yield Ask(statements.SELECT_FIRST_AND_LAST, (ws,))
    if (first or 1) != segment.first or (newest or 0) <= segment.last:
        raise not_next(ws, segment)
    if tuple((yield from read_hot(ws, segment))) != packed.rows:
        return False
    row = (ws, segment.first, segment.last, segment.root, packed.content)
    yield Ask(statements.INSERT_SEGMENT, row)
    yield Ask(statements.DELETE_LOG, (ws, segment.first, segment.last))
    return True


def rewrite(ws: str, epoch: int, bodies: Mapping[int, str], blobs: Sequence[str]) -> Script[None]:
    """Put other bodies in the place of records, packed ones too, and forget parts of the archive.

    Hashes and roots stay (redaction). Raises `Deposed`, `SegmentCorrupt`.
    """
    yield from hold(ws, epoch)
    yield Each(statements.UPDATE_BODY, [(ws, seq, body) for seq, body in bodies.items()])
    left = sorted(bodies)
    while left and (packed := (yield Ask(statements.SELECT_SEGMENT, (ws, left[0], left[0])))):
        segment, content = Segment(*packed[0][:3]), packed[0][3]
        again = yield Beside(partial(repack, content, segment, bodies))
        yield Ask(statements.UPDATE_SEGMENT, (ws, segment.last, again))
        left = [seq for seq in left if seq > segment.last]
    yield Each(statements.DELETE_BLOB, [(ws, sha) for sha in blobs])
