"""Whatever a store's writer meets, nobody waits for it for ever, and one bad value harms nobody beside it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import workspace.store.postgres.writer as of_postgres
import workspace.store.writer as of_sqlite
from tests.contracts.test_store import journal
from tests.support.homes import Home, opened
from workspace.errors import StoreFault
from workspace.ports import Batch, JournalRow, WorkspaceRow

WAIT = 10.0


class Panic(BaseException):
    """What a native library raises is no Exception."""


async def store_with_workspace(home: Home) -> Any:
    store = await opened(home)
    await store.create_workspace(WorkspaceRow("w", "w", "now"))
    await store.claim("w")
    return store


@pytest.mark.parametrize("bug", [RuntimeError("a bug"), MemoryError(), Panic()])
async def test_when_the_writer_breaks_all_that_wait_and_all_that_come_are_told(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, bug: BaseException
) -> None:
    store = await store_with_workspace(home)

    def breaks(*args: object) -> Any:
        raise bug

    async with home.hold(store):
        first = [store.submit(Batch("w", 1, journal=journal(at, 1))) for at in (1, 2)]
        await asyncio.sleep(0)
        monkeypatch.setattr(of_sqlite.Writer, "_commit", breaks)
        monkeypatch.setattr(of_postgres.PostgresWriter, "_serve", breaks)
    async with asyncio.timeout(WAIT):
        told = await asyncio.gather(*first, return_exceptions=True)
        assert [type(fault) for fault in told] == [StoreFault, StoreFault]
        for _ in range(2):
            with pytest.raises(StoreFault, match="broke"):
                await store.submit(Batch("w", 1, journal=journal(1, 1)))
            with pytest.raises(StoreFault):
                await store.touch()
        assert any("the writer of the store broke" in record.getMessage() for record in caplog.records)
        assert not await store.journal("w"), "it can still be read"
        # PostgreSQL's writer is a task that is awaited at the end, and says once more what it met.
        (again,) = await asyncio.gather(store.close(), return_exceptions=True)
        assert again in (None, bug)


def far(jid: int) -> JournalRow:
    """Return a row that no database can hold: Python refuses to hand its number over."""
    return JournalRow(jid, "plan", 2**80, "ana", b"x")  # type: ignore[arg-type]


def half(jid: int) -> JournalRow:
    return JournalRow(jid, "half \ud83d", "L", "ana", b"x")


@pytest.mark.parametrize("bad", [far, half])
async def test_a_value_that_no_row_can_hold_fails_its_own_batch_only(home: Home, bad: Any) -> None:
    if home.module != "workspace.store.sql":
        pytest.skip("PostgreSQL's driver escapes what is text and checks the rest by its own rules")
    store = await store_with_workspace(home)
    async with home.hold(store):
        futures = [
            store.submit(Batch("w", 1, journal=journal(1, 1))),
            store.submit(Batch("w", 1, journal=(bad(2),))),
            store.submit(Batch("w", 1, journal=(*journal(2, 1), bad(3)))),
            store.submit(Batch("w", 1, journal=journal(2, 1))),
        ]
    told = await asyncio.gather(*futures, return_exceptions=True)
    assert told[0] is told[3] is None
    assert isinstance(told[1], StoreFault)
    assert isinstance(told[2], StoreFault)
    assert [row.jid for row in await store.journal("w")] == [1, 2]
    await store.close()


async def test_a_store_that_is_closed_says_so_at_once(home: Home) -> None:
    store = await store_with_workspace(home)
    writer = store._writer
    await store.close()
    async with asyncio.timeout(WAIT):
        with pytest.raises(StoreFault, match="closed"):
            await writer.submit(Batch("w", 1))
