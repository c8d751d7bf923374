"""What every request passes: who is it, may they, are its body and its numbers within bounds."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tests.support.http import WS, client_of, http, problem
from tests.support.server import running_server
from tests.support.until import until
from workspace.access import Identity
from workspace.http.openapi.operation import Parameter, describe
from workspace.http.problem import Problem
from workspace.http.request import WAITING_MAX, body_of, check_query, number, raw_body, word
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


async def test_a_workspace_that_is_asked_for_is_not_idle() -> None:
    async with http("owner") as (server, client):
        hub = server.registry.rooms["demo"].hub
        hub.empty_since = 0.0
        assert (await client.get(WS)).status_code == 200
        assert server.registry.clock.now() - hub.empty_since < 60


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


def asked(query: str, *takes: Parameter) -> Request:
    """Return a request to a handler that takes these parameters."""
    handler = describe(takes=takes)(lambda: None)
    return Request({"type": "http", "query_string": query.encode(), "headers": [], "endpoint": handler})


@given(value=st.one_of(st.integers(-(10**20), 10**20), st.text(max_size=20)), low=st.integers(0, 50))
def test_a_number_is_within_its_bounds_or_a_problem(value: int | str, low: int) -> None:
    high = low + 1_000
    fits = str(value) in {str(one) for one in range(low, high + 1)}
    try:
        found = number(asked(urlencode({"n": str(value)}), Parameter("n", "n", low=low, high=high)), "n")
    except Problem:
        assert not fits
    else:
        assert low <= found <= high
        assert found == int(value)


@pytest.mark.parametrize("text", ["²", "1²", "①", "9" * 17, "-1", "1.0", "1e3", " 1", ""])
def test_what_only_looks_like_a_number_is_a_problem(text: str) -> None:
    with pytest.raises(Problem, match="n is a whole number"):
        number(asked(urlencode({"n": text}), Parameter("n", "n", low=0, high=2**53)), "n")


def test_a_number_that_is_not_given_is_its_default() -> None:
    n = Parameter("n", "n", low=1, high=9)
    assert number(asked("other=3", n), "n") == 0
    assert number(asked("other=3", n), "n", default=7) == 7
    assert number(asked("other=3", msgspec.structs.replace(n, default=5)), "n", default=7) == 5


def test_a_request_may_have_narrower_bounds() -> None:
    n = Parameter("n", "n", low=0, high=9)
    assert number(asked("n=4", n), "n", low=4, high=4) == 4
    with pytest.raises(Problem, match="from 4 to 4"):
        number(asked("n=5", n), "n", low=4, high=4)


def test_a_word_is_one_of_those_that_are_told() -> None:
    form = Parameter("form", "form", words=("long", "short"), default="long")
    assert [word(asked(query, form), "form") for query in ("", "form=short", "form=long")] == ["long", "short", "long"]
    assert word(asked("", msgspec.structs.replace(form, default=None)), "form") == ""
    for wrong in ("form=", "form=Long", "form=long&form=other"):
        with pytest.raises(Problem, match="form is one of long, short"):
            word(asked(wrong, form), "form")


async def test_a_body_is_of_the_type_that_is_told() -> None:
    request = asked("")
    with pytest.raises(AssertionError, match="a handler that reads a body says so"):
        await body_of(request, Parameter)


def test_a_parameter_is_refused_by_a_short_name() -> None:
    at = Parameter("at", "at", low=1, high=9)
    check_query(asked("at=1&name=Zoe", at))
    with pytest.raises(Problem, match=r"There are: at\.") as raised:
        check_query(asked("x" * 500 + "=1", at))
    assert len(raised.value.reason) < 120


async def test_who_owes_work_waits_and_others_do_not() -> None:
    async with http("viewer") as (server, client), client_of(server, "olga", "owner") as owner:
        account = server.registry.accounts.of("demo/ana", asyncio.get_running_loop().time())
        account.rate, account.left = 1.0, -4.0
        waiting = [asyncio.create_task(client.get(f"{WS}/documents")) for _ in range(WAITING_MAX)]
        await until(lambda: account.waiting == WAITING_MAX)
        refused = await client.get(f"{WS}/documents")
        problem(refused, 429, "too_much_work")
        assert refused.headers["retry-after"]
        assert (await owner.get(f"{WS}/documents")).status_code == 200
        assert not any(one.done() for one in waiting)
        assert {(await one).status_code for one in waiting} == {200}, "who waits is answered"
        assert account.waiting == 0


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("PUT", "/documents/late", {"kind": "text"}),
        ("PATCH", "/documents/plan", {"name": "late"}),
        ("DELETE", "/documents/plan", None),
        ("PUT", "/config", {"name": "late"}),
        ("DELETE", "", None),
        ("POST", "/intents", {"text": "create text document late"}),
    ],
)
async def test_who_lost_the_right_while_they_waited_for_their_account_writes_nothing(
    method: str, path: str, body: dict[str, object] | None
) -> None:
    async with http("owner") as (server, client), client_of(server, "olga", "owner") as owner:
        account = server.registry.accounts.of("demo/ana", asyncio.get_running_loop().time())
        account.rate, account.left = 1.0, -1.0
        asked = asyncio.create_task(client.request(method, f"{WS}{path}", json=body))
        await until(lambda: account.waiting)
        assert (await owner.post(f"{WS}/revoke", json={"actor": "ana"})).json()["revoked"]
        before = (await owner.get(f"{WS}/log")).text.splitlines()
        problem(await asked, 401, "unauthenticated")
        assert (await owner.get(f"{WS}/log")).text.splitlines() == before


async def test_a_document_is_charged_by_what_is_answered() -> None:
    async with http() as (server, client):
        await client.put(f"{WS}/documents/notes", json={"kind": "text", "content": "x" * 10_000})
        account = server.registry.accounts.of("demo/ana", asyncio.get_running_loop().time())
        account.rate = 1e-9
        before = account.left
        await client.get(f"{WS}/documents/notes?format=update")
        encoded = before - account.left
        assert 10_000 <= encoded < 11_000
        await client.get(f"{WS}/documents/notes?format=text")
        assert before - encoded - account.left == 80_000
