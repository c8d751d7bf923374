"""A packed log is the log: verified, replayed, redacted, forked and travelled in as if nothing had been packed."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
import zlib
from pathlib import Path

import msgspec
import pytest

from tests.bench.replay import make_log
from tests.workspace.intents.driver import Driver
from workspace.clock import SystemClock
from workspace.errors import LogCorrupt
from workspace.history.fork import fork_workspace
from workspace.history.read import read_all, read_documents, verify_log
from workspace.history.redact import redact_intent
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import CheckpointBody
from workspace.intents.model.events import Closing
from workspace.intents.model.record import Row, read_row, seal
from workspace.intents.model.segment import SEGMENT_RECORDS, Segment, root_of
from workspace.intents.state.replay import fold_log
from workspace.ports import Batch, WorkspaceRow
from workspace.registry.registry import RoomRegistry
from workspace.settings import Settings
from workspace.store.sql import SqlStore

RECORDS = 2_300


@functools.cache
def long_log() -> Driver:
    driver = make_log(RECORDS)
    driver.handle(Closing())
    return driver


async def stored(path: Path, driver: Driver) -> SqlStore:
    store = SqlStore(f"sqlite:///{path}")
    await store.open()
    await store.create_workspace(WorkspaceRow("w", "w", "now", epoch=driver.epoch - 1))
    epoch = await store.claim("w")
    await store.submit(Batch("w", epoch, journal=tuple(driver.journal)))
    await store.submit(Batch("w", epoch, tuple(driver.rows), snapshots=tuple(driver.snapshots)))
    return store


def sealed(rows: list[Row]) -> tuple[Segment, ...]:
    return tuple(fold_log(rows, long_log().journal).segments.sealed)


async def packed(path: Path, driver: Driver) -> SqlStore:
    store = await stored(path, driver)
    assert await store.pack("w", driver.epoch, sealed(driver.rows)) == RECORDS // SEGMENT_RECORDS
    return store


def packed_in(path: Path, ws: str = "w") -> int:
    with sqlite3.connect(path) as raw:
        return int(raw.execute("SELECT count(*) FROM segment WHERE ws = ?", (ws,)).fetchone()[0])


async def packed_soon(path: Path, ws: str = "w") -> None:
    async with asyncio.timeout(20):
        while packed_in(path, ws) < RECORDS // SEGMENT_RECORDS:
            await asyncio.sleep(0.01)


def resealed(rows: list[Row], change: object) -> list[Row]:
    """Return a log whose checkpoints are changed, under a chain of its own."""
    made: list[Row] = []
    for row in rows:
        body = read_row(row).body
        if isinstance(body, CheckpointBody):
            body = msgspec.structs.replace(body, segments=change(body.segments))  # type: ignore[operator]
        prev = made[-1].hash if made else ""
        made.append(seal(body, seq=row.seq, epoch=row.epoch, at=row.at, actor=row.actor, prev=prev).row)
    return made


def test_checkpoints_hold_the_root_of_every_whole_segment_before_them() -> None:
    rows = long_log().rows
    held = [
        segment
        for row in rows
        if row.kind == "checkpoint"
        for segment in msgspec.json.decode(row.body).get("segments", ())
    ]
    assert [(one["first"], one["last"]) for one in held] == [(1, 1000), (1001, 2000)]
    for one in held:
        assert one["root"] == root_of(row.hash for row in rows[one["first"] - 1 : one["last"]])


def test_a_log_without_segments_verifies_and_the_next_checkpoint_holds_them_all() -> None:
    driver = long_log()
    old = resealed(driver.rows, lambda _: msgspec.UNSET)
    assert not any("segments" in row.body for row in old)
    assert verify(old, driver.journal).ok
    later = Driver.__new__(Driver)
    later.__dict__.update(driver.__dict__ | {"rows": list(old), "journal": list(driver.journal), "snapshots": []})
    later.open()
    later.handle(Closing())
    checkpoint = read_row(later.rows[-1]).body
    assert isinstance(checkpoint, CheckpointBody)
    assert [(one.first, one.last) for one in checkpoint.segments or ()] == [(1, 1000), (1001, 2000)]
    assert verify(later.rows, later.journal).ok


def test_a_checkpoint_without_segments_has_the_form_it_always_had() -> None:
    body = CheckpointBody(head=3, state="s", documents={}, jid=0)
    text = '{"documents":{},"head":3,"jid":0,"state":"s"}'
    assert seal(body, seq=4, epoch=1, at="t", actor="agent", prev="").row.body == text


def test_a_checkpoint_with_another_root_does_not_verify() -> None:
    driver = long_log()

    def forge(held: tuple[Segment, ...] | msgspec.UnsetType) -> object:
        return tuple(Segment(one.first, one.last, "sha256:" + "0" * 64) for one in held or ()) or msgspec.UNSET

    report = verify(resealed(driver.rows, forge), driver.journal)
    first = next(row.seq for row in driver.rows if '"segments"' in row.body)
    assert (report.ok, report.first_bad, report.code) == (False, first, "log_corrupt")
    assert "segments that are not those" in report.reason


async def test_a_packed_log_verifies_and_lets_one_stand_anywhere(tmp_path: Path) -> None:
    driver = long_log()
    store = await packed(tmp_path / "a.sqlite", driver)
    assert await read_all(store, "w") == (driver.rows, driver.journal)
    report = await verify_log(store, "w")
    assert (report.ok, report.checked) == (True, len(driver.rows))
    kinds = driver.sequencer.fold.kinds
    for seq in (2, 700, 1000, 1001, 1500, 2000, 2001, 2250):
        found = await read_documents(store, "w", seq, kinds)
        whole = fold_log(driver.rows, driver.journal, to=seq)
        assert {doc: one.digest() for doc, one in found.items()} == {
            doc: one.digest() for doc, one in whole.documents.items()
        }, seq
    await store.close()


@pytest.mark.damages_logs
@pytest.mark.parametrize("how, code, first", [("bytes", "segment_corrupt", 1001), ("words", "log_corrupt", 1007)])
async def test_a_changed_segment_is_reported_and_keeps_the_room_closed(
    tmp_path: Path, how: str, code: str, first: int
) -> None:
    path, driver = tmp_path / "a.sqlite", long_log()
    store = await packed(path, driver)
    with sqlite3.connect(path) as raw:
        (content,) = raw.execute("SELECT content FROM segment WHERE first = 1001").fetchone()
        lines = zlib.decompress(content).split(b"\n")
        lines[6] = lines[6].replace(b'{\\"', b'{ \\"', 1)
        changed = content[:500] + b"\0" + content[501:] if how == "bytes" else zlib.compress(b"\n".join(lines))
        raw.execute("UPDATE segment SET content = ? WHERE first = 1001", (changed,))
    report = await verify_log(store, "w")
    assert (report.ok, report.code, report.first_bad) == (False, code, first)
    registry = RoomRegistry(store=store, planner=None, clock=SystemClock(), settings=Settings())
    with pytest.raises(LogCorrupt) as caught:
        await registry.room("w")
    assert caught.value.code == code
    await store.close()


async def test_a_room_packs_what_was_left_and_its_packed_words_can_be_taken_out(tmp_path: Path) -> None:
    path, driver = tmp_path / "a.sqlite", long_log()
    store = await stored(path, driver)
    registry = RoomRegistry(store=store, planner=None, clock=SystemClock(), settings=Settings())
    room = await registry.room("w")
    await packed_soon(path)
    intents = [row for row in driver.rows if row.kind == "intent"]
    chosen = next(row for row in intents if 1 < row.seq < SEGMENT_RECORDS)
    id = msgspec.json.decode(chosen.body)["id"]
    assert await redact_intent(room, id, actor="owner")
    again = await registry.room("w")
    rows, journal = await read_all(store, "w")
    assert "[redacted]" in rows[chosen.seq - 1].body
    assert [row.hash for row in rows[: len(driver.rows)]] == [row.hash for row in driver.rows]
    report = verify(rows, journal)
    assert (report.ok, report.redacted > 0) == (True, True)
    assert again.sequencer.fold.board.entries[id].body.text == "[redacted]"
    await again.close()
    await store.close()


@pytest.mark.parametrize("at", [400, 1000, 1777, 2250])
async def test_a_fork_from_inside_a_segment_lives_on_and_packs_its_own(tmp_path: Path, at: int) -> None:
    path, driver = tmp_path / "a.sqlite", long_log()
    store = await packed(path, driver)
    at = await fork_workspace(store, SystemClock(), "w", at=at, id="v", name="V", actor="Olga")
    rows, journal = await read_all(store, "v")
    assert rows[:at] == driver.rows[:at]
    assert verify(rows, journal).ok
    registry = RoomRegistry(store=store, planner=None, clock=SystemClock(), settings=Settings())
    room = await registry.room("v")
    assert room.sequencer.fold.state() == fold_log(driver.rows, driver.journal, to=at).state()
    if at >= 2250:
        await packed_soon(path, "v")
    await room.close()
    assert (await verify_log(store, "v")).ok
    await store.delete_workspace("v")
    assert packed_in(path, "v") == 0
    assert await read_all(store, "w") == (driver.rows, driver.journal)
    await store.close()


async def test_a_room_packs_after_its_own_checkpoint(tmp_path: Path) -> None:
    """An old server's log holds no segment; the checkpoint of closing does, and the next opening packs."""
    path, driver = tmp_path / "a.sqlite", long_log()
    old = Driver.__new__(Driver)
    old.__dict__.update(driver.__dict__ | {"rows": resealed(driver.rows, lambda _: msgspec.UNSET)})
    store = await stored(path, old)
    registry = RoomRegistry(store=store, planner=None, clock=SystemClock(), settings=Settings())
    room = await registry.room("w")
    await asyncio.sleep(0)
    assert packed_in(path) == 0
    await room.submit(Closing())
    await packed_soon(path)
    assert (await verify_log(store, "w")).ok
    await room.close()
    await store.close()
