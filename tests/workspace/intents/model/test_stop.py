"""The switches as a fold: what is on follows from what was thrown, and after which record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.intents.model.stop import REASON_POINTS_MAX, Stops, StopScope, Switch, refuse_reason

THROWN = st.lists(st.tuples(st.sampled_from(["workspace", "server"]), st.booleans(), st.integers(1, 3)), max_size=12)


def throw(stops: Stops, seq: int, *, on: bool, scope: StopScope = "workspace", epoch: int = 1, **more: str) -> int:
    return stops.enter(Switch(scope, on, **more), seq=seq, epoch=epoch, at=f"t{seq}", actor="Ana")


@given(thrown=THROWN)
def test_what_was_on_after_each_record_is_remembered(thrown: list[tuple[StopScope, bool, int]]) -> None:
    stops, truth, seq = Stops(), dict[int, set[StopScope]](), 0
    on = set[StopScope]()
    for scope, is_on, gap in thrown:
        for between in range(seq, seq + gap):
            truth[between] = set(on)
        seq += gap
        throw(stops, seq, on=is_on, scope=scope)
        (on.add if is_on else on.discard)(scope)
        assert stops.is_on == bool(on)
        assert {stop.scope for stop in stops.all} == on
    truth[seq] = on
    assert {at: {stop.scope for stop in stops.after(at)} for at in truth} == truth


def test_switches_are_told_in_the_order_in_which_they_were_thrown() -> None:
    stops = Stops()
    throw(stops, 3, on=True, scope="server", reason="disk is full.")
    throw(stops, 5, on=True, reason="checking")
    assert (
        stops.words
        == "The agent is stopped on the whole server by Ana: disk is full; The agent is stopped by Ana: checking"
    )
    throw(stops, 6, on=False, scope="server")
    assert stops.words == "The agent is stopped by Ana: checking"
    throw(stops, 7, on=False)
    assert stops.words == ""


@pytest.mark.parametrize(("epoch", "whole"), [(1, 0), (2, 0), (3, 1), (6, 4)])
def test_servers_that_began_no_effect_are_counted_when_the_agent_goes_on(epoch: int, whole: int) -> None:
    stops = Stops()
    assert throw(stops, 1, on=True, epoch=1) == 0
    assert throw(stops, 2, on=False, epoch=epoch) == whole


def test_a_second_switch_does_not_begin_the_stop_anew() -> None:
    stops = Stops()
    throw(stops, 1, on=True, epoch=1)
    throw(stops, 2, on=True, scope="server", epoch=4)
    assert (stops.epoch, stops.at) == (1, "t1")
    assert throw(stops, 3, on=False, scope="server", epoch=5) == 0, "the workspace's own is still on"
    assert throw(stops, 4, on=False, epoch=5) == 3


@pytest.mark.parametrize(
    ("switch", "actor", "is_news"),
    [
        (Switch("workspace", on=True, reason="checking"), "Ana", False),
        (Switch("workspace", on=True, reason="still checking"), "Ana", True),
        (Switch("workspace", on=True, reason="checking"), "Ben", True),
        (Switch("workspace", on=True, reason="checking", since="t1"), "Ana", False),
        (Switch("workspace", on=True, reason="checking", since="t0"), "Ana", True),
        (Switch("workspace", on=False), "Ben", True),
        (Switch("server", on=True), "Ana", True),
        (Switch("server", on=False), "Ana", False),
    ],
)
def test_a_switch_is_news_where_it_changes_what_people_are_told(switch: Switch, actor: str, is_news: bool) -> None:
    stops = Stops()
    throw(stops, 1, on=True, reason="checking")
    assert stops.is_news(switch, actor) == is_news


def test_what_the_log_was_told_of_later_is_not_told_twice() -> None:
    stops = Stops()
    order = Switch("server", on=True, reason="now", since="2026-01-01")
    assert stops.is_news(order, "admin")
    stops.enter(order, seq=1, epoch=1, at="t1", actor="admin")
    assert stops.all[0].since == "2026-01-01", "since it was thrown, not since it was told"
    assert not stops.is_news(order, "admin")
    throw(stops, 2, on=False, scope="server")
    assert not stops.is_news(order, "admin"), "the same order again, after somebody has let the agent go on"


def test_a_log_is_entered_in_its_order() -> None:
    stops = Stops()
    throw(stops, 5, on=True)
    with pytest.raises(AssertionError, match="in the order of the log"):
        throw(stops, 5, on=False)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("", ""),
        ("checking", ""),
        ("x" * REASON_POINTS_MAX, ""),
        ("x" * (REASON_POINTS_MAX + 1), "too_large"),
        ("a\nb", "malformed"),
    ],
)
def test_a_reason_is_one_line_of_bounded_length(reason: str, code: str) -> None:
    refusal = refuse_reason(reason)
    assert (refusal.code if refusal is not None else "") == code
