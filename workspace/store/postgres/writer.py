"""One task on one connection: batches in, durable in order, many per transaction.

Group commit without a delay, as on SQLite: whatever waits while a transaction is under way shares the next one. The
rows of all workspaces in a group are locked first (`FOR UPDATE`, by id), so that nobody can claim one of them before
the group is durable, and a server that was deposed sees the newer epoch before it writes. Other work has a
transaction of its own.

Where the database refuses a group, it runs again with a savepoint around each batch. Where the connection is lost,
everything that waits fails, whether it was in the transaction or not: what follows a lost batch could not be written.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workspace.errors import StoreBusy, StoreFault, WorkspaceFault
from workspace.ports import Batch
from workspace.store import statements
from workspace.store.checks import Head, check_head, deposed, size_of
from workspace.store.postgres.link import FAULTS, LOCKED, REFUSALS, escape, fault_of, is_lost
from workspace.store.writer import BROKE, GROUP_BATCHES_MAX, GROUP_BYTES_MAX, QUEUE_MAX

Work = Callable[[Any], Awaitable[object]]
LOGGER = logging.getLogger("folkmoot")

LOCK = "SELECT id, epoch FROM workspace WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"
# A statement of its own: it must see what was written while the lock was waited for.
SELECT_ENDS = """SELECT id,
    (SELECT coalesce(max(seq), 0) FROM log WHERE ws = id) AS seq,
    (SELECT coalesce(max(jid), 0) FROM journal WHERE ws = id) AS jid
    FROM unnest($1::text[]) AS id"""


@dataclass(frozen=True, slots=True)
class Job:
    """A batch or a piece of work, and the future that learns of it."""

    work: Batch | Work
    future: asyncio.Future[object]


Result = tuple[object, Exception | None]


class PostgresWriter:
    """The writing task. `submit` never blocks; futures resolve in order, after the commit."""

    def __init__(self, connect: Callable[[], Awaitable[Any]]) -> None:
        self._connect = connect
        self._connection: Any = None
        self._jobs: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._is_closing = False
        # Why nothing is written any more: the task has ended.
        self._fault = StoreFault("the store is closed")
        self._task = asyncio.create_task(self._run(), name="folkmoot-writer")

    def submit(self, work: Batch | Work) -> asyncio.Future[object]:
        """Queue work; its future fails with `StoreBusy` at once when 10,000 pieces wait."""
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self._is_closing:
            future.set_exception(self._fault)
        elif len(self._jobs) >= QUEUE_MAX:
            future.set_exception(StoreBusy(f"{QUEUE_MAX} batches wait for the database", retry=True))
        else:
            self._jobs.append(Job(work, future))
            self._wake.set()
        return future

    async def close(self) -> None:
        """Write what waits, then end the task and its connection."""
        self._is_closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        group: Sequence[Job] = ()
        fault = StoreFault("the store was closed", retry=True)
        try:
            while await self._has_work():
                group = self._next_group()
                await self._serve(group)
            if self._connection is not None:
                await self._connection.close(timeout=1)
        except FAULTS:
            self._drop()  # it was closing anyway
        except asyncio.CancelledError:
            raise
        except BaseException as bug:  # the task's root: what awaits it may come hours later, or never
            LOGGER.critical("the writer of the store broke: nothing is written until a restart", exc_info=bug)
            fault = self._fault = StoreFault(f"{BROKE}: {type(bug).__name__}")
            raise
        finally:
            self._is_closing = True
            self._drop()
            # Cancelled with the loop: nobody may wait for ever.
            self._fail([*group, *self._jobs], fault)
            self._jobs.clear()

    async def _has_work(self) -> bool:
        while not self._jobs and not self._is_closing:
            self._wake.clear()
            await self._wake.wait()
        return bool(self._jobs)

    def _next_group(self) -> list[Job]:
        """Return what waits now, in order, within the bounds of one transaction; work that is no batch comes alone."""
        group = [self._jobs.popleft()]
        size = size_of(group[0].work)
        while (
            self._jobs
            and isinstance(group[0].work, Batch)
            and isinstance(self._jobs[0].work, Batch)
            and len(group) < GROUP_BATCHES_MAX
            and size < GROUP_BYTES_MAX
        ):
            group.append(self._jobs.popleft())
            size += size_of(group[-1].work)
        return group

    async def _serve(self, group: Sequence[Job]) -> None:
        """Commit a group and tell everybody, in order."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            results = await _commit(self._connection, group)
        except FAULTS as error:
            results = [(None, fault_of(error))] * len(group)
            if is_lost(error) or self._connection is None or self._connection.is_closed():
                self._drop()
                group = [*group, *self._jobs]
                results += [(None, fault_of(error))] * len(self._jobs)
                self._jobs.clear()
        except asyncio.CancelledError:
            self._fail(group, StoreFault("the store was closed", retry=True))
            raise
        except BaseException as error:
            LOGGER.exception("the writer failed")
            results = [(None, StoreFault(f"the store failed: {type(error).__name__}"))] * len(group)
            self._drop()
        for job, (result, failure) in zip(group, results, strict=True):
            if job.future.done():
                continue
            if failure is not None:
                job.future.set_exception(failure)
            else:
                job.future.set_result(result)

    def _fail(self, jobs: Iterable[Job], fault: StoreFault) -> None:
        for job in jobs:
            if not job.future.done():
                job.future.set_exception(fault)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


async def _commit(connection: Any, group: Sequence[Job]) -> list[Result]:
    """Run a group in one transaction, no batch harming another."""
    work = group[0].work
    if not isinstance(work, Batch):
        try:
            async with connection.transaction():
                return [(await work(connection), None)]
        except WorkspaceFault as fault:
            return [(None, fault)]
    batches = [job.work for job in group if isinstance(job.work, Batch)]
    try:
        return await _together(connection, batches)
    except REFUSALS:
        return await _one_by_one(connection, batches, skips=False)
    except LOCKED:
        return await _one_by_one(connection, batches, skips=True)


async def _together(connection: Any, batches: Sequence[Batch]) -> list[Result]:
    async with connection.transaction():
        heads = await _lock(connection, batches)
        results: list[Result] = []
        fitting: list[Batch] = []
        for batch in batches:
            try:
                head = _checked(heads, batch)
            except StoreFault as fault:
                results.append((None, fault))
            else:
                head.follow(batch)
                fitting.append(batch)
                results.append((None, None))
        await _append(connection, fitting)
    return results


async def _one_by_one(connection: Any, batches: Sequence[Batch], *, skips: bool) -> list[Result]:
    """Run batches again, each in a savepoint; `skips` leaves out workspaces that somebody else holds."""
    async with connection.transaction():
        heads = await _lock(connection, batches, skips=skips)
        results: list[Result] = []
        for batch in batches:
            try:
                head = _checked(heads, batch)
                async with connection.transaction():
                    await _append(connection, [batch])
                head.follow(batch)
            except (StoreFault, *REFUSALS) as error:
                results.append((None, fault_of(error)))
            else:
                results.append((None, None))
    return results


async def _lock(connection: Any, batches: Sequence[Batch], *, skips: bool = False) -> dict[str, Head | None]:
    """Lock the workspaces of batches and return where they stand: None is held by another, what is gone is missing."""
    names = sorted({escape(batch.ws) for batch in batches})
    heads: dict[str, Head | None] = {}
    if skips:
        known = await connection.fetch("SELECT id FROM workspace WHERE id = ANY($1::text[])", names)
        heads = dict.fromkeys(row["id"] for row in known)
    locked = await connection.fetch(f"{LOCK} SKIP LOCKED" if skips else LOCK, names)
    epochs = {row["id"]: row["epoch"] for row in locked}
    for row in await connection.fetch(SELECT_ENDS, [escape(id) for id in epochs]):
        heads[row["id"]] = Head(epochs[row["id"]], row["seq"], row["jid"])
    return heads


def _checked(heads: dict[str, Head | None], batch: Batch) -> Head:
    """Return where a batch goes on, before anything of it is written; a newer owner deposes it (semantics §7)."""
    if batch.ws not in heads:
        raise deposed(batch.ws, None)
    head = heads[batch.ws]
    if head is None:
        raise StoreFault(f"workspace {batch.ws} is locked by another process", retry=True)
    check_head(head, batch)
    return head


async def _append(connection: Any, batches: Sequence[Batch]) -> None:
    """Write batches whose workspaces are locked, one round trip a table."""
    journal = [(b.ws, e.jid, e.doc, e.lane, e.actor, e.update) for b in batches for e in b.journal]
    log = [(b.ws, r.seq, r.epoch, r.kind, r.at, r.actor, r.body, r.prev, r.hash) for b in batches for r in b.rows]
    blobs = [(b.ws, blob.sha, blob.content) for b in batches for blob in b.blobs]
    snapshots = [(b.ws, s.doc, s.jid, s.state, s.digest) for b in batches for s in b.snapshots]
    busy = {b.ws: b.is_busy for b in batches if b.is_busy is not None}
    for statement, rows in (
        (statements.INSERT_JOURNAL, journal),
        (statements.INSERT_LOG, log),
        (statements.INSERT_BLOB, blobs),
        (statements.INSERT_SNAPSHOT, snapshots),
        (statements.UPDATE_BUSY, list(busy.items())),
    ):
        if rows:
            await connection.executemany(statements.for_postgres(statement), rows)
