"""A second workspace from a first one's past: the same log up to any `seq`, and a life of its own from there.

Nothing is rewritten: records keep their hashes, so the fork's chain is the original's up to the fork. Journal rows that
no record up to there names are left empty. What was still to be sent outside is not sent again.
"""

from __future__ import annotations

from crdt.digest import sha256_of
from crdt.documents.backing import EMPTY_UPDATE
from workspace.history.blob_names import names_in
from workspace.history.read import read_all
from workspace.intents.audit.time_travel import end_of_turn, last_journal_row
from workspace.intents.model.bodies import ConfigBody, RecordKinds
from workspace.intents.model.intent import Forked
from workspace.intents.model.record import Row, read_row, seal
from workspace.intents.model.times import timestamp
from workspace.intents.state.replay import JournalIndex
from workspace.names import TITLE_POINTS_MAX
from workspace.ports import EVERYBODY, Batch, Clock, InboxRow, JournalRow, Store, WorkspaceRow
from workspace.threads import compute

CHUNK = 2_000
EPOCHS_APART = 1_000


async def fork_workspace(store: Store, clock: Clock, ws: str, *, at: int, id: str, name: str, actor: str) -> int:
    """Make workspace `id` from `ws` as it was after record `at` (1 to its last); return where it begins.

    Without a `name` it is called after where it comes from.

    That is the end of the turn in which `at` was written: a commit without its verdict would be carried out again.

    Raises:
        WorkspaceExists: there is one of that id.
        StoreFault: the database failed; the half-made workspace was removed.
    """
    rows, journal = await read_all(store, ws)
    at = end_of_turn(rows, at)
    rows = rows[:at]
    assert [row.seq for row in rows[-1:]] == [at], "a fork begins where a turn has ended"
    name = name or f"{id} (from {ws} at {at})"[:TITLE_POINTS_MAX]
    kept = await compute(_journal_of, rows, journal)
    # The fork's epochs lie apart from those that the original will have; Yjs ids were once made of them (decision 74).
    base = rows[-1].epoch + EPOCHS_APART * (1 + int(sha256_of(id.encode())[7:10], 16))
    await store.create_workspace(WorkspaceRow(id, name, timestamp(clock.now()), epoch=base))
    try:
        epoch = await store.claim(id)
        for first in range(0, max(len(kept), 1), CHUNK):
            if kept:
                await store.submit(Batch(id, epoch, journal=kept[first : first + CHUNK]))
        for first in range(0, len(rows), CHUNK):
            await store.submit(Batch(id, epoch, tuple(rows[first : first + CHUNK])))
        await _share_blobs(store, clock, ws, id, rows, kept)
        # What ended before the fork was told in the original.
        await store.put_inbox(InboxRow(id, EVERYBODY, at), epoch)
        body = ConfigBody(name=name, forked=Forked(ws, at), receivers={})
        record = seal(body, seq=at + 1, epoch=epoch, at=timestamp(clock.now()), actor=actor, prev=rows[-1].hash)
        # Whether something was under way at `at`, the first opening finds out: the next person's, or the next server's.
        await store.submit(Batch(id, epoch, (record.row,), is_busy=True))
    except BaseException:
        await store.delete_workspace(id)
        raise
    return at


async def _share_blobs(
    store: Store, clock: Clock, ws: str, id: str, rows: list[Row], journal: tuple[JournalRow, ...]
) -> None:
    """Let the fork have the files that it names; all of them where a document cannot be read. No byte is copied."""
    found = await store.blob_rows(ws)
    named = await compute(names_in, rows, journal) if found else None
    while found:
        wanted = [row.sha for row in found if named is None or row.sha in named]
        await store.share_blobs(ws, id, wanted, clock.now())
        found = await store.blob_rows(ws, after=found[-1].sha)


def _journal_of(rows: list[Row], journal: list[JournalRow]) -> tuple[JournalRow, ...]:
    """Return the journal that these records need: dense, with nothing in rows that none of them names."""
    index, last = JournalIndex.of(journal), last_journal_row(rows)
    for row in rows:
        if row.kind in (RecordKinds.UPDATE, RecordKinds.COMMIT):
            index.take(read_row(row))
    return tuple(
        row if row.jid in index.used else JournalRow(row.jid, row.doc, row.lane, row.actor, EMPTY_UPDATE)
        for row in journal[:last]
    )
