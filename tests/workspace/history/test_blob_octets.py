"""Any part of a file comes out as it went in, and what is damaged in the store is found."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.test_blobs import ROOMY, by, upload
from workspace.history.blob_octets import BytesMissing, find_damage, octets_of
from workspace.intents.model.blobs import PIECE_BYTES, BlobRow
from workspace.ports import WorkspaceRow
from workspace.store.memory import MemoryStore

OCTETS = bytes(at * 7 % 251 for at in range(2 * PIECE_BYTES + 9))


async def kept(octets: bytes = OCTETS) -> tuple[MemoryStore, BlobRow]:
    store = MemoryStore()
    await store.create_workspace(WorkspaceRow("w", "W", "now"))
    row = BlobRow("w", f"sha256-{hashlib.sha256(octets).hexdigest()}", "c", len(octets), "text/plain", "2026", 1.0)
    await upload(store, row, octets)
    await store.finish_upload(row, by(row), ROOMY)
    return store, row


@given(st.tuples(st.integers(0, len(OCTETS) - 1), st.integers(0, len(OCTETS) - 1)).map(sorted))
async def test_any_part_of_a_file_is_the_slice_of_it(ends: list[int]) -> None:
    store, row = await kept()
    first, last = ends
    found = [part async for part in octets_of(store, row, first=first, last=last)]
    assert b"".join(found) == OCTETS[first : last + 1]
    assert all(0 < len(part) <= PIECE_BYTES for part in found)


@pytest.mark.parametrize("octets", [b"", b"x", OCTETS])
async def test_what_is_as_it_was_has_no_damage(octets: bytes) -> None:
    store, row = await kept(octets)
    assert b"".join([part async for part in octets_of(store, row)]) == octets
    assert await find_damage(store, row) == ""


async def test_what_is_not_is_told() -> None:
    store, row = await kept()
    pieces = store._contents["c"].pieces
    pieces[1] = pieces[1][:-1] + b"?"
    assert "another digest" in await find_damage(store, row)
    pieces[1] = pieces[1][:10]
    assert "another digest" in await find_damage(store, row) or "ends at byte" in await find_damage(store, row)
    del pieces[1:]
    assert f"ends at byte {PIECE_BYTES} of {row.size}" in await find_damage(store, row)
    with pytest.raises(BytesMissing):
        _ = [part async for part in octets_of(store, row, first=PIECE_BYTES, last=PIECE_BYTES)]
