"""Every store that keeps what it is given has the same tests."""

from __future__ import annotations

import pytest

from tests.support.homes import Home, home_of


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest) -> Home:
    """An empty database, of each kind in turn."""
    return home_of(request.param, request)
