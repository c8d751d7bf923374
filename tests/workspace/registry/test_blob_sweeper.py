"""A file goes when its days are over and nothing names it; what names it keeps it, whatever room is open."""

from __future__ import annotations

import pytest

from tests.contracts.test_blobs import ROOMY, by, upload
from tests.workspace.http.blobs.test_routes import sha
from tests.workspace.room.stage import Stage, stage
from workspace.access import Identity
from workspace.history import blob_names
from workspace.http.content import NewDocument, first_edits
from workspace.intents.model.blobs import BlobRow
from workspace.intents.model.bodies import ConfigBody
from workspace.registry import blob_sweeper
from workspace.registry.blob_sweeper import DAY_SECONDS
from workspace.registry.creation import found

DAYS = 30 * DAY_SECONDS


async def bring(one: Stage, octets: bytes) -> str:
    row = BlobRow("w", sha(octets), f"c{octets!r}", len(octets), "text/plain", "2026", one.clock.at)
    await upload(one.store, row, octets)
    await one.store.finish_upload(row, by(row), ROOMY)
    return row.sha


async def name_it(one: Stage, doc: str, id: str) -> None:
    wanted = NewDocument("text", f"![](blob:{id})")
    edits = await first_edits({doc: wanted}, Identity("ana", "owner"), one.clock)
    await one.room.write(lambda handle: found(handle, "ana", ConfigBody(documents={doc: "text"}), edits))


async def here(one: Stage) -> list[str]:
    return [row.sha for row in await one.store.blob_rows("w")]


async def test_what_nothing_names_goes_when_its_days_are_over_and_not_before() -> None:
    async with stage() as one:
        id = await bring(one, b"x")
        one.clock.at += DAYS
        assert await one.registry.blob_sweeper.sweep() == 0
        assert await here(one) == [id]
        one.clock.at += 1
        assert await one.registry.blob_sweeper.sweep() == 1
        row = await one.store.blob_row("w", id)
        assert row is not None
        assert row.gone == "unnamed"
        assert await one.registry.blob_sweeper.sweep() == 0
        assert one.registry.metrics.value("blobs_swept_total") == 1


@pytest.mark.parametrize("is_open", [True, False])
async def test_what_a_document_names_has_its_days_again_also_where_no_room_is_open(is_open: bool) -> None:
    async with stage() as one:
        named, other = await bring(one, b"named"), await bring(one, b"other")
        await name_it(one, "wish", named)
        if not is_open:
            await one.room.close()
            one.registry.rooms.clear()
        one.clock.at += DAYS + 1
        assert await one.registry.blob_sweeper.sweep() == 1
        assert await here(one) == [named]
        row = await one.store.blob_row("w", named)
        assert row is not None
        assert row.named_at == one.clock.at
        assert other not in await here(one)
        assert bool(one.registry.rooms) == is_open, "no workspace is opened for it: another server may have it"


async def test_who_brings_it_in_again_while_it_is_looked_at_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage() as one:
        id = await bring(one, b"x")
        one.clock.at += DAYS + 1
        read = blob_names.names_in_log

        async def slow(store: object, ws: str) -> frozenset[str] | None:
            names = await read(one.store, ws)
            row = BlobRow("w", id, "c2", 1, "text/plain", "2026", one.clock.at)
            await upload(one.store, row, b"x")
            assert (await one.store.finish_upload(row, by(row, "ben"), ROOMY))[1] is False
            return names

        monkeypatch.setattr(blob_sweeper, "names_in_log", slow)
        assert await one.registry.blob_sweeper.sweep() == 0
        assert await here(one) == [id]
        assert await one.store.piece("c" + repr(b"x"), 0) == b"x"


async def test_where_a_document_cannot_be_read_all_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage() as one:
        id = await bring(one, b"x")
        one.clock.at += DAYS + 1

        async def nobody_knows(store: object, ws: str) -> None:
            return None

        monkeypatch.setattr(blob_sweeper, "names_in_log", nobody_knows)
        assert await one.registry.blob_sweeper.sweep() == 0
        assert await here(one) == [id]


async def test_what_is_left_of_an_upload_goes_long_after_it_could_have_ended() -> None:
    async with stage() as one:
        await one.store.begin_upload("w", "u", one.clock.at)
        await one.store.put_piece("u", 0, b"x")
        one.clock.at += 2 * one.room.settings.upload_seconds_max
        await one.registry.blob_sweeper.sweep()
        assert await one.store.piece("u", 0) == b"x"
        one.clock.at += 1
        await one.registry.blob_sweeper.sweep()
        assert await one.store.piece("u", 0) is None
