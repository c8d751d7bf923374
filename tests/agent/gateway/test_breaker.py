"""A circuit breaker opens after failures in a row, lets one probe through, and closes with any answer."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.breaker import NEUTRAL, OPEN_SECONDS, OUTAGES, TRIPS_AT, Breaker, Breakers
from workspace.intents.model.calls import CallOutcome

OUTCOMES: tuple[CallOutcome, ...] = get_args(CallOutcome)


def test_a_breaker_opens_probes_and_closes() -> None:
    breaker = Breaker()
    for _ in range(TRIPS_AT):
        assert not breaker.is_open(0)
        breaker.begin()
        breaker.end("overloaded", 0)
    assert breaker.is_open(OPEN_SECONDS - 1)
    assert not breaker.is_open(OPEN_SECONDS)
    breaker.begin()
    assert breaker.is_open(OPEN_SECONDS), "one probe at a time"
    breaker.end("timeout", OPEN_SECONDS)
    assert breaker.is_open(OPEN_SECONDS + 1)
    breaker.begin()
    breaker.end("malformed", 2 * OPEN_SECONDS)
    assert not breaker.is_open(2 * OPEN_SECONDS), "a bad answer is an answer"


@given(outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=40))
def test_it_is_open_exactly_after_so_many_outages_without_an_answer_between(outcomes: list[CallOutcome]) -> None:
    breaker, row = Breaker(), 0
    for outcome in outcomes:
        breaker.begin()
        breaker.end(outcome, 0)
        row = row + 1 if outcome in OUTAGES else row if outcome in NEUTRAL else 0
        assert breaker.is_open(OPEN_SECONDS / 2) == (row >= TRIPS_AT)
        assert not breaker.is_open(OPEN_SECONDS)


@pytest.mark.parametrize("outcome", sorted(NEUTRAL))
def test_what_says_nothing_of_the_model_counts_neither_way(outcome: CallOutcome) -> None:
    breaker = Breaker()
    for told in ["overloaded"] * (TRIPS_AT - 1) + [outcome, "overloaded"]:
        breaker.begin()
        breaker.end(told, 0)  # type: ignore[arg-type]
    assert breaker.is_open(1)


def test_each_model_has_a_breaker_of_its_own() -> None:
    breakers = Breakers()
    for _ in range(TRIPS_AT):
        breakers.of("a").begin()
        breakers.of("a").end("timeout", 0)
    assert breakers.of("a").is_open(1)
    assert not breakers.of("b").is_open(1)
