"""Servers are believed when they ask for time; retries have a budget; those who wait do not come back all at once."""

from __future__ import annotations

from email.utils import format_datetime, formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.backoff import (
    HOLD_SECONDS_MAX,
    RETRIES_PER_CALL,
    RETRIES_SAVED_MAX,
    RETRY_AFTER_SECONDS_MAX,
    Backoff,
    retry_after,
)
from agent.gateway.call import CallFailed

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": formatdate(NOW + 45, usegmt=True)}, 45),
        ({"retry-after": formatdate(NOW + 45, usegmt=True), "date": formatdate(NOW + 30, usegmt=True)}, 15),
        ({"retry-after": formatdate(NOW - 45, usegmt=True)}, 0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "1e300"}, RETRY_AFTER_SECONDS_MAX),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, RETRY_AFTER_SECONDS_MAX),
        ({"retry-after": "NaN"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_every_form_of_the_header_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@given(value=st.text(max_size=40), date=st.text(max_size=40))
def test_no_header_raises_or_passes_its_bound(value: str, date: str) -> None:
    found = retry_after({"retry-after": value, "retry-after-ms": value, "date": date}, NOW)
    assert found is None or 0 <= found <= RETRY_AFTER_SECONDS_MAX


@given(then=st.datetimes())
def test_any_date_is_a_wait_within_bounds(then: object) -> None:
    found = retry_after({"retry-after": format_datetime(then)}, NOW)  # type: ignore[arg-type]
    assert found is None or 0 <= found <= RETRY_AFTER_SECONDS_MAX


def test_a_model_that_asked_for_time_is_left_alone_until_then() -> None:
    backoff = Backoff(lambda: 0.0)
    backoff.hold("m", CallFailed("rate_limited", "", retry_after=20), 100.0)
    backoff.hold("m", CallFailed("rate_limited", "", retry_after=5), 101.0)
    backoff.hold("n", CallFailed("rate_limited", ""), 100.0)
    backoff.hold("n", CallFailed("malformed", "", retry_after=20), 100.0)
    assert backoff.held("m", 101.0) == 19
    assert backoff.held("n", 101.0) == 0
    assert backoff.held("m", 120.0) == 0
    assert not backoff.holds
    backoff.hold("m", CallFailed("overloaded", "", retry_after=80_000), 200.0)
    assert backoff.held("m", 200.0) == HOLD_SECONDS_MAX


def test_retries_are_a_few_and_then_a_share_of_the_calls() -> None:
    backoff = Backoff(lambda: 0.5)
    granted = sum(backoff.may_retry() for _ in range(100))
    assert granted == RETRIES_SAVED_MAX
    calls, granted = 1_000, 0
    for _ in range(calls):
        backoff.called()
        granted += backoff.may_retry()
    assert granted <= calls * RETRIES_PER_CALL + 1
    assert granted >= calls * RETRIES_PER_CALL - 1


@given(chance=st.floats(0, 1), seconds=st.floats(0, 300), tries=st.integers(0, 9))
def test_waits_are_as_long_as_asked_and_spread(chance: float, seconds: float, tries: int) -> None:
    backoff = Backoff(lambda: chance)
    assert seconds <= backoff.spread(seconds) <= seconds + max(1.0, seconds / 10) + 1e-9
    assert 0 <= backoff.pause(tries) <= 4
