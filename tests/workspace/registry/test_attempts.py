"""Attempts have a pace for each address, and what is remembered of addresses is bounded."""

from __future__ import annotations

import pytest

from tests.workspace.room.stage import HandClock
from workspace.registry import attempts
from workspace.registry.attempts import AT_ONCE, PER_SECOND, Attempts


def test_an_address_has_so_many_at_once_and_then_its_pace() -> None:
    clock = HandClock()
    tried = Attempts(clock)
    assert all(tried.is_allowed("a") for _ in range(int(AT_ONCE)))
    assert sum(tried.is_allowed("a") for _ in range(10)) <= 1
    assert tried.is_allowed("b"), "another address has its own"
    clock.at += 10
    assert int(10 * PER_SECOND) <= sum(tried.is_allowed("a") for _ in range(100)) <= int(10 * PER_SECOND) + 1


def test_addresses_that_are_full_again_are_forgotten_and_others_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "NAMES_MAX", 3)
    clock = HandClock()
    tried = Attempts(clock)
    assert [tried.is_allowed(str(at)) for at in range(5)] == [True, True, True, False, False]
    clock.at += 60
    assert tried.is_allowed("new")
    assert len(tried._by_name) == 1
