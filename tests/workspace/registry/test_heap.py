"""Freed memory can be given back wherever the C library knows how; elsewhere nothing happens."""

from __future__ import annotations

import ctypes

import pytest

from workspace.registry import heap
from workspace.registry.heap import give_back


@pytest.fixture(autouse=True)
def _afresh() -> None:
    heap._malloc_trim.cache_clear()


def test_it_may_be_asked_at_any_time() -> None:
    assert give_back() in (True, False)


def test_a_library_that_does_not_know_how_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(name: object) -> object:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", no_library)
    assert give_back() is False
    heap._malloc_trim.cache_clear()
