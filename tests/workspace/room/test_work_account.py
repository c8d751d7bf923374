"""Work is counted by what it costs, on one account for everybody of a name; who owes waits, and not for ever."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.updates.scan import scan_update
from workspace.room import work_account
from workspace.room.work_account import KEPT_MAX, WAIT_SECONDS_MAX, WorkAccount, WorkAccounts, cost_of, without_bound


def account(rate: float = 10.0, most: float = 100.0) -> WorkAccount:
    return WorkAccount(rate, most, most)


def test_what_costs_is_done_first_and_owed_after() -> None:
    mine = account()
    assert mine.owed(0) == 0
    mine.spend(130, 0)
    assert mine.owed(0) == 3
    assert mine.owed(1) == 2
    assert mine.owed(3) == 0
    assert not mine.is_full(3)
    assert mine.is_full(13)


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(0, 20))))
def test_nobody_waits_longer_than_the_bound_and_who_waits_as_long_as_told_may_ask(
    steps: list[tuple[float, float]],
) -> None:
    mine, now = account(), 0.0
    for units, later in steps:
        mine.spend(units, now)
        owed = mine.owed(now)
        assert 0 <= owed <= WAIT_SECONDS_MAX
        assert mine.owed(now + owed) < 1e-6
        now += owed + later
        assert mine.left <= mine.most


def test_a_clock_that_goes_back_takes_nothing() -> None:
    mine = account()
    mine.spend(50, 100)
    before = mine.left
    assert mine.owed(50) == 0
    assert mine.left == before


def test_an_account_without_bound_owes_nothing() -> None:
    free = without_bound()
    free.spend(1e30, 0)
    assert free.owed(0) == 0
    assert free.left == math.inf


def test_connections_of_one_person_share_an_account_and_others_have_their_own() -> None:
    accounts = WorkAccounts(10, 100)
    one, again, other = accounts.of("ana", 0), accounts.of("ana", 5), accounts.of("ben", 5)
    assert one is again
    assert other is not one


def test_who_goes_and_comes_again_finds_the_account_as_it_would_be_by_then() -> None:
    accounts = WorkAccounts(10, 100)
    accounts.of("ana", 0).spend(200, 0)
    assert accounts.of("ana", 1).owed(1) == 9


def test_accounts_that_are_full_again_are_forgotten_but_for_those_in_use() -> None:
    accounts = WorkAccounts(10, 100)
    held = accounts.of("held", 0)
    accounts.of("owes", 0).spend(150, 0)
    for at in range(KEPT_MAX - 2):
        accounts.of(f"guest {at}", 0)
    assert len(accounts) == KEPT_MAX
    accounts.of("late", 1)
    assert len(accounts) == 2
    assert accounts.of("held", 1) is held
    assert accounts.of("owes", 1).owed(1) > 0


def test_what_people_type_costs_nothing_and_what_takes_long_does() -> None:
    document = Document("text", client=70_001)
    with document.transaction() as typed:
        document.insert_text(0, "a")
    assert cost_of(typed[0].update, scan_update(typed[0].update)) == 0
    with document.transaction() as pasted:
        document.insert_text(1, "x" * 100_000)
    size = len(pasted[0].update)
    assert cost_of(pasted[0].update, scan_update(pasted[0].update)) == size + work_account.UNITS_A_STRUCT
    for at in range(0, 100, 2):
        document.delete_text(at, at + 1)
    whole = document.encode()
    assert cost_of(whole, scan_update(whole)) > len(whole) + 50 * work_account.UNITS_A_STRUCT
