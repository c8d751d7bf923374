"""`make bench-layers`: what our layers cost, as ratios against the bare library measured in the same run.

Prints the median of interleaved rounds; no test depends on it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pycrdt import Doc, Text

from crdt.documents.document import Document
from crdt.updates.scan import scan_update
from workspace.ports import Batch, JournalRow, WorkspaceRow
from workspace.store.sql import SqlStore

ROUNDS = 5
KEYSTROKES = 5_000
ROWS = 4_000
WRITERS = 32


def keystrokes() -> list[bytes]:
    """Return the updates of somebody typing."""
    author = Document("text", client=5)
    made = []
    for at in range(KEYSTROKES):
        with author.transaction() as done:
            author.insert_text(at, "x")
        made.append(done[0].update)
    return made


def bare_apply(updates: list[bytes]) -> None:
    """Apply with pycrdt alone."""
    document: Doc[Text] = Doc()
    document.get("content", type=Text)
    for update in updates:
        document.apply_update(update)


def guarded_apply(updates: list[bytes]) -> None:
    """Scan, check for gaps and apply, as the room does."""
    document = Document("text", client=6)
    for update in updates:
        document.apply(update, scan_update(update))


def one_commit_each(folder: Path) -> None:
    """Write rows durably with SQLite, one commit a row."""
    raw = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("CREATE TABLE journal (jid INTEGER PRIMARY KEY, content BLOB)")
    for jid in range(ROWS):
        raw.execute("INSERT INTO journal VALUES (?, ?)", (jid, b"x" * 40))
    raw.close()


def group_commit(folder: Path) -> None:
    """Write the same rows through the store, 32 at once."""

    async def run() -> None:
        store = SqlStore(f"sqlite:///{folder / 'store.sqlite'}")
        await store.open()
        await store.create_workspace(WorkspaceRow("w", "W", "now"))
        epoch = await store.claim("w")
        for start in range(1, ROWS + 1, WRITERS):
            rows = (JournalRow(jid, "d", "L", "a", b"x" * 40) for jid in range(start, start + WRITERS))
            await asyncio.gather(*(store.submit(Batch("w", epoch, (), (row,))) for row in rows))
        await store.close()

    asyncio.run(run())


def seconds(work: Callable[[], None]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(name: str, unit: str, count: int, ours: list[float], bare: list[float]) -> None:
    """Print both medians and the ratio, round by round."""
    ratios = sorted(a / b for a, b in zip(ours, bare, strict=True))
    speeds = [f"{count / statistics.median(times):,.0f} {unit}/s" for times in (ours, bare)]
    ratio = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    print(f"{name}: ours {speeds[0]}, bare {speeds[1]}, time ratio {ratio}")


def main() -> None:
    """Run all comparisons."""
    updates = keystrokes()
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(seconds(lambda: bare_apply(updates)))
        ours.append(seconds(lambda: guarded_apply(updates)))
    report("apply a keystroke (scan, gap check) against pycrdt alone", "updates", KEYSTROKES, ours, bare)
    ours, bare = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            bare.append(seconds(lambda folder=folder: one_commit_each(Path(folder))))  # type: ignore[misc]
            ours.append(seconds(lambda folder=folder: group_commit(Path(folder))))  # type: ignore[misc]
    report("durable rows, 32 submitters, against one commit a row", "rows", ROWS, ours, bare)


if __name__ == "__main__":
    main()
