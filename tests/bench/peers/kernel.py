"""The sequencer alone, without sockets and disk: the gate beside pending intents, folding, going back in time.

    python -m tests.bench.peers.kernel '{"records": 100000, "pending": [10, 100, 1000]}'

CPU time of one process, so that a shared machine disturbs it least. A server takes at most 1,000 live intents.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time

from tests.bench.replay import lay, make_log, travel_times
from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.intent import Scope
from workspace.intents.state.replay import fold_log
from workspace.store.sql import SqlStore

GATED = 50
FOLDS = 3


def gate_ms(pending: int) -> float:
    """Return what one instruction costs from arrival to verdict while others are being planned, in ms of CPU.

    None has seen the others, so the gate holds it against every one of them; nobody touches the same value.
    """
    driver = Driver(policy=PolicyConfig(window_ms=0, overlap_wait_ms=0, slots=pending + 10))
    # Where a workspace is nearly full nobody begins who has none under way: the bound is far away.
    driver.sequencer.kernel.bounds = Bounds(live_intents=2 * pending + 100)
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


async def travel_figures(driver: Driver) -> dict[str, float]:
    """Return the milliseconds to any state of the past, read from SQLite with its older records packed."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore(f"sqlite:///{folder}/log.sqlite")
        await store.open()
        epoch = await lay(store, driver)
        await store.pack("w", epoch, driver.sequencer.fold.segments.sealed)
        times = await travel_times(store, driver)
        await store.close()
    return {"travel_p50_ms": times[len(times) // 2], "travel_max_ms": times[-1]}


def fold_figures(driver: Driver) -> dict[str, float]:
    """Return folded records a second."""
    rates = []
    for _ in range(FOLDS):
        began = time.process_time()
        fold_log(driver.rows, driver.journal)
        rates.append(len(driver.rows) / (time.process_time() - began))
    return {"fold_records_s": statistics.median(rates)}


def main() -> None:
    """Carry out the order on the command line; print one line of JSON."""
    order = json.loads(sys.argv[1])
    figures = {f"gate_ms@{pending}": gate_ms(pending) for pending in order["pending"]}
    least, most = min(order["pending"]), max(order["pending"])
    figures["gate_growth"] = figures[f"gate_ms@{most}"] / figures[f"gate_ms@{least}"]
    driver = make_log(order["records"])
    # Only this process holds the whole log as objects: the collector must not walk them in the middle of a measurement.
    gc.collect()
    gc.freeze()
    print(json.dumps(figures | fold_figures(driver) | asyncio.run(travel_figures(driver))))


if __name__ == "__main__":
    main()
