"""How fast a log folds, and how fast one stands at any `seq` of it.

    python -m tests.bench.replay --records 100000 [--write]

One core. The log is made by the real sequencer: three human edits of 40 texts to one instruction on a value. Travel
in time reads from SQLite, at random places, through the checkpoints that the sequencer wrote on its way.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import random
import tempfile
import time
from pathlib import Path

from crdt.document import Document
from tests.workspace.intents.driver import Driver
from workspace.intents.events import Configured
from workspace.intents.record import ConfigBody, PolicyConfig
from workspace.intents.replay import fold_log, verify
from workspace.ports import Batch, WorkspaceRow
from workspace.reading import read_documents
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
        driver.outlets.clear()
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
        ("fold, every recorded state checked", lambda: verify(driver.rows, driver.journal)),
    ):
        rates = []
        for _ in range(RUNS):
            began = time.process_time()
            call()
            rates.append(len(driver.rows) / (time.process_time() - began))
        rates.sort()
        lines.append(f"| {name} | {rates[RUNS // 2]:,.0f} records/s | {rates[0]:,.0f} to {rates[-1]:,.0f} |")
    return lines


async def travelling(driver: Driver, folder: Path) -> str:
    """Stand at 200 random places of the log as it lies in SQLite; return the line to print."""
    store = SqlStore(f"sqlite:///{folder / 'log.sqlite'}")
    await store.open()
    await store.create_workspace(WorkspaceRow("w", "w", "now", epoch=driver.epoch - 1))
    epoch = await store.claim("w")
    for first in range(0, len(driver.journal), CHUNK):
        await store.submit(Batch("w", epoch, journal=tuple(driver.journal[first : first + CHUNK])))
    for first in range(0, len(driver.rows), CHUNK):
        await store.submit(Batch("w", epoch, tuple(driver.rows[first : first + CHUNK])))
    await store.submit(Batch("w", epoch, snapshots=tuple(driver.snapshots)))
    chance, times = random.Random(7), []
    for _ in range(PLACES):
        seq = chance.randrange(1, len(driver.rows) + 1)
        began = time.perf_counter()
        found = await read_documents(store, "w", seq, driver.sequencer.fold.kinds)
        times.append((time.perf_counter() - began) * 1000)
        assert "plan" in found or seq < 3
    await store.close()
    times.sort()
    return f"| documents at a random `seq` | median {times[PLACES // 2]:.0f} ms | at most {times[-1]:.0f} ms |"


def main() -> None:
    """Make a log, fold it, travel in it, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--write", action="store_true", help="write docs/replay.md")
    options = parser.parse_args()
    driver = make_log(options.records)
    with tempfile.TemporaryDirectory() as folder:
        travelled = asyncio.run(travelling(driver, Path(folder)))
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
        travelled,
        "",
        "Folding verifies the hash chain and the bytes behind every record. Time travel reads the nearest checkpoint",
        "and at most 1,000 records behind it, from SQLite, and checks that the kept states are the checkpoint's.",
        "",
    ]
    print("\n".join(lines))
    if options.write:
        PAGE.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
