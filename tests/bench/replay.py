"""How fast a log folds: records a second, with and without checking every recorded state.

    python -m tests.bench.replay --records 100000

One core. The log is made by the real sequencer: three human edits of a text to one instruction on a value.
"""

from __future__ import annotations

import argparse
import time

from tests.workspace.intents.driver import Driver
from workspace.intents.record import PolicyConfig
from workspace.intents.replay import fold_log, verify

RUNS = 5


def make_log(records: int) -> Driver:
    """Return a driver whose log has at least so many records."""
    driver = Driver(policy=PolicyConfig(window_ms=0, overlap_wait_ms=0))
    at = 0
    while len(driver.rows) < records:
        if at % 4 == 0:
            intent = driver.ask("Ana")
            driver.add(intent, f"k{at % 50}", 1)
            driver.wait(0.01)
        else:
            driver.type("Ben", "plan", lambda document: document.insert_text(0, "word "))
            driver.wait(0.25)
        at += 1
        if at % 400 == 0:
            length = len(driver.text())
            driver.type("Ben", "plan", lambda document, length=length: document.delete_text(0, length))
    return driver


def main() -> None:
    """Make a log, fold it five times, print the median and the range."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    count = parser.parse_args().records
    driver = make_log(count)
    print(
        f"`python -m tests.bench.replay --records {count}` · {time.strftime('%Y-%m-%d')} · {len(driver.rows)} records\n"
    )
    for name, call in (
        ("fold", lambda: fold_log(driver.rows, driver.journal)),
        ("fold, every state checked", lambda: verify(driver.rows, driver.journal)),
    ):
        rates = []
        for _ in range(RUNS):
            began = time.process_time()
            call()
            rates.append(len(driver.rows) / (time.process_time() - began))
        rates.sort()
        print(f"- {name}: {rates[RUNS // 2]:,.0f} records/s ({rates[0]:,.0f} to {rates[-1]:,.0f})")


if __name__ == "__main__":
    main()
