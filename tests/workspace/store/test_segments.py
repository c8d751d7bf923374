"""Packed or not, a log reads the same: any window and kind, after a crash at any step, after a redaction."""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import DataObject, data, integers, lists, sampled_from, text

from tests.support.examples import examples
from tests.support.homes import Home, SqliteHome, opened
from workspace.errors import Deposed, RecordUnknown, SegmentCorrupt, StoreFault
from workspace.history.read import verify_log
from workspace.intents.model.bodies import CheckpointBody, ConfigBody, OracleBody, UpdateBody
from workspace.intents.model.record import Row, seal
from workspace.intents.model.segment import Segment, root_of
from workspace.ports import Batch, WorkspaceRow
from workspace.store import scripts, segments
from workspace.store.sql import SqlStore, run

KINDS = ("config", "oracle", "update", "checkpoint")


def log_of(kinds: list[str], words: str = "") -> list[Row]:
    rows: list[Row] = []
    for kind in kinds:
        seq, prev = len(rows) + 1, rows[-1].hash if rows else ""
        body = {
            "config": ConfigBody(name=f"{words} {seq}"),
            "oracle": OracleBody("timer", reason=words),
            "update": UpdateBody("plan", "L", seq, seq, 1, 5, "sha256:0"),
            "checkpoint": CheckpointBody(seq - 1, "s", {}),
        }[kind]
        rows.append(seal(body, seq=seq, epoch=1, at="t", actor="ana", prev=prev).row)  # type: ignore[arg-type]
    return rows


def cut(rows: list[Row], *lengths: int) -> tuple[Segment, ...]:
    """Return segments of these lengths from the beginning on, as far as the last row, which stays outside."""
    made: list[Segment] = []
    for length in lengths:
        first = made[-1].last + 1 if made else 1
        if first + length - 1 >= len(rows):
            break
        part = rows[first - 1 : first + length - 1]
        made.append(Segment(first, first + length - 1, root_of(row.hash for row in part)))
    return tuple(made)


async def stored(home: Home, rows: list[Row]) -> Any:
    store = await opened(home)
    await store.create_workspace(WorkspaceRow("w", "W", "now"))
    await store.submit(Batch("w", await store.claim("w"), tuple(rows)))
    return store


def counts(home: Home) -> tuple[int, ...]:
    return tuple(home.ask(f"SELECT count(*) FROM {table}")[0][0] for table in ("log", "segment"))


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kinds=lists(sampled_from(KINDS), min_size=2, max_size=60),
    lengths=lists(integers(1, 12), max_size=6),
    words=text(max_size=20),
    chosen=data(),
)
def test_any_window_and_kind_reads_the_same_packed_or_not(
    home: Home, kinds: list[str], lengths: list[int], words: str, chosen: DataObject
) -> None:
    rows = log_of(kinds, words)
    made = cut(rows, *lengths)
    upto = len(rows) + 2
    windows = [
        {
            "first": chosen.draw(integers(1, upto)),
            "last": chosen.draw(integers(0, upto)) or None,
            "kind": chosen.draw(sampled_from((None, *KINDS))),
            "limit": chosen.draw(integers(1, upto)),
        }
        for _ in range(12)
    ]

    async def run() -> None:
        before_all = await opened(home)
        await before_all.delete_workspace("w")  # what an example left that failed
        await before_all.close()
        store = await stored(home, rows)
        before = [await store.rows("w", **window) for window in windows]  # type: ignore[arg-type]
        for upto in range(len(made) + 1):
            assert await store.pack("w", 1, made[:upto]) == min(upto, 1), "packed ones are passed over"
            assert [await store.rows("w", **window) for window in windows] == before  # type: ignore[arg-type]
        assert await store.rows("w") == rows
        assert await store.head("w") == (len(rows), rows[-1].hash, 0)
        last = seal(ConfigBody(), seq=len(rows) + 1, epoch=1, at="t", actor="ana", prev=rows[-1].hash).row
        await store.submit(Batch("w", 1, (last,), head=(len(rows) + 1, 0)))
        assert await store.rows("w") == [*rows, last]
        await store.delete_workspace("w")
        await store.close()
        assert counts(home) == (0, 0)

    asyncio.run(run())


async def test_a_crash_between_steps_leaves_the_log_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving is one transaction: killed after the insertion, before the deletion, nothing has happened."""
    path, rows = tmp_path / "a.sqlite", log_of(["config"] * 30)
    made, home = cut(rows, 10, 10), SqliteHome(path)
    store = await stored(home, rows)

    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("BEGIN IMMEDIATE")
    packed = segments.Packed(made[0], tuple(rows[:10]), segments.pack_rows(rows[:10], made[0]))
    raw.set_authorizer(
        lambda action, table, *_: (
            sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_DELETE and table == "log" else sqlite3.SQLITE_OK
        )
    )
    with pytest.raises(sqlite3.DatabaseError):
        run(raw, scripts.move("w", 1, packed))
    assert raw.execute("SELECT count(*) FROM segment").fetchone() == (1,), "half of it was done"
    assert await store.rows("w") == rows, "nobody sees half of it"
    raw.close()  # the process is gone: no commit
    assert await store.rows("w") == rows
    assert counts(home) == (30, 0)
    assert await store.pack("w", 1, made) == 2
    await store.close()

    again = SqlStore(f"sqlite:///{path}")
    await again.open()
    assert await again.rows("w") == rows
    assert counts(home) == (10, 2)
    await again.close()


async def test_a_redaction_that_comes_between_reading_and_moving_is_not_undone(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = log_of(["config"] * 20, "secret")
    store = await stored(home, rows)
    whole, loop = segments.pack_rows, asyncio.get_running_loop()
    times = 0

    def slow(kept: list[Row], segment: Segment) -> bytes:
        nonlocal times
        times += 1
        if times == 1:
            asyncio.run_coroutine_threadsafe(store.rewrite("w", 1, {3: "{}"}, ()), loop).result()
        return whole(kept, segment)

    monkeypatch.setattr("workspace.store.tabular.pack_rows", slow)
    assert await store.pack("w", 1, cut(rows, 10)) == 1
    assert times == 2
    assert [row.body for row in await store.rows("w", first=3, last=3)] == ["{}"]
    await store.close()


async def test_bodies_are_rewritten_wherever_they_lie_and_do_not_stay_in_the_file(home: Home) -> None:
    rows = log_of(["config"] * 40, "Zoë Example")
    store = await stored(home, rows)
    await store.pack("w", 1, cut(rows, 10, 10, 10))
    bodies = {seq: f'{{"n":{seq}}}' for seq in (1, 10, 11, 30, 31, 40)}
    await store.rewrite("w", 1, bodies, ())
    kept = await store.rows("w")
    assert [row.body for row in kept] == [bodies.get(row.seq, row.body) for row in rows]
    assert [row.hash for row in kept] == [row.hash for row in rows]
    await store.rewrite("w", 1, dict.fromkeys(range(1, 41), "{}"), ())
    await store.close()
    if isinstance(home, SqliteHome):  # PostgreSQL keeps dead rows until they are overwritten (decision 63)
        home.ask("PRAGMA wal_checkpoint(TRUNCATE)")
        assert "Zoë Example".encode() not in home.path.read_bytes(), "freed pages are overwritten"


@pytest.mark.damages_logs
@pytest.mark.parametrize("how", ["one byte", "another body", "another hash", "cut off", "no rows"])
async def test_a_changed_segment_is_refused(home: Home, how: str) -> None:
    rows = log_of(["config"] * 20)
    store = await stored(home, rows)
    await store.pack("w", 1, cut(rows, 10))
    ((content,),) = home.ask("SELECT content FROM segment")
    lines = zlib.decompress(content)
    changed = {
        "one byte": content[:40] + bytes([content[40] ^ 1]) + content[41:],
        "another body": zlib.compress(lines.replace(b" 5", b"")),
        "another hash": zlib.compress(lines.replace(rows[4].hash.encode(), b"sha256:" + b"0" * 64)),
        "cut off": zlib.compress(lines[: lines.index(b"\n") + 1]),
        "no rows": b"",
    }[how]
    home.ask("UPDATE segment SET content = $1", changed)
    if how == "another body":
        assert (await store.rows("w"))[4] != rows[4], "the chain finds this one, not the root"
    else:
        with pytest.raises(SegmentCorrupt) as caught:
            await store.rows("w")
        assert (caught.value.code, caught.value.first) == ("segment_corrupt", 1)
        with pytest.raises(SegmentCorrupt):
            await store.rewrite("w", 1, {3: "{}"}, ())
    assert await store.rows("w", first=11) == rows[10:]
    await store.close()


async def test_what_may_not_be_packed_stays(home: Home) -> None:
    rows = log_of(["config"] * 20)
    store = await stored(home, rows)
    one, other = cut(rows, 5, 5)
    with pytest.raises(StoreFault, match="not the next"):
        await store.pack("w", 1, (other,))
    with pytest.raises(StoreFault, match="not the next"):
        await store.pack("w", 1, (Segment(1, 20, root_of(row.hash for row in rows)),))
    with pytest.raises(SegmentCorrupt):
        await store.pack("w", 1, (Segment(1, 5, other.root),))
    await store.claim("w")
    with pytest.raises(Deposed):
        await store.pack("w", 1, (one,))
    assert counts(home) == (20, 0)
    await store.close()


@pytest.mark.damages_logs
async def test_a_packed_row_with_a_field_of_a_newer_version_is_refused_by_name(home: Home) -> None:
    rows = log_of(["config"] * 20)
    store = await stored(home, rows)
    await store.pack("w", 1, cut(rows, 10))
    ((content,),) = home.ask("SELECT content FROM segment")
    newer = zlib.decompress(content).replace(b'{"seq":4,', b'{"seq":4,"mood":"glad",')
    home.ask("UPDATE segment SET content = $1", zlib.compress(newer))
    with pytest.raises(RecordUnknown, match="mood") as caught:
        await store.rows("w")
    assert (caught.value.seq, caught.value.kind, caught.value.field) == (1, "packed", "[3].mood")
    report = await verify_log(store, "w")
    assert (report.ok, report.code, report.first_bad) == (False, "record_unknown", 1)
    await store.close()
