"""The sequencer alone, without sockets and disk: the gate beside pending intents, folding, going back in time.

    python -m tests.bench.peers.kernel '{"records": 100000, "pending": [10, 100, 1000]}'

CPU time of one process, so that a shared machine disturbs it least. A server takes at most 1,000 live intents.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import random
import statistics
import sys
import time
from pathlib import Path

from tests.bench.peers.histories import CACHE
from tests.bench.replay import make_log
from tests.workspace.intents.driver import Driver
from workspace.intents import admission
from workspace.intents.intent import Scope
from workspace.intents.record import PolicyConfig, Row
from workspace.intents.replay import fold_log
from workspace.ports import JournalRow

ROOT = Path(__file__).parents[3]
GATED = 50
FOLDS = 3
JUMPS = 5
Log = tuple[list[Row], list[JournalRow]]


def gate_ms(pending: int) -> float:
    """Return what one instruction costs from arrival to verdict while others are being planned, in ms of CPU.

    None has seen the others, so the gate holds it against every one of them; nobody touches the same value.
    """
    admission.LIVE_INTENTS_MAX = pending + 100
    driver = Driver(policy=PolicyConfig(window_ms=0, overlap_wait_ms=0, slots=pending + 10))
    for at in range(pending):
        driver.ask(f"P{at}", "pending", seen=driver.start, scope=(Scope("plan"),))
    live = driver.sequencer.fold.board.live
    assert len(live) == pending, "all of them are under way"
    spent = []
    for at in range(GATED):
        key = f"k{at}"
        began = time.process_time()
        intent = driver.ask(f"A{at}", seen=driver.start, scope=(Scope("budget", keys=((key,),)),))
        driver.add(intent, key, 1)
        spent.append(time.process_time() - began)
        assert driver.state(intent) == "done", driver.state(intent)
    return statistics.median(spent) * 1e3


def log_of(records: int) -> Log:
    """Return a log of at least so many records, made once for each version of the sequencer."""
    sources = sorted((ROOT / "workspace" / "intents").glob("*.py"))
    version = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    file = CACHE / f"log-{records}-{version}.pickle"
    if file.is_file():
        with file.open("rb") as opened:
            kept: Log = pickle.load(opened)
        return kept
    driver = make_log(records)
    CACHE.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps((driver.rows, driver.journal), 5))
    return driver.rows, driver.journal


def fold_figures(records: int) -> dict[str, float]:
    """Return folded records a second, and the milliseconds to any state of the past."""
    rows, journal = log_of(records)
    rates = []
    for _ in range(FOLDS):
        began = time.process_time()
        fold_log(rows, journal)
        rates.append(len(rows) / (time.process_time() - began))
    chance = random.Random(3)
    times = []
    for _ in range(JUMPS):
        began = time.perf_counter()
        fold_log(rows, journal, to=chance.randrange(1, len(rows)))
        times.append(time.perf_counter() - began)
    return {
        "fold_records_s": statistics.median(rates),
        "travel_p50_ms": statistics.median(times) * 1e3,
        "travel_max_ms": max(times) * 1e3,
    }


def main() -> None:
    """Carry out the order on the command line; print one line of JSON."""
    order = json.loads(sys.argv[1])
    figures = {f"gate_ms@{pending}": gate_ms(pending) for pending in order["pending"]}
    print(json.dumps(figures | fold_figures(order["records"])))


if __name__ == "__main__":
    main()
