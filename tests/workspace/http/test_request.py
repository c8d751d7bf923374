"""What every request passes: who is it, may they, are its body and its numbers within bounds."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tests.support.http import WS, http, problem
from tests.support.server import running_server
from workspace.access import Identity
from workspace.http.problem import Problem
from workspace.http.request import check_query, number, raw_body
from workspace.settings import Settings

ROUTES = [("GET", "/log", "read"), ("PUT", "/documents/x", "edit"), ("POST", "/intents", "instruct"),
          ("PUT", "/config", "administer")]  # fmt: skip


@pytest.mark.parametrize("role", ["owner", "editor", "commenter", "viewer"])
async def test_each_role_passes_where_it_may_and_nowhere_else(role: str) -> None:
    async with http(role) as (server, client):
        for method, path, right in ROUTES:
            answer = await client.request(method, f"{WS}{path}", json=None if method == "GET" else {})
            may = Identity("ana", role).may(right, server.registry.clock.now())  # type: ignore[arg-type]
            assert (answer.status_code != 403) == may, (role, path)


async def test_a_stranger_learns_nothing_of_which_workspaces_there_are() -> None:
    async with http() as (_, client):
        there, not_there = await client.get("/api/workspaces/other"), await client.get("/api/workspaces/never")
        assert there.content == not_there.content
        problem(there, 401, "unauthenticated")
        problem(await client.get("/api/workspaces/UPPER"), 404, "not_found")


async def test_a_body_is_read_no_further_than_its_bound() -> None:
    read = 0

    async def without_end() -> dict[str, object]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 1024, "more_body": True}

    async with running_server(settings=Settings(body_bytes_max=4096)) as server:
        app = SimpleNamespace(state=SimpleNamespace(registry=server.registry))
        request = Request({"type": "http", "method": "POST", "headers": [], "app": app}, without_end)
        with pytest.raises(Problem, match="at most 4096 bytes"):
            await raw_body(request)
    assert read == 5, "the first byte too many ends it"


def asked(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


@given(value=st.one_of(st.integers(-(10**20), 10**20), st.text(max_size=20)), low=st.integers(0, 50))
def test_a_number_is_within_its_bounds_or_a_problem(value: int | str, low: int) -> None:
    high = low + 1_000
    fits = str(value) in {str(one) for one in range(low, high + 1)}
    try:
        found = number(asked(urlencode({"n": str(value)})), "n", default=0, low=low, high=high)
    except Problem:
        assert not fits
    else:
        assert low <= found <= high
        assert found == int(value)


@pytest.mark.parametrize("text", ["²", "1²", "①", "9" * 17, "-1", "1.0", "1e3", " 1", ""])
def test_what_only_looks_like_a_number_is_a_problem(text: str) -> None:
    with pytest.raises(Problem, match="n is a whole number"):
        number(asked(urlencode({"n": text})), "n", default=0, low=0, high=2**53)


def test_a_number_that_is_not_given_is_its_default() -> None:
    assert number(asked("other=3"), "n", default=7, low=1, high=2) == 7


def test_a_parameter_is_refused_by_a_short_name() -> None:
    check_query(asked("at=1&name=Zoe"), "at")
    with pytest.raises(Problem, match=r"There are: at\.") as raised:
        check_query(asked("x" * 500 + "=1"), "at")
    assert len(raised.value.reason) < 120
