"""Calls to models as values: which outcomes count, what a route table and a budget from outside may say."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings

from tests.support.examples import examples
from tests.support.structs import any_struct
from workspace.intents.model.calls import (
    ANSWER_TOKENS_HIGH,
    ANSWER_TOKENS_LOW,
    ANSWERED,
    DOLLARS_MAX,
    FAILURES,
    MODELS_MAX,
    NAME_POINTS_MAX,
    RULES_MAX,
    TIERS_MAX,
    Budget,
    CallClosed,
    CallOpened,
    CallOutcome,
    RouteTable,
    Rule,
    Shadow,
    check_budget,
    check_routes,
)

TIERS = (("small", ("a",)), ("large", ("b", "c")))


def many(count: int) -> tuple[str, ...]:
    return tuple(f"m{at}" for at in range(count))


def tiers(count: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((f"t{at}", ("a",)) for at in range(count))


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (RouteTable(tiers=()), "tiers"),
        (RouteTable(tiers=(("small", ()),)), "Each tier has"),
        (RouteTable(tiers=(("x", ("a",)), ("x", ("b",)))), "tiers"),
        (RouteTable(tiers=tiers(TIERS_MAX + 1)), "tiers"),
        (RouteTable(tiers=(("small", many(MODELS_MAX + 1)),)), "Each tier has"),
        (RouteTable(tiers=(("small", ("a\n",)),)), "Names"),
        (RouteTable(tiers=(("", ("a",)),)), "Names"),
        (RouteTable(tiers=(("n" * (NAME_POINTS_MAX + 1), ("a",)),)), "Names"),
        (RouteTable(tiers=TIERS, rules=(Rule("huge"),)), "Rules"),
        (RouteTable(tiers=TIERS, rules=(Rule("small"),) * (RULES_MAX + 1)), "Rules"),
        (RouteTable(tiers=TIERS, fallbacks={"rain": ("next",)}), "fallbacks"),
        (RouteTable(tiers=TIERS, fallbacks={"cancelled": ("next",)}), "fallbacks"),
        (RouteTable(tiers=TIERS, fallbacks={"cut": ("pray",)}), "fallbacks"),
        (RouteTable(tiers=TIERS, fallbacks={"cut": ("retry",) * (MODELS_MAX + 1)}), "fallbacks"),
        (RouteTable(tiers=TIERS, shadow=Shadow("d", 1.5)), "shadow.share"),
        (RouteTable(tiers=TIERS, shadow=Shadow("d", float("nan"))), "shadow.share"),
        (RouteTable(tiers=TIERS, shadow=Shadow("d" * 200, 0.5)), "Names"),
        (RouteTable(tiers=TIERS, answer_tokens_max=ANSWER_TOKENS_LOW - 1), "answer_tokens_max"),
        (RouteTable(tiers=TIERS, answer_tokens_max=ANSWER_TOKENS_HIGH + 1), "answer_tokens_max"),
    ],
)
def test_a_route_table_that_cannot_work_is_refused_for_what_is_wrong(table: RouteTable, why: str) -> None:
    refusal = check_routes(table)
    assert refusal is not None
    assert refusal.code == "malformed"
    assert why in refusal.reason


@pytest.mark.parametrize(
    "table",
    [
        RouteTable(tiers=TIERS, rules=(Rule("large"),), shadow=Shadow("d", 0.1)),
        RouteTable(tiers=tiers(TIERS_MAX), rules=(Rule("t0"),) * RULES_MAX),
        RouteTable(tiers=(("n" * NAME_POINTS_MAX, many(MODELS_MAX)),)),
        RouteTable(tiers=TIERS, fallbacks=dict.fromkeys(FAILURES, ("retry", "next", "escalate"))),
        RouteTable(tiers=TIERS, shadow=Shadow("d", 1.0), answer_tokens_max=ANSWER_TOKENS_LOW),
        RouteTable(tiers=TIERS, answer_tokens_max=ANSWER_TOKENS_HIGH),
    ],
)
def test_a_route_table_at_its_bounds_is_taken(table: RouteTable) -> None:
    assert check_routes(table) is None
    assert table.models(table.tiers[-1][0])[0] == table.strongest


def test_an_unknown_tier_has_no_models() -> None:
    assert RouteTable(tiers=TIERS).models("huge") == ()
    assert RouteTable(tiers=TIERS).models("large") == ("b", "c")


@pytest.mark.parametrize("field", ["workspace_day", "author_day", "intent"])
def test_a_budget_is_between_nothing_and_a_million(field: str) -> None:
    for amount in (-0.01, float("nan"), float("inf"), DOLLARS_MAX + 1):
        refusal = check_budget(Budget(**{field: amount}))
        assert refusal is not None
        assert f"budget.{field}" in refusal.reason
    for amount in (None, 0, 0.5, DOLLARS_MAX):
        assert check_budget(Budget(**{field: amount})) is None


def test_every_outcome_is_an_answer_a_failure_or_nobodys_fault() -> None:
    assert set(ANSWERED) | set(FAILURES) | {"cancelled", "lost"} == set(get_args(CallOutcome))
    assert not set(ANSWERED) & set(FAILURES)


@settings(max_examples=examples(60), deadline=None)
@given(opened=any_struct(CallOpened), closed=any_struct(CallClosed))
def test_a_call_is_read_as_it_was_written(opened: CallOpened, closed: CallClosed) -> None:
    assert msgspec.json.decode(msgspec.json.encode(opened), type=CallOpened) == opened
    assert msgspec.json.decode(msgspec.json.encode(closed), type=CallClosed) == closed
