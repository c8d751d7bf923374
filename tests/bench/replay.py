"""How fast a log folds, and how fast one stands at any `seq` of it.

    python -m tests.bench.replay --records 100000 [--write]

One core. The log is made by the real sequencer: three human edits of 40 texts to one instruction on a value. Travel
in time reads from SQLite, at random places, through the checkpoints that the sequencer wrote on its way. Travel,
reading and opening are measured before and after the log's segments are packed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import random
import sqlite3
import tempfile
import time
import zlib
from itertools import islice
from pathlib import Path

import msgspec

from crdt.documents.document import Document
from tests.workspace.intents.driver import Driver
from workspace.history.read import read_all, read_documents
from workspace.http.intents import BOARD_MAX
from workspace.intents.audit.time_travel import board_at
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.events import Configured
from workspace.intents.recovery import open_sequencer
from workspace.intents.state.replay import fold_log
from workspace.ports import Batch, WorkspaceRow
from workspace.store.sql import SqlStore

RUNS, PLACES, CHUNK = 5, 200, 1_000
TEXTS, PAGE_POINTS = 40, 2_000
PAGE = Path("docs/replay.md")


def make_log(records: int) -> Driver:
    """Return a driver whose log has at least so many records."""
    driver = Driver(policy=PolicyConfig(window_ms=0, overlap_wait_ms=0))
    driver.handle(Configured("Owner", ConfigBody(documents={f"text {at}": "text" for at in range(TEXTS)})))
    at = 0
    while len(driver.rows) < records:
        if at % 4 == 0:
            intent = driver.ask("Ana")
            driver.add(intent, f"k{at % 50}", 1)
            driver.wait(0.01)
        else:
            driver.type("Ben", f"text {at % TEXTS}", write)
            driver.wait(0.25)
        driver.notices.clear()
        at += 1
    return driver


def write(document: Document) -> None:
    """Type a word at the top; begin again when a page is full."""
    length = len(document.text())
    if length > PAGE_POINTS:
        document.delete_text(0, length)
    document.insert_text(0, "word ")


def folding(driver: Driver) -> list[str]:
    """Fold the log five times each way; return the lines to print."""
    lines = []
    for name, call in (
        ("fold", lambda: fold_log(driver.rows, driver.journal)),
        ("fold, every recorded state checked", lambda: verify(driver.rows, driver.journal, is_audited=False)),
    ):
        rates = []
        for _ in range(RUNS):
            began = time.process_time()
            call()
            rates.append(len(driver.rows) / (time.process_time() - began))
        rates.sort()
        lines.append(f"| {name} | {rates[RUNS // 2]:,.0f} records/s | {rates[0]:,.0f} to {rates[-1]:,.0f} |")
    return lines


async def lay(store: SqlStore, driver: Driver) -> int:
    """Put a log into an open store as workspace `w`; return its epoch."""
    await store.create_workspace(WorkspaceRow("w", "w", "now", epoch=driver.epoch - 1))
    epoch = await store.claim("w")
    for first in range(0, len(driver.journal), CHUNK):
        await store.submit(Batch("w", epoch, journal=tuple(driver.journal[first : first + CHUNK])))
    for first in range(0, len(driver.rows), CHUNK):
        await store.submit(Batch("w", epoch, tuple(driver.rows[first : first + CHUNK])))
    await store.submit(Batch("w", epoch, snapshots=tuple(driver.snapshots)))
    return epoch


async def lying(driver: Driver, folder: Path) -> list[str]:
    """Put the log into SQLite, travel, read and open it, before and after it is packed; return the lines to print."""
    store = SqlStore(f"sqlite:///{folder / 'log.sqlite'}")
    await store.open()
    epoch = await lay(store, driver)
    lines, sizes = [], []
    for state in ("hot", "packed"):
        if state == "packed":
            lines.append(await packing(store, driver, epoch))
        lines.append(await travelling(store, driver, state))
        lines.append(await opening(store, driver, state))
        with sqlite3.connect(folder / "log.sqlite") as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            pages, free, size = (
                raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
            )
            sizes.append((pages - free) * size / 1e6)
    await store.close()
    journal = b"".join(row.update for row in driver.journal)
    lines.append(f"| the file, pages in use | hot {sizes[0]:.1f} MB | packed {sizes[1]:.1f} MB |")
    lines.append(
        f"| the journal, not packed | {len(journal) / 1e6:.2f} MB | zlib would save "
        f"{100 - 100 * len(zlib.compress(journal)) / len(journal):.0f} % |"
    )
    return lines


async def packing(store: SqlStore, driver: Driver, epoch: int) -> str:
    """Pack every segment, one call each; return the line to print."""
    segments = driver.sequencer.fold.segments.sealed
    rows = [row for row in driver.rows if row.seq <= segments[-1].last]
    before = sum(len(str(value).encode()) for row in rows for value in msgspec.structs.astuple(row))
    times = []
    for segment in segments:
        began = time.perf_counter()
        assert await store.pack("w", epoch, (segment,)) == 1
        times.append((time.perf_counter() - began) * 1000)
    after = await store._read(lambda c: c.execute("SELECT sum(length(content)) FROM segment").fetchone()[0])
    times.sort()
    return (
        f"| {len(segments)} segments packed, {before / 1e6:.2f} MB to {after / 1e6:.2f} MB | {before / after:.1f} : 1 "
        f"| median {times[len(times) // 2]:.0f} ms each, at most {times[-1]:.0f} ms |"
    )


async def opening(store: SqlStore, driver: Driver, state: str) -> str:
    """Read and open the whole log five times; return the line to print."""
    reads, opens = [], []
    for _ in range(RUNS):
        began = time.perf_counter()
        rows, journal = await read_all(store, "w")
        reads.append((time.perf_counter() - began) * 1000)
        open_sequencer("w", epoch=driver.epoch + 1, rows=rows, journal=journal, now=driver.now, versions={})
        opens.append((time.perf_counter() - began) * 1000)
    assert rows == driver.rows
    reads.sort()
    opens.sort()
    return f"| {state}: the log read, the workspace open | {reads[RUNS // 2]:.0f} ms | {opens[RUNS // 2]:,.0f} ms |"


async def travelling(store: SqlStore, driver: Driver, state: str) -> str:
    """Stand at 200 random places of the log as it lies in SQLite; return the line to print."""
    times = await travel_times(store, driver)
    what = f"{state}: documents and board at a random `seq`"
    return f"| {what} | median {times[PLACES // 2]:.0f} ms | at most {times[-1]:.0f} ms |"


async def travel_times(store: SqlStore, driver: Driver) -> list[float]:
    """Return how long it takes to have documents and board of 200 random places, in ms, ascending."""
    chance, times, board = random.Random(7), [], driver.sequencer.fold.board
    for _ in range(PLACES):
        seq = chance.randrange(1, len(driver.rows) + 1)
        began = time.perf_counter()
        found = await read_documents(store, "w", seq, driver.sequencer.fold.kinds)
        stood = list(islice(board_at(board, seq), BOARD_MAX))
        times.append((time.perf_counter() - began) * 1000)
        assert "plan" in found or seq < 3
        assert len(stood) <= seq
    return sorted(times)


def sections() -> list[str]:
    """Return what stands in the page behind the measured part: it is written by hand."""
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index("## ") :].rstrip().split("\n")


def main() -> None:
    """Make a log, fold it, travel in it, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--write", action="store_true", help="write docs/replay.md")
    options = parser.parse_args()
    driver = make_log(options.records)
    # Only this process holds the whole log as objects; the collector must not walk them in the middle of a measurement.
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        lay = asyncio.run(lying(driver, Path(folder)))
    lines = [
        "# Replay and time travel, measured",
        "",
        f"`python -m tests.bench.replay --records {options.records} --write`, {time.strftime('%Y-%m-%d')}, one of "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, a log of {len(driver.rows):,} records with "
        f"{sum(row.kind == 'checkpoint' for row in driver.rows)} checkpoints.",
        "",
        "| | | |",
        "|---|---|---|",
        *folding(driver),
        *lay,
        "",
        "Folding verifies the hash chain and the bytes behind every record. Time travel reads the nearest checkpoint",
        "and at most 1,000 records behind it, from SQLite, and checks that the kept states are the checkpoint's.",
        "",
        *sections(),
        "",
    ]
    print("\n".join(lines))
    if options.write:
        PAGE.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
