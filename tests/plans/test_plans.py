"""A few of the random plans that `make accept-plans` tries by the thousand: no false *done*, no blend by an undo."""

from __future__ import annotations

import pytest

from tests.plans.__main__ import plans
from tests.plans.checker import Tally

pytestmark = pytest.mark.stock
RUNS, SEED = 25, 11


@pytest.mark.parametrize("planner", ["builtin", "model"])
async def test_what_a_verdict_says_is_what_a_stock_yjs_reads(planner: str) -> None:
    tally = Tally()
    await plans(planner, 0, RUNS, SEED, tally)
    assert tally.ends["done done"] > RUNS // 4
    assert sum(count for end, count in tally.ends.items() if end.startswith("undo")) > 2
