"""Times go out as words and come back the same, to the millisecond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.intents.model.times import DAY_SECONDS, day_of, timestamp, unix_time


@given(st.floats(0, 4_000_000_000.0))
def test_a_time_comes_back_to_the_millisecond(now: float) -> None:
    assert abs(now - unix_time(timestamp(now))) < 0.0011
    assert timestamp(unix_time(timestamp(now))) == timestamp(now)


@given(st.floats(0, 4_000_000_000.0), st.floats(0.002, 10**6))
def test_later_is_later_in_words_too(now: float, more: float) -> None:
    assert timestamp(now) < timestamp(now + more)


@pytest.mark.parametrize("now, day", [(0, 0), (DAY_SECONDS - 0.001, 0), (DAY_SECONDS, 1), (1_764_384_000.0, 20_421)])
def test_a_day_is_one_in_utc(now: float, day: int) -> None:
    assert day_of(now) == day
    assert timestamp(day * DAY_SECONDS).endswith("T00:00:00.000Z")
