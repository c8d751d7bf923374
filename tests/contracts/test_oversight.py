"""One contract for every store: pages of workspaces and keys, what is kept of each, how its bytes are measured."""

from __future__ import annotations

import msgspec
import pytest

from tests.contracts.test_people_store import noted
from tests.contracts.test_store import journal, rows
from workspace import oversight
from workspace.access import MemberRow, PersonRow, TokenRow
from workspace.intents.model.stop import Stop
from workspace.oversight import Facts, Sizes, Tally, WorkspaceLine
from workspace.ports import Batch, SnapshotRow, Store, WorkspaceRow
from workspace.store import memory_overview, overview
from workspace.store.schema import SCHEMA_VERSION

replace = msgspec.structs.replace
NOW = 100.0
TOKEN = TokenRow("t1", "w", "Zoë", "owner", "h", None, False, "1")
FACTS = Facts(5, 2, 1, 0, 3, 1, 1, {"plan 😀": "it cannot be read"}, (Stop("workspace", "ana", "1", "lunch", 4),))


async def ids(store: Store, **more: object) -> list[str]:
    return [line.id for line in await store.lines(now=NOW, **more)]  # type: ignore[arg-type]


async def test_workspaces_come_in_pages_by_id_and_are_found_by_id_and_both_names(store: Store) -> None:
    for at in range(5):
        await store.create_workspace(WorkspaceRow(f"w{at}", f"Name_{at}", "now"))
    await store.put_tallies([Tally("w3", "Otherwise 100%", "1", Sizes())])
    assert await ids(store, limit=2) == ["w", "w0"]
    assert await ids(store, after="w0", limit=3) == ["w1", "w2", "w3"]
    assert await ids(store, after="w4") == []
    assert await ids(store, limit=10_000) == ["w", "w0", "w1", "w2", "w3", "w4"]
    assert await ids(store, find="nAME_3") == ["w3"]
    assert await ids(store, find="OTHER") == ["w3"]
    assert await ids(store, find="100%") == ["w3"]
    assert await ids(store, find="%") == ["w3"], "no sign means anything else than itself"
    assert await ids(store, find="!") == []
    assert len(await ids(store, find="_")) == 5


async def test_a_line_says_what_the_store_knows_without_a_tally(store: Store) -> None:
    assert await store.lines(now=NOW) == [WorkspaceLine("w", "W", "now", 0, 0, 0, "now", 0)]
    epoch = await store.claim("w")
    await store.submit(Batch("w", epoch, tuple(rows(7, epoch=epoch)), journal(1, 3)))
    (line,) = await store.lines(now=NOW)
    assert (line.epoch, line.seq, line.jid, line.active_at, line.tally) == (epoch, 7, 3, "t", None)


async def test_members_are_counted_as_long_as_they_may_come_and_owners_named(store: Store) -> None:
    for id, actor, role, more in (
        ("t1", "Zoë", "owner", {}),
        ("t2", "Zoë", "viewer", {}),
        ("t3", "Ana", "owner", {"scope": "read"}),
        ("t4", "Ben", "owner", {"expires": NOW - 1}),
        ("t5", "Cy", "owner", {"expires": NOW + 1}),
        ("t6", "Dan", "owner", {"revoked": True}),
    ):
        await store.put_token(replace(TOKEN, id=id, actor=actor, role=role, **more))
    await store.put_token(replace(TOKEN, id="op", ws=None, actor="op"))
    await store.write_people([
        PersonRow("p1", "Eva", "", "1"), MemberRow("w", "Eva", "p1", "owner", gone=False, changes=0, created_at="1"),
        PersonRow("p2", "Flo", "", "1"), MemberRow("w", "Flo", "p2", "owner", gone=True, changes=0, created_at="1"),
        PersonRow("p3", "Gus", "", "1"), MemberRow("w", "Gus", "p3", "viewer", gone=False, changes=0, created_at="1"),
    ])  # fmt: skip
    (line,) = await store.lines(now=NOW)
    assert line.owners == ("Cy", "Eva", "Zoë")
    assert line.members == 5, "Ana, Cy, Eva, Gus, Zoë"
    for at in range(9):
        await store.put_token(replace(TOKEN, id=f"m{at}", actor=f"A{at}"))
    (line,) = await store.lines(now=NOW)
    assert line.owners == ("A0", "A1", "A2", "A3", "A4", "A5")
    assert line.members == 14


async def test_keys_come_newest_first_in_pages_and_those_that_count(store: Store) -> None:
    await store.write_people([
        PersonRow("p1", "Eva Ünal", "", "1"),
        MemberRow("w", "Eva", "p1", "editor", gone=False, changes=0, created_at="1"),
        MemberRow("v", "E", "p1", "owner", gone=False, changes=0, created_at="1"),
        MemberRow("a", "E", "p1", "", gone=True, changes=0, created_at="1"),
    ])  # fmt: skip
    session = TokenRow("s1", None, "", "", "h", NOW + 1, False, "3", "p1", "all", "Firefox", "4", "::1")
    await store.write_people([session, replace(session, id="s2", expires=NOW)])
    for id, made in (("t1", "1"), ("t3", "2"), ("t2", "2")):
        await store.put_token(replace(TOKEN, id=id, created_at=made))
    await store.put_token(replace(TOKEN, id="t4", revoked=True))
    await store.put_token(replace(TOKEN, id="op", ws=None, actor="op", created_at="0"))
    found = await store.key_lines(now=NOW)
    assert [line.row.id for line in found] == ["s1", "t3", "t2", "t1", "op"]
    assert (found[0].person, found[0].workspaces, found[0].first) == ("Eva Ünal", 2, "v")
    assert found[0].row == session
    assert (found[1].person, found[1].workspaces, found[1].first) == ("", 0, "")
    assert [line.row.id for line in await store.key_lines(now=NOW, before=("2", "t3"), limit=2)] == ["t2", "t1"]
    for find, there in (("eva", ["s1"]), ("FIRE", ["s1"]), ("op", ["op"]), ("%", [])):
        assert [line.row.id for line in await store.key_lines(now=NOW, find=find)] == there, find
    totals = await store.totals(NOW)
    assert (totals.workspaces, totals.keys) == (1, 5)
    assert (totals.size > 0) == (store.kind != "memory")
    assert totals.schema == (SCHEMA_VERSION if store.kind != "memory" else 0)


async def test_a_tally_is_kept_until_the_next_and_goes_with_its_workspace(store: Store) -> None:
    tally = Tally("w", "Zoë 😀", "2026", Sizes(5, 4, 3, 2, 1), FACTS)
    assert await store.tally("w") is None
    await store.put_tallies([])
    await store.put_tallies([tally, replace(tally, ws="gone")])
    assert await store.tally("w") == tally
    assert [line.tally for line in await store.lines(now=NOW)] == [tally]
    assert await store.tally("gone") is None
    await store.put_tallies([Tally("w", "Z", "2027", Sizes(6, 6, 6, 6, 6))])
    assert await store.tally("w") == Tally("w", "Z", "2027", Sizes(6, 6, 6, 6, 6), FACTS), "facts stay"
    await store.delete_workspace("w")
    await store.create_workspace(WorkspaceRow("w", "W", "now"))
    assert await store.tally("w") is None


async def test_bytes_are_measured_a_part_at_a_time_and_from_where_it_stopped(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (oversight, overview, memory_overview):
        monkeypatch.setattr(module, "MEASURED_ROWS_MAX", 4)
    assert await store.unmeasured(10) == ["w"]
    epoch = await store.claim("w")
    written = rows(3, epoch=epoch)
    kept = (SnapshotRow("plan", 6, b"s" * 30, "d"),)
    await store.submit(Batch("w", epoch, tuple(written), journal(1, 6), snapshots=kept))
    log = sum(len(row.body.encode()) for row in written)
    assert log > sum(len(row.body) for row in written), "bytes are counted, not characters"
    first = await store.measure("w", Sizes())
    assert first == Sizes(3, 4, log, 400, 30)
    await store.put_tallies([Tally("w", "W", "1", first)])
    assert await store.unmeasured(10) == ["w"]
    second = await store.measure("w", first)
    assert second == Sizes(3, 6, log, 600, 30)
    await store.put_tallies([Tally("w", "W", "1", second)])
    assert await store.unmeasured(10) == []
    assert await store.measure("w", second) == second
    assert await store.measure("w", replace(second, jid=99, journal=9_900)) == first, "another one under the same id"
    await store.submit(Batch("w", epoch, tuple(rows(1, after=written[-1], epoch=epoch))))
    assert await store.unmeasured(10) == ["w"]
    assert await store.unmeasured(0) == []


async def test_the_last_act_for_the_whole_server_is_told(store: Store) -> None:
    assert await store.newest("backup") is None
    await store.write_people([noted("backup", "1", ""), noted("backup", "3", ""), noted("anchor", "2", "")])
    await store.write_people([noted("backup", "9", "w")])
    assert await store.newest("backup") == noted("backup", "3", "")
    assert await store.newest("anchor") == noted("anchor", "2", "")
