"""One contract for every store: durable in order, atomic, fenced, nothing lost over a restart."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from workspace.errors import Deposed, StoreFault, WorkspaceExists, WorkspaceMissing
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.record import Row, seal
from workspace.ports import (
    EVERYBODY,
    SERVER,
    Batch,
    InboxRow,
    JournalRow,
    LaneRow,
    SnapshotRow,
    Store,
    SwitchRow,
    TokenRow,
    WorkspaceRow,
)


def rows(count: int, *, after: Row | None = None, epoch: int = 1) -> list[Row]:
    made: list[Row] = []
    last = after
    for _ in range(count):
        seq, prev = (last.seq + 1, last.hash) if last else (1, "")
        body = ConfigBody(name=f"Zoë ✓ 😀 {seq}")
        last = seal(body, seq=seq, epoch=epoch, at="t", actor="ana", prev=prev).row
        made.append(last)
    return made


def journal(first: int, count: int) -> tuple[JournalRow, ...]:
    return tuple(JournalRow(jid, "plan", "L", "ana", bytes([jid % 256]) * 100) for jid in range(first, first + count))


async def test_what_was_submitted_comes_back_in_order(store: Store) -> None:
    epoch = await store.claim("w")
    written = rows(50, epoch=epoch)
    futures = [store.submit(Batch("w", epoch, (row,), journal(1 + 2 * at, 2))) for at, row in enumerate(written)]
    await asyncio.gather(*futures)
    assert await store.rows("w", limit=1000) == written
    assert await store.rows("w", first=10, last=12) == written[9:12]
    assert [row.jid for row in await store.journal("w")] == list(range(1, 101))
    assert await store.head("w") == (50, written[-1].hash, 100)


async def test_who_takes_a_workspace_owns_it_and_gets_a_short_log_whole(store: Store) -> None:
    epoch = await store.claim("w")
    written = rows(5, epoch=epoch)
    await store.submit(Batch("w", epoch, tuple(written), journal(1, 3), is_busy=True))
    taken = await store.take("w", short=5)
    assert (taken.epoch, taken.is_busy) == (epoch + 1, True)
    assert taken.log == (written, list(journal(1, 3)))
    with pytest.raises(Deposed):
        await store.submit(Batch("w", epoch, journal=journal(4, 1)))
    assert (await store.take("w", short=4)).log is None
    with pytest.raises(WorkspaceMissing):
        await store.take("nowhere", short=5)
    with pytest.raises(WorkspaceMissing):
        await store.claim("nowhere")


async def test_a_batch_that_does_not_follow_leaves_nothing_and_stops_what_comes_behind(store: Store) -> None:
    epoch = await store.claim("w")
    first, second, third = rows(3, epoch=epoch)
    await store.submit(Batch("w", epoch, (first,), journal(1, 1)))
    broken = store.submit(Batch("w", epoch, (second,), journal(9, 1)))
    behind = store.submit(Batch("w", epoch, (third,), journal(2, 1)))
    for future in (broken, behind):
        with pytest.raises(StoreFault):
            await future
    assert await store.rows("w") == [first]
    assert len(await store.journal("w")) == 1


async def test_records_are_not_written_when_the_journal_rows_before_them_were_lost(store: Store) -> None:
    epoch = await store.claim("w")
    first, second = rows(2, epoch=epoch)
    await store.submit(Batch("w", epoch, (first,), journal(1, 1), head=(1, 1)))
    lost = store.submit(Batch("w", epoch, (), journal(9, 1), head=(1, 2)))
    behind = store.submit(Batch("w", epoch, (second,), head=(2, 2)))
    for future in (lost, behind):
        with pytest.raises(StoreFault):
            await future
    assert await store.head("w") == (1, first.hash, 1)


async def test_a_new_claim_deposes_the_old_owner(store: Store) -> None:
    old = await store.claim("w")
    new = await store.claim("w")
    assert new == old + 1
    with pytest.raises(Deposed):
        await store.submit(Batch("w", old, tuple(rows(1, epoch=old))))
    await store.submit(Batch("w", new, tuple(rows(1, epoch=new))))
    assert len(await store.rows("w")) == 1


async def test_snapshots_lanes_and_tokens_are_kept(store: Store) -> None:
    epoch = await store.claim("w")
    await store.submit(Batch("w", epoch, (), journal(1, 1), (SnapshotRow("plan", 1, b"\x00" * 5_000_000, "d"),)))
    assert [len(row.state) for row in await store.snapshots("w")] == [5_000_000]
    lane = LaneRow("w", "L1", "ana", "hash", "now")
    await store.put_lane(lane)
    assert await store.lane("w", "L1") == lane
    assert await store.lane("w", "L2") is None
    assert await store.count_tokens() == 0
    for id, actor in (("a", "ana"), ("b", "ben")):
        await store.put_token(TokenRow(id, "w", actor, "editor", "h", 5.5, revoked=False, created_at=id))
    assert await store.revoke("w", actor="ana") == ["a"]
    assert await store.revoke("w", actor="ana") == []
    assert [row.revoked for row in await store.tokens("w")] == [True, False]
    assert await store.count_tokens() == 2


async def test_the_mark_of_the_tokens_is_another_one_after_every_change_and_the_servers_count_everywhere(
    store: Store,
) -> None:
    await store.create_workspace(WorkspaceRow("v", "v", "now"))
    marks = [await store.token_mark()]
    made = TokenRow("a", "w", "ana", "editor", "h", None, revoked=False, created_at="1")
    for row in (
        made,
        *(msgspec.structs.replace(made, id=id, ws=ws, expires=9.5) for id, ws in (("b", "v"), ("c", None))),
    ):
        await store.put_token(row)
        marks.append(await store.token_mark())
    assert [row.id for row in await store.tokens("w")] == ["a", "c"]
    assert await store.revoke("w", actor="ana") == ["a"], "the whole server's is not this workspace's to revoke"
    marks.append(await store.token_mark())
    assert len(set(marks)) == len(marks)
    assert await store.token_mark() == marks[-1]


async def test_whether_something_goes_on_is_kept_with_the_batch_that_says_so(store: Store) -> None:
    epoch = await store.claim("w")
    one, other, third = rows(3, epoch=epoch)

    async def is_busy() -> bool:
        row = await store.workspace("w")
        assert row is not None
        assert await store.workspaces() == [row]
        return row.is_busy

    assert not await is_busy()
    await store.submit(Batch("w", epoch, (one,), is_busy=True))
    assert await is_busy()
    await store.submit(Batch("w", epoch, (other,)))
    assert await is_busy()
    with pytest.raises(StoreFault):
        await store.submit(Batch("w", epoch, (other,), is_busy=False))
    assert await is_busy(), "a batch that fails says nothing"
    await store.submit(Batch("w", epoch, (third,), is_busy=False))
    assert not await is_busy()


async def test_workspaces_are_made_once_and_deleted_whole(store: Store) -> None:
    with pytest.raises(WorkspaceExists):
        await store.create_workspace(WorkspaceRow("w", "again", "now"))
    await store.create_workspace(WorkspaceRow("v", "V", "now"))
    epoch = await store.claim("w")
    await store.submit(Batch("w", epoch, tuple(rows(2, epoch=epoch))))
    await store.delete_workspace("w")
    assert [row.id for row in await store.workspaces()] == ["v"]
    assert await store.workspace("w") is None
    with pytest.raises(StoreFault):
        await store.submit(Batch("w", epoch, tuple(rows(1))))


async def test_what_an_actor_has_acknowledged_is_kept_apart_from_others(store: Store) -> None:
    epoch = await store.claim("w")
    assert await store.inbox("w", "ana") == InboxRow("w", "ana")
    await store.put_inbox(InboxRow("w", EVERYBODY, 3), epoch)
    await store.put_inbox(InboxRow("w", "ana", 9, ("i7", "i4")), epoch)
    await store.put_inbox(InboxRow("w", "ana", 12, ("i7",)), epoch)
    assert await store.inbox("w", "ana") == InboxRow("w", "ana", 12, ("i7",))
    assert await store.inbox("w", "ben") == InboxRow("w", "ben", 3), "who has no row of their own has everybody's"
    await store.claim("w")
    with pytest.raises(Deposed):
        await store.put_inbox(InboxRow("w", "ana", 99), epoch)
    assert (await store.inbox("w", "ana")).upto == 12
    await store.delete_workspace("w")
    await store.create_workspace(WorkspaceRow("w", "W", "now"))
    assert await store.inbox("w", "ana") == InboxRow("w", "ana")


async def test_a_switch_stands_as_it_was_thrown_last(store: Store) -> None:
    assert await store.switches() == []
    for on in (True, False):
        for row in (SwitchRow(SERVER, on, "Zoë", f"t{on}", "checking 😀"), SwitchRow("w", on, "Op", f"t{on}")):
            await store.put_switch(row)
            assert row in await store.switches()
    assert [(row.ws, row.is_on) for row in await store.switches()] == [(SERVER, False), ("w", False)]


async def test_an_order_is_dropped_unless_a_later_one_has_taken_its_place(store: Store) -> None:
    server, first, second = (
        SwitchRow(SERVER, True, "Op", "t1"),
        *(SwitchRow("w", True, "Op", at) for at in ("t2", "t3")),
    )
    for row in (server, first, second):
        await store.put_switch(row)
    await store.drop_switch(first)
    assert await store.switches() == [server, second]
    await store.drop_switch(second)
    assert await store.switches() == [server]
    await store.put_switch(second)
    await store.delete_workspace("w")
    assert await store.switches() == [server], "an order goes with its workspace, the server's stays"
