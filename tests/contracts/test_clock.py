"""One contract for every clock: unix seconds that are floats, and tokens of the length that was asked for, each new."""

from __future__ import annotations

import pytest

from tests.fuzz.child import SeededClock
from workspace.clock import SystemClock
from workspace.ports import Clock

CLOCKS = pytest.mark.parametrize("clock", [SystemClock(), SeededClock()], ids=["system", "seeded"])


@CLOCKS
def test_time_is_unix_seconds_and_does_not_go_back_between_two_looks(clock: Clock) -> None:
    first, second = clock.now(), clock.now()
    assert isinstance(first, float)
    assert 0 < first <= second < 1e11


@CLOCKS
@pytest.mark.parametrize("size", [1, 4, 16, 32])
def test_a_token_is_as_many_bytes_in_lower_case_hex(clock: Clock, size: int) -> None:
    token = clock.token(size)
    assert len(bytes.fromhex(token)) == size
    assert token == token.lower()


@CLOCKS
def test_no_token_comes_twice(clock: Clock) -> None:
    assert len({clock.token(8) for _ in range(500)}) == 500
