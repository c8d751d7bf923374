"""One thread that owns the only writing connection: batches in, durable in order, many per transaction.

Group commit without a delay: whatever waits when the thread is free shares the next fsync (promises §4: 40,000 durable
rows a second at 32 writers on the measured machine). Checkpoints happen on this connection only, which also avoids
SQLite's WAL-reset bug before 3.51.3.
"""

from __future__ import annotations

import asyncio
import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from workspace.errors import StoreBusy, StoreFault, WorkspaceFault
from workspace.ports import Batch
from workspace.store import statements
from workspace.store.checks import Head, check_head, deposed, size_of
from workspace.telemetry import LOGGER

QUEUE_MAX = 10_000
GROUP_BATCHES_MAX = 256
GROUP_BYTES_MAX = 4 << 20
BROKE = "the writer of the store broke, nothing is written until the server is started again"
# Errors of one job's values; all others are the database's, and the whole group's.
ITS_OWN = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)
Work = Callable[[sqlite3.Connection], object]

# One row always; the epoch is null where the workspace is gone.
SELECT_HEAD = """SELECT (SELECT epoch FROM workspace WHERE id = :ws),
    (SELECT coalesce(max(seq), 0) FROM log WHERE ws = :ws),
    (SELECT coalesce(max(jid), 0) FROM journal WHERE ws = :ws)"""
# All of many workspaces as one value; those that are gone are missing. See `_run_together`.
SELECT_HEADS = """SELECT json_group_array(json_array(id, epoch,
    (SELECT coalesce(max(seq), 0) FROM log WHERE ws = id), (SELECT coalesce(max(jid), 0) FROM journal WHERE ws = id)))
    FROM workspace WHERE id IN (SELECT value FROM json_each(?1))"""
# From so many batches on they are written together: fewer are as fast one by one.
TOGETHER_MIN = 8
# Rows of one statement: each number of them is a statement of its own that SQLite compiles, once. A busy loop gives the
# interpreter back some milliseconds after each statement, so many rows are few statements: a multiple of the first.
ROWS_AT_ONCE = (16, 4, 1)
# SQLite takes 32,766 values in a statement; a row of the log has nine.
ROWS_MOST = 1_024


class Job(msgspec.Struct):
    """A batch or a small piece of work, and the future that learns of it."""

    work: Batch | Work
    future: asyncio.Future[object]
    loop: asyncio.AbstractEventLoop
    # Whether it writes with one statement at most, which undoes itself when it fails; others need a savepoint.
    is_single: bool


Result = tuple[Job, object, Exception | None]
Run = Callable[[sqlite3.Connection, Sequence[Job]], list[Result]]


class Writer:
    """The writing thread. `submit` never blocks; futures resolve in order, after the fsync."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        # Why nothing is written any more: the thread has ended.
        self._fault: StoreFault | None = None
        self._thread = threading.Thread(target=self._run, name="folkmoot-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Batch | Work, *, is_single: bool = False) -> asyncio.Future[object]:
        """Queue work; its future fails with `StoreBusy` at once when 10,000 pieces wait.

        Work that writes with one statement at most may say that it `is_single`; batches are counted.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        is_single = _statements(work) <= 1 if isinstance(work, Batch) else is_single
        with self._lock:
            if self._fault is not None:
                future.set_exception(self._fault)
            elif self._waiting >= QUEUE_MAX:
                future.set_exception(StoreBusy(f"{QUEUE_MAX} batches wait for the disk", retry=True))
            else:
                self._waiting += 1
                self._jobs.put(Job(work, future, loop, is_single))
        return future

    async def close(self) -> None:
        """Write what waits, then end the thread."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        """Write until the end. However the thread ends, nobody waits for it for ever."""
        group: Sequence[Job] | None = ()
        fault = StoreFault("the store is closed")
        try:
            connection = self._connect()
            try:
                while (group := self._next_group()) is not None:
                    self._commit(connection, group)
            finally:
                connection.close()
        except BaseException as bug:  # noqa: BLE001  the thread's root: there is no other to hear of it
            LOGGER.critical("the writer of the store broke: nothing is written until a restart", exc_info=bug)
            fault = fault_of(bug) if isinstance(bug, sqlite3.Error) else StoreFault(f"{BROKE}: {type(bug).__name__}")
        self._fail(group or (), fault)

    def _fail(self, group: Sequence[Job], fault: StoreFault) -> None:
        """Tell everybody that nothing is written any more: those in hand, those that wait, those to come."""
        jobs = list(group)
        with self._lock:
            self._fault = fault
            while not self._jobs.empty():
                job = self._jobs.get_nowait()
                if job is not None:
                    jobs.append(job)
        _tell([(job, None, fault) for job in jobs])

    def _next_group(self) -> list[Job] | None:
        """Return what waits now, in order, within the bounds of one transaction; None at the end."""
        first = self._jobs.get()
        if first is None:
            return None
        group, size = [first], size_of(first.work)
        while len(group) < GROUP_BATCHES_MAX and size < GROUP_BYTES_MAX:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            group.append(job)
            size += size_of(job.work)
        with self._lock:
            self._waiting -= len(group)
        return group

    def _commit(self, connection: sqlite3.Connection, group: Sequence[Job]) -> None:
        """Run a group in one transaction, no job harming another; then tell everybody."""
        results: list[Result] | None = None
        if len(group) >= TOGETHER_MIN and all(isinstance(job.work, Batch) for job in group):
            results = _in_transaction(connection, group, _run_together)
        # Where one of them cannot be written: which one, shows as each is run by itself.
        if results is None:
            results = _in_transaction(connection, group, _run_each)
        assert results is not None, "jobs that are run one by one fail one by one"
        _tell(results)


def _in_transaction(connection: sqlite3.Connection, group: Sequence[Job], run: Run) -> list[Result] | None:
    """Return what `run` made of a group, once it is on disk; None where a value of one kept all from being written."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        results = run(connection, group)
        connection.execute("COMMIT")
    except Exception as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        is_the_database = isinstance(error, sqlite3.Error) and not isinstance(error, ITS_OWN)
        if run is _run_together and not is_the_database:
            return None
        if not isinstance(error, sqlite3.Error):
            raise
        return [(job, None, fault_of(error)) for job in group]
    return results


def _run_together(connection: sqlite3.Connection, group: Sequence[Job]) -> list[Result]:
    """Write the batches of a group with as few statements as there can be.

    Each statement, and each row that one returns, is a moment in which this thread lets go of Python's lock and has to
    get it back from a loop that may be busy.
    """
    batches = [job.work for job in group if isinstance(job.work, Batch)]
    assert len(batches) == len(group), "only batches are written together"
    names = msgspec.json.encode(sorted({batch.ws for batch in batches})).decode()
    found = msgspec.json.decode(connection.execute(SELECT_HEADS, (names,)).fetchone()[0])
    heads = {ws: Head(epoch, seq, jid) for ws, epoch, seq, jid in found}
    results, fitting = list[Result](), list[Batch]()
    for job, batch in zip(group, batches, strict=True):
        try:
            head = heads.get(batch.ws)
            if head is None:
                raise deposed(batch.ws, None)
            check_head(head, batch)
        except WorkspaceFault as fault:
            results.append((job, None, fault))
        else:
            head.follow(batch)
            fitting.append(batch)
            results.append((job, None, None))
    _append(connection, fitting)
    return results


def _run_each(connection: sqlite3.Connection, group: Sequence[Job]) -> list[Result]:
    """Run jobs one by one, each in a savepoint where it writes with more than one statement."""
    # Nobody else writes between BEGIN IMMEDIATE and COMMIT, so what was read of a workspace holds for the group.
    heads: dict[str, Head] = {}
    return [(job, *_run_one(connection, job, heads)) for job in group]


def _tell(results: Sequence[Result]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Result]] = {}
    for told in results:
        by_loop.setdefault(told[0].loop, []).append(told)
    for loop, own in by_loop.items():
        # One waking of the loop for the whole group: each costs a lock and a write to its pipe.
        with suppress(RuntimeError):  # that loop is closed: nobody waits there
            loop.call_soon_threadsafe(_resolve, own)


def _run_one(connection: sqlite3.Connection, job: Job, heads: dict[str, Head]) -> tuple[object, WorkspaceFault | None]:
    """Run one job so that it leaves nothing behind where it fails."""
    work = job.work
    if isinstance(work, Batch):
        try:
            head = _checked(connection, work, heads)
        except WorkspaceFault as fault:
            return None, fault
    result = None
    if not job.is_single:
        connection.execute("SAVEPOINT job")
    try:
        if isinstance(work, Batch):
            _append(connection, [work])
            head.follow(work)
        else:
            heads.clear()
            result = work(connection)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and not isinstance(error, ITS_OWN):
            raise
        if not job.is_single:
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
        return None, _own_fault(error)
    if not job.is_single:
        connection.execute("RELEASE job")
    return result, None


def _own_fault(error: Exception) -> WorkspaceFault:
    """Return what one job is told of its own failure."""
    if isinstance(error, WorkspaceFault):
        return error
    if isinstance(error, sqlite3.IntegrityError):
        return StoreFault(f"a row exists already: {error}")
    LOGGER.error("the store could not write a batch", exc_info=error)
    return StoreFault(f"this cannot be written: {type(error).__name__}")


def _checked(connection: sqlite3.Connection, batch: Batch, heads: dict[str, Head]) -> Head:
    """Return where a batch goes on, before anything of it is written; a newer owner deposes it (semantics §7)."""
    head = heads.get(batch.ws)
    if head is None:
        epoch, seq, jid = connection.execute(SELECT_HEAD, {"ws": batch.ws}).fetchone()
        if epoch is None:
            raise deposed(batch.ws, None)
        head = heads[batch.ws] = Head(epoch, seq, jid)
    check_head(head, batch)
    return head


def _statements(batch: Batch) -> int:
    """Return how many statements write a batch."""
    many = len(batch.journal) + len(batch.rows) + len(batch.blobs) + len(batch.snapshots)
    return many + (batch.is_busy is not None)


def _append(connection: sqlite3.Connection, batches: Sequence[Batch]) -> None:
    """Write batches that were checked."""
    journal = [(b.ws, e.jid, e.doc, e.lane, e.actor, e.update) for b in batches for e in b.journal]
    log = [(b.ws, r.seq, r.epoch, r.kind, r.at, r.actor, r.body, r.prev, r.hash) for b in batches for r in b.rows]
    blobs = [(b.ws, blob.sha, blob.content) for b in batches for blob in b.blobs]
    snapshots = [(b.ws, s.doc, s.jid, s.state, s.digest) for b in batches for s in b.snapshots]
    busy = [(b.ws, b.is_busy) for b in batches if b.is_busy is not None]
    _insert(connection, statements.INSERT_JOURNAL, journal)
    _insert(connection, statements.INSERT_LOG, log)
    for statement, rows in (
        (statements.INSERT_BLOB, blobs),
        (statements.INSERT_SNAPSHOT, snapshots),
        (statements.UPDATE_BUSY, busy),
    ):
        if rows:
            connection.executemany(statement, rows)


def _insert(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Write rows, many at once."""
    done = 0
    for count in ROWS_AT_ONCE:
        while len(rows) - done >= count:
            size = count if count < ROWS_AT_ONCE[0] else min(ROWS_MOST, (len(rows) - done) // count * count)
            values = tuple(itertools.chain.from_iterable(rows[done : done + size]))
            connection.execute(statements.of_rows(statement, size), values)
            done += size
    assert done == len(rows), "the last of them are written one by one"


def _resolve(results: Sequence[Result]) -> None:
    for job, result, failure in results:
        if job.future.done():
            continue
        if failure is not None:
            job.future.set_exception(failure)
        else:
            job.future.set_result(result)


def fault_of(error: sqlite3.Error) -> StoreFault:
    """Return a database error as a fault that says whether trying again is safe."""
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return StoreFault(
            f"the disk took nothing more: {text}. Free some space, nothing acknowledged is lost.", retry=True
        )
    if "locked" in text or "busy" in text:
        return StoreFault(f"the database is locked by another process: {text}", retry=True)
    return StoreFault(f"the database failed: {text}")
