"""The account adds up: what is reserved gives way to what was paid, and budgets count both."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.intents.model.calls import MICROS, Budget, CallClosed, CallOpened, CallUsage
from workspace.intents.state.usage import Usage, UsageLine, total

DAY = 20_000


def opened(reserve: int = 100, *, author: str = "Ana", intents: tuple[str, ...] = ("i5",), **more: Any) -> CallOpened:
    return CallOpened(
        intents, author, more.pop("purpose", "plan"), "plan@1", "sha256:1", "sha256:2", "small", "m1", reserve, **more
    )


def closed(call: str, cost: int, outcome: Any = "ok", **more: Any) -> CallClosed:
    return CallClosed(call, outcome, CallUsage(read=10, written=2), cost, cost * 3, **more)


def test_a_reservation_counts_until_the_call_is_closed() -> None:
    usage = Usage()
    usage.open("k1", opened(100), DAY)
    assert (usage.spent[(DAY, "")], usage.spent[(DAY, "Ana")]) == (100, 100)
    assert usage.reserved_by("i5") == 100
    usage.close(closed("k1", 30))
    assert (usage.spent[(DAY, "")], usage.spent[(DAY, "Ana")]) == (30, 30)
    assert (usage.reserved_by("i5"), usage.opened) == (0, {})
    (line,) = usage.lines.values()
    assert (line.calls, line.read, line.written, line.cost) == (1, 10, 2, 30)


def test_what_nobody_has_asked_for_is_the_workspaces_alone() -> None:
    usage = Usage()
    usage.open("k1", opened(author=""), DAY)
    assert list(usage.spent) == [(DAY, "")]


@pytest.mark.parametrize(
    "outcome, shadow, failed, shadowed, recorded",
    [("ok", False, 0, 0, 1), ("timeout", False, 30, 0, 0), ("ok", True, 0, 30, 0)],
)
def test_a_call_serves_or_fails_or_is_a_shadow(
    outcome: str, shadow: bool, failed: int, shadowed: int, recorded: int
) -> None:
    usage = Usage()
    usage.open("k1", opened(shadow=shadow), DAY)
    usage.close(closed("k1", 30, outcome, response="sha256:r"))
    own = usage.intents["i5"]
    assert (own.calls, own.cost, own.failed, own.shadow) == (1, 30, failed, shadowed)
    assert len(usage.recorded.get("i5", [])) == recorded
    usage.forget("i5")
    assert usage.recorded == {}


def test_only_the_newest_round_says_what_the_strongest_model_would_have_cost() -> None:
    usage = Usage()
    for at, (attempt, fault, round_) in enumerate([(0, 0, 0), (0, 0, 0), (0, 1, 0), (1, 0, 0), (0, 9, 9)]):
        usage.open(f"k{at}", opened(attempt=attempt, fault=fault, round=round_), DAY)
        usage.close(closed(f"k{at}", 10))
    assert usage.intents["i5"].strongest == 30, "the calls of an older attempt are not part of the outcome"


def test_a_call_for_several_is_shared() -> None:
    usage = Usage()
    usage.open("k1", opened(intents=("i5", "i6"), purpose="judge"), DAY)
    usage.close(closed("k1", 31))
    assert [usage.intents[id].cost for id in ("i5", "i6")] == [15, 15]
    assert usage.recorded == {}, "what serves several is no plan of one"


@pytest.mark.parametrize(
    "budget, intent, author, share, name",
    [
        (Budget(), "i5", "Ana", 1.0, ""),
        (Budget(workspace_day=2.0), "i5", "Ana", 0.5, "workspace_day"),
        (Budget(workspace_day=2.0, author_day=1.0), "i5", "Ana", 0.0, "author_day"),
        (Budget(workspace_day=2.0, author_day=1.0), "i5", "Ben", 0.5, "workspace_day"),
        (Budget(author_day=1.0), "i5", "", 1.0, ""),
        (Budget(intent=4.0), "i5", "Ana", 0.75, "intent"),
        (Budget(intent=4.0), "", "Ana", 1.0, ""),
        (Budget(workspace_day=0.0), "i5", "Ana", 0.0, "workspace_day"),
    ],
)
def test_the_smallest_share_that_is_left_counts(
    budget: Budget, intent: str, author: str, share: float, name: str
) -> None:
    usage = Usage()
    usage.open("k1", opened(MICROS), DAY)
    assert usage.left(budget, day=DAY, author=author, intent=intent) == (share, name)
    assert usage.left(budget, day=DAY + 1, author=author)[0] in (1.0, 0.0), "tomorrow is another day"


CALLS = st.lists(
    st.tuples(st.integers(1, 500), st.integers(0, 500), st.sampled_from(["Ana", "Ben"]), st.booleans()), max_size=12
)


@given(CALLS)
def test_lines_authors_and_days_add_up_to_the_same(calls: list[tuple[int, int, str, bool]]) -> None:
    usage = Usage()
    for at, (reserve, cost, author, is_closed) in enumerate(calls):
        usage.open(f"k{at}", opened(reserve, author=author, intents=(f"i{at % 3}",)), DAY)
        if is_closed:
            usage.close(closed(f"k{at}", cost))
    paid = sum(cost for _, cost, _, is_closed in calls if is_closed)
    held = sum(reserve for reserve, _, _, is_closed in calls if not is_closed)
    assert total(usage.lines.values()).cost == paid == sum(own.cost for own in usage.intents.values())
    assert (
        usage.spent.get((DAY, ""), 0) == paid + held == sum(usage.spent.get((DAY, name), 0) for name in ("Ana", "Ben"))
    )


def test_a_sum_has_every_field() -> None:
    line = UsageLine(*range(1, len(UsageLine.__struct_fields__) + 1))
    assert msgspec.structs.astuple(total([line, line])) == tuple(2 * part for part in msgspec.structs.astuple(line))
