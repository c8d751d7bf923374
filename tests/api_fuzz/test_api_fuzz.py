"""A short run of `make api-fuzz`: no 500, no answer that is not described; and what is wrong is found."""

from __future__ import annotations

import re

import pytest

from tests.api_fuzz.run import PEOPLE, SHORT, fuzz
from tests.support import described
from workspace.http import problem
from workspace.http.openapi import description


@pytest.mark.long
@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_is_answered_that_is_not_described(who: str) -> None:
    found = fuzz(who, examples=1, seed=1, phases=SHORT)
    assert found.is_clean, found.report
    asked = re.search(r"(\d+) generated", found.report)
    assert asked is not None, found.report
    assert int(asked[1]) > 70, "each route was asked"


@pytest.mark.long
def test_a_status_that_is_not_described_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(problem.STATUS, "unauthenticated", 402)
    monkeypatch.setattr(described, "fault_of", lambda *_: "")  # else the server's own look finds it first
    told = description.STATUS.copy() | {"unauthenticated": 401}
    monkeypatch.setattr(description, "STATUS", told)
    found = fuzz("nobody", examples=1, seed=1, phases=SHORT, only="^/api/me$")
    assert not found.is_clean
    assert "402" in found.report
