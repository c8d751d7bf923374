"""Some worlds at every run; `make accept-worlds` runs thousands, `make accept-guards` switches every guard off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.world.__main__ import caught
from tests.world.coverage import TRANSITIONS, transitions
from tests.world.monitor import Monitor
from tests.world.mutations import MUTATIONS, Mutation
from tests.world.scale import small
from tests.world.world import run_world

SEEDS = int(os.environ.get("FOLKMOOT_WORLD_SEEDS", "60"))
STEPS = 60


@pytest.fixture(scope="module", autouse=True)
def small_numbers() -> Iterator[None]:
    """The logs written here are replayed after each test: with the numbers they were written with."""
    with small():
        yield


def test_no_world_breaks_an_invariant_and_together_they_go_almost_everywhere() -> None:
    found: Counter[str] = Counter()
    for seed in range(SEEDS):
        found += transitions(run_world(seed, STEPS))
    missing = [name for name in TRANSITIONS if not found[name]]
    assert len(missing) <= 5, missing


# A seed shortly before the one that notices, where the way from 0 takes long: `make accept-guards` goes all of it.
NEAR = {
    "effect again": 79,
    "served": 234,
    "approved twice": 24,
    "judge": 23,
    "stop outside": 14,
    "values": 13,
    "comparison": 11,
    "gate": 11,
    "notice time": 9,
    "lost batch": 9,
}


@pytest.mark.damages_logs
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_guard_that_is_switched_off_is_noticed(mutation: Mutation) -> None:
    count, what = caught(mutation, NEAR.get(mutation.name, 0), STEPS)
    assert count, f"{mutation.what}: not noticed within {mutation.seeds} seeds"
    assert what.split(":")[0] in mutation.invariants, what


@pytest.mark.damages_logs
@pytest.mark.parametrize("name", ["gate", "comparison", "judge"])
def test_the_audit_notices_by_itself_that_nothing_is_compared(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The monitor does not look for undecided pairs here: what is left to find them is the log."""
    monkeypatch.setattr(Monitor, "_settled", lambda *args: None)
    mutation = next(mutation for mutation in MUTATIONS if mutation.name == name)
    count, what = caught(mutation, 0, STEPS)
    assert count, f"{mutation.what}: not noticed within {mutation.seeds} seeds"
    assert what.startswith("I12: record"), what
    assert "breaks C3/I8" in what, what


def test_one_seed_is_one_run_whatever_the_process() -> None:
    code = "from tests.world.world import run_world; print(run_world(5, 40).monitor.rows[-1].hash)"
    heads = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(salt)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for salt in (1, 2)
    }
    assert len(heads) == 1, heads
