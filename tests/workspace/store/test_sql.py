"""SQLite: survives kill -9, restarts, a second process, a full disk; says what is wrong with a file."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.contracts.test_store import journal, rows
from workspace.errors import StoreFault
from workspace.ports import Batch, WorkspaceRow
from workspace.store.sql import SqlStore

CHILD = """
import asyncio, sys
from tests.contracts.test_store import rows
from workspace.ports import Batch, JournalRow, WorkspaceRow
from workspace.store.sql import SqlStore

async def main():
    store = SqlStore(sys.argv[1]); await store.open()
    await store.create_workspace(WorkspaceRow("w", "W", "now")); epoch = await store.claim("w")
    jid = 0
    async def send(at):
        await store.submit(Batch("w", epoch, (), (JournalRow(at, "d", "L", "a", b"x" * 200),)))
        print(at, flush=True)
    while True:
        futures = []
        for _ in range(32):
            jid += 1
            futures.append(asyncio.ensure_future(send(jid)))
        await asyncio.gather(*futures)
asyncio.run(main())
"""
FULL_DISK = """
import asyncio, resource, signal, sys
from workspace.errors import StoreFault
from workspace.ports import Batch, JournalRow, WorkspaceRow
from workspace.store.sql import SqlStore

async def main():
    store = SqlStore(sys.argv[1]); await store.open()
    await store.create_workspace(WorkspaceRow("w", "W", "now")); epoch = await store.claim("w")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
    acked = 0
    try:
        for at in range(1, 2000):
            await store.submit(Batch("w", epoch, (), (JournalRow(at, "d", "L", "a", b"x" * 2000),)))
            acked = at
    except StoreFault as fault:
        print("fault", fault.retry, flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    kept = await store.journal("w")
    assert [row.jid for row in kept] == list(range(1, acked + 1)), (len(kept), acked)
    await store.submit(Batch("w", epoch, (), (JournalRow(acked + 1, "d", "L", "a", b"after"),)))
    print("works again after", acked, flush=True)
    await store.close()
asyncio.run(main())
"""


async def run_child(code: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


@pytest.mark.parametrize("acks", [40, 333, 900])
async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, acks: int) -> None:
    url = f"sqlite:///{tmp_path / 'k.sqlite'}"
    child = await run_child(CHILD, url)
    assert child.stdout is not None
    told = [int(await child.stdout.readline()) for _ in range(acks)]
    child.kill()
    rest, _ = await child.communicate()
    told += [int(line) for line in rest.split(b"\n")[:-1]]
    store = SqlStore(url)
    await store.open()
    kept = [row.jid for row in await store.journal("w", limit=100_000)]
    await store.close()
    assert kept == list(range(1, len(kept) + 1))
    assert set(told) <= set(kept)


async def test_a_full_disk_is_told_and_passes(tmp_path: Path) -> None:
    child = await run_child(FULL_DISK, f"sqlite:///{tmp_path / 'f.sqlite'}")
    out, err = await child.communicate()
    assert child.returncode == 0, err.decode()[-2000:]
    assert b"fault True" in out
    assert b"works again" in out


async def test_a_restart_finds_everything(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.sqlite'}"
    written = rows(20)
    for part in range(4):
        store = SqlStore(url)
        await store.open()
        if part == 0:
            await store.create_workspace(WorkspaceRow("w", "W", "now"))
            assert await store.claim("w") == 1
        await store.submit(Batch("w", 1, tuple(written[5 * part : 5 * part + 5]), journal(1 + 3 * part, 3)))
        await store.close()
    store = SqlStore(url)
    await store.open()
    assert await store.rows("w") == written
    await store.close()


async def test_two_processes_may_open_one_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'two.sqlite'}"
    one, other = SqlStore(url), SqlStore(url)
    await one.open()
    await other.open()
    await one.create_workspace(WorkspaceRow("w", "W", "now"))
    epoch = await one.claim("w")
    await asyncio.gather(
        one.submit(Batch("w", epoch, tuple(rows(3)))), other.create_workspace(WorkspaceRow("v", "V", "now"))
    )
    assert len(await other.rows("w")) == 3
    await one.close()
    await other.close()


async def test_a_file_from_the_future_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "future.sqlite"
    store = SqlStore(f"sqlite:///{path}")
    await store.open()
    await store.close()
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO schema_version (version) VALUES (99)")
    with pytest.raises(StoreFault, match="newer"):
        await SqlStore(f"sqlite:///{path}").open()
    assert path.stat().st_mode & 0o077 == 0


def test_an_unknown_database_says_what_is_supported() -> None:
    with pytest.raises(StoreFault, match="sqlite"):
        SqlStore("mysql://x")
