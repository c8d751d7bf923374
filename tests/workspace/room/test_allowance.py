"""Whoever spends from an allowance has a rate and a reserve, and no clock gives more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.room.allowance import Allowance

RATE = 1_000


@given(spent=st.lists(st.tuples(st.integers(0, 3 * RATE), st.floats(0, 5)), max_size=30))
def test_no_more_is_allowed_than_flows_in_and_one_second_beforehand(spent: list[tuple[int, float]]) -> None:
    allowance, now, total, last = Allowance.full(RATE, 0.0), 0.0, 0, 0
    for amount, later in spent:
        now += later
        if allowance.owed(now) == 0:
            allowance.spend(amount, now)
            total, last = total + amount, amount
    assert total - last <= RATE * (1 + now) + 1e-6


def test_a_clock_that_goes_back_allows_nothing_more() -> None:
    allowance = Allowance.full(RATE, 100.0)
    allowance.spend(2 * RATE, 100.0)
    assert allowance.owed(50.0) == pytest.approx(1.0)
    assert allowance.owed(51.0) == pytest.approx(0.0)
