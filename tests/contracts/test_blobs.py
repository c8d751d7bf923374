"""One contract for every store: files in pieces, whole or not there, counted, shared, and gone with their last name."""

from __future__ import annotations

import msgspec
import pytest

from workspace.errors import BlobsFull, UploadEnded, WorkspaceMissing
from workspace.intents.model.blobs import PIECE_BYTES, BlobHolder, BlobQuota, BlobRow, BlobTotals, pieces_of
from workspace.ports import Store, WorkspaceRow

replace = msgspec.structs.replace
ROOMY = BlobQuota(100, 1 << 40, 1 << 40)


def sha(name: str) -> str:
    return "sha256-" + name.rjust(64, "0")


def row(name: str, octets: bytes, *, content: str = "", now: float = 10.0, ws: str = "w") -> BlobRow:
    return BlobRow(ws, sha(name), content or f"c-{name}", len(octets), "image/png", "2026", now)


def by(one: BlobRow, actor: str = "ana", filename: str = "boots 😀.png") -> BlobHolder:
    return BlobHolder(one.ws, one.sha, actor, filename, f"2026-{actor}")


async def upload(store: Store, one: BlobRow, octets: bytes) -> None:
    await store.begin_upload(one.ws, one.content, one.named_at)
    for number in range(pieces_of(len(octets))):
        await store.put_piece(one.content, number, octets[number * PIECE_BYTES : (number + 1) * PIECE_BYTES])


async def bring(store: Store, name: str, octets: bytes, *, actor: str = "ana", **more: object) -> tuple[BlobRow, bool]:
    one = row(name, octets, **more)  # type: ignore[arg-type]
    await upload(store, one, octets)
    return await store.finish_upload(one, by(one, actor), ROOMY)


async def read(store: Store, one: BlobRow) -> bytes | None:
    pieces = [await store.piece(one.content, number) for number in range(pieces_of(one.size))]
    return b"".join(piece or b"" for piece in pieces) if None not in pieces else None


async def test_a_file_is_there_when_it_is_whole_and_with_all_of_its_bytes(store: Store) -> None:
    octets = bytes(range(256)) * 1024 + b"the end"
    assert len(octets) > PIECE_BYTES
    one = row("a", octets)
    await upload(store, one, octets)
    assert await store.blob_row("w", one.sha) is None
    assert await store.blob_rows("w") == []
    assert await store.blob_totals("w", "ana") == BlobTotals(0, 0, 0)
    assert await store.finish_upload(one, by(one), ROOMY) == (one, True)
    assert await store.blob_row("w", one.sha) == one
    assert await read(store, one) == octets
    assert await store.piece(one.content, 2) is None
    assert await store.holders("w", one.sha) == [by(one)]
    assert await store.blob_totals("w", "ana") == BlobTotals(1, len(octets), len(octets))
    assert await store.blob_totals("w", "ben") == BlobTotals(1, len(octets), 0)


async def test_a_file_without_bytes_is_one_too(store: Store) -> None:
    one, is_new = await bring(store, "0", b"")
    assert (is_new, await read(store, one)) == (True, b"")


async def test_who_brings_the_same_again_is_a_holder_too_and_no_byte_is_kept_twice(store: Store) -> None:
    first, _ = await bring(store, "a", b"same", now=10.0)
    again, is_new = await bring(store, "a", b"same", actor="ben", content="other", now=20.0)
    assert (again, is_new) == (replace(first, named_at=20.0), False)
    assert await store.piece("other", 0) is None
    assert [one.actor for one in await store.holders("w", first.sha)] == ["ana", "ben"]
    await bring(store, "a", b"same", actor="ana", content="third", now=15.0)
    assert await store.blob_row("w", first.sha) == replace(first, named_at=20.0), "time does not go back"
    assert (await store.holders("w", first.sha))[0] == by(first)
    assert await store.blob_totals("w", "ben") == BlobTotals(1, 4, 4)


async def test_pieces_come_in_order_whole_and_to_an_upload_that_goes_on(store: Store) -> None:
    await store.begin_upload("w", "u", 1.0)
    for wrong in (1, 7):
        with pytest.raises(UploadEnded):
            await store.put_piece("u", wrong, b"x")
    await store.put_piece("u", 0, b"short")
    with pytest.raises(UploadEnded):
        await store.put_piece("u", 0, b"again")
    with pytest.raises(UploadEnded):
        await store.put_piece("u", 1, b"behind one that is not full")
    one = row("a", b"other", content="u")
    with pytest.raises(UploadEnded):
        await store.finish_upload(replace(one, size=99), by(one), ROOMY)
    assert await store.blob_row("w", one.sha) is None, "all or nothing"
    assert await store.holders("w", one.sha) == []
    await store.finish_upload(one, by(one), ROOMY)
    with pytest.raises(UploadEnded):
        await store.put_piece("u", 0, b"later")
    await store.end_upload("u")
    assert await read(store, one) == b"short", "what is a file is no upload"
    with pytest.raises(UploadEnded):
        await store.put_piece("nobody", 0, b"x")


async def test_uploads_end_by_hand_or_by_time_with_their_pieces(store: Store) -> None:
    for at in range(3):
        await store.begin_upload("w", f"u{at}", float(at))
        await store.put_piece(f"u{at}", 0, b"x")
    await store.end_upload("u2")
    await store.end_upload("u2")
    assert await store.piece("u2", 0) is None
    assert await store.end_uploads(1.0) == 1
    assert [await store.piece(f"u{at}", 0) for at in range(2)] == [None, b"x"]
    with pytest.raises(UploadEnded):
        await store.put_piece("u0", 1, b"x")
    assert await store.end_uploads(1.0) == 0


@pytest.mark.parametrize(
    ("quota", "passed"),
    [(BlobQuota(1, 99, 99), "count"), (BlobQuota(9, 7, 99), "size"), (BlobQuota(9, 99, 7), "own")],
)
async def test_beyond_a_bound_nothing_is_kept(store: Store, quota: BlobQuota, passed: str) -> None:
    await bring(store, "a", b"four")
    one = row("b", b"more")
    await upload(store, one, b"more")
    with pytest.raises(BlobsFull) as caught:
        await store.finish_upload(one, by(one), quota)
    assert caught.value.passed == passed
    assert await store.blob_row("w", one.sha) is None
    same = row("a", b"four", content="again")
    await upload(store, same, b"four")
    assert (await store.finish_upload(same, by(same), quota))[1] is False, "what one holds costs nothing"
    other = row("a", b"four", content="third")
    await upload(store, other, b"four")
    tight = BlobQuota(0, 0, 3)
    with pytest.raises(BlobsFull) as caught:
        await store.finish_upload(other, by(other, "ben"), tight)
    assert caught.value.passed in ("own", "count")


async def test_what_is_taken_away_is_known_to_be_gone_and_may_come_back(store: Store) -> None:
    first, _ = await bring(store, "a", b"bytes", now=10.0)
    assert await store.lose_blobs("w", [first.sha, sha("none")], "unnamed", before=10.0) == []
    assert await store.lose_blobs("w", [first.sha], "unnamed", before=10.5) == [first.sha]
    gone = replace(first, content="", media="", gone="unnamed")
    assert await store.blob_row("w", first.sha) == gone
    assert await read(store, first) is None
    assert await store.blob_rows("w") == []
    assert await store.holders("w", first.sha) == []
    assert await store.blob_totals("w", "ana") == BlobTotals(0, 0, 0)
    assert await store.lose_blobs("w", [first.sha], "deleted") == []
    back, is_new = await bring(store, "a", b"bytes", content="c2", now=30.0)
    assert (is_new, await read(store, back)) == (True, b"bytes")
    assert await store.blob_row("w", first.sha) == back


async def test_what_was_not_named_for_long_comes_up_and_not_once_it_is_named(store: Store) -> None:
    await store.create_workspace(WorkspaceRow("v", "V", "now"))
    await bring(store, "a", b"1", now=10.0)
    await bring(store, "b", b"2", now=5.0, ws="v", content="cb")
    assert await store.idle_blobs(5.0, 10) == []
    assert await store.idle_blobs(11.0, 10) == [("v", sha("b")), ("w", sha("a"))]
    assert await store.idle_blobs(11.0, 1) == [("v", sha("b"))]
    await store.note_named("v", [sha("b"), sha("none")], 20.0)
    await store.note_named("v", [sha("b")], 15.0)
    assert await store.idle_blobs(20.0, 10) == [("w", sha("a"))]


async def test_a_content_goes_with_the_last_file_that_has_it(store: Store) -> None:
    await store.create_workspace(WorkspaceRow("fork", "F", "now"))
    one, _ = await bring(store, "a", b"shared")
    other, _ = await bring(store, "b", b"left")
    await store.lose_blobs("w", [other.sha], "deleted")
    assert await store.share_blobs("w", "fork", [one.sha, other.sha, sha("none")], 40.0) == 1
    assert await store.blob_row("fork", one.sha) == replace(one, ws="fork", named_at=40.0)
    assert await store.holders("fork", one.sha) == []
    await store.lose_blobs("w", [one.sha], "unnamed")
    assert await read(store, one) == b"shared"
    await store.lose_blobs("fork", [one.sha], "unnamed")
    assert await read(store, one) is None
    with pytest.raises(WorkspaceMissing):
        await store.share_blobs("w", "nowhere", [one.sha], 1.0)


async def test_a_workspace_goes_with_its_files_and_uploads(store: Store) -> None:
    await store.create_workspace(WorkspaceRow("fork", "F", "now"))
    shared, _ = await bring(store, "a", b"shared")
    alone, _ = await bring(store, "b", b"alone")
    await store.share_blobs("w", "fork", [shared.sha], 1.0)
    await store.begin_upload("w", "u", 1.0)
    await store.put_piece("u", 0, b"x")
    await store.delete_workspace("w")
    assert [await read(store, one) for one in (shared, alone)] == [b"shared", None]
    assert await store.piece("u", 0) is None
    with pytest.raises(UploadEnded):
        await store.put_piece("u", 1, b"x")
    with pytest.raises(WorkspaceMissing):
        await store.begin_upload("w", "v", 1.0)
    await store.delete_workspace("fork")
    assert await read(store, shared) is None


async def test_files_come_in_pages_by_id(store: Store) -> None:
    for name in "cab":
        await bring(store, name, name.encode())
    assert [one.sha for one in await store.blob_rows("w")] == [sha(name) for name in "abc"]
    assert [one.sha for one in await store.blob_rows("w", after=sha("a"), limit=1)] == [sha("b")]
