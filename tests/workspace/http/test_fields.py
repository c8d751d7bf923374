"""A field or parameter that nobody would read is refused by its name; on sockets it is passed over."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.support.http import WS, http, problem
from tests.support.server import running_server
from workspace.http.fields import unknown_field
from workspace.http.log import Redact, ReplayOrder
from workspace.http.people import NewLink, NewRole, NewToken, Revocation
from workspace.http.workspaces import NewConfig, NewFork, NewWorkspace


class Leaf(msgspec.Struct):
    a: int = 0
    renamed_: str = msgspec.field(name="renamed", default="")


class One(msgspec.Struct, tag="one", tag_field="op"):
    leaf: Leaf | None = None


class Two(msgspec.Struct, tag="two", tag_field="op"):
    n: int = 0


class Tree(msgspec.Struct):
    leaf: Leaf | None = None
    many: tuple[Leaf, ...] = ()
    named: dict[str, Leaf] | None = None
    pair: tuple[str, Leaf] | None = None
    ops: list[One | Two] = []
    word_or_leaf: Literal["word"] | Leaf | None = None
    free: Any = None
    bound: Annotated[int, msgspec.Meta(ge=0)] = 0


KNOWN = {
    "leaf": {"a": 1, "renamed": "x"},
    "many": [{"a": 1}, {}],
    "named": {"any key": {"a": 2}},
    "pair": ["x", {"a": 1}],
    "ops": [{"op": "one", "leaf": {"a": 1}}, {"op": "two", "n": 1}],
    "word_or_leaf": {"a": 1},
    "free": {"whatever": [{}]},
    "bound": 3,
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where objects stand whose fields are known: all but those of `named` itself and below `free`."""
    found = [path] if isinstance(value, dict) and path != ("named",) else []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if key != "free":
            found += places(part, (*path, key))
    return found


def test_what_a_type_has_is_known() -> None:
    assert msgspec.convert(KNOWN, Tree).bound == 3
    assert unknown_field(KNOWN, Tree) == ""
    assert unknown_field({"word_or_leaf": "word", "ops": []}, Tree) == ""


@given(place=st.sampled_from(places(KNOWN)), name=st.text(min_size=1, max_size=60).map(lambda text: f"~{text}"))
def test_one_field_more_is_found_wherever_it_stands(place: tuple[Any, ...], name: str) -> None:
    body = json.loads(json.dumps(KNOWN))
    holder = body
    for key in place:
        holder = holder[key]
    holder[name] = 1
    found = unknown_field(body, Tree)
    assert name[:40].encode("unicode_escape").decode()[:10] in found or repr(name[:40])[1:10] in found
    assert "There are: " in found
    for key in place:
        assert str(key) in found


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*KNOWN, "x"]), inner),
    )
)
def test_what_does_not_fit_is_left_to_the_reader(value: Any) -> None:
    for kind in (Tree, NewWorkspace, NewConfig, NewFork, NewToken, NewLink, NewRole, Revocation, Redact, ReplayOrder):
        assert isinstance(unknown_field(value, kind), str)


BODIES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "/api/workspaces", {"id": "x", "document": {}}, "document"),
    ("POST", "/api/workspaces", {"id": "x", "policy": {"chains": []}}, "policy.chains"),
    ("POST", "/api/workspaces", {"id": "x", "documents": {"a": {"kind": "text", "text": "x"}}}, "documents.a.text"),
    ("PUT", f"{WS}/config", {"member": {}}, "member"),
    (
        "PUT",
        f"{WS}/config",
        {"invariants": {"cap": {"rule": "unique", "doc": "budget", "key": "x"}}},
        "invariants.cap.key",
    ),
    ("PUT", f"{WS}/config", {"policy": {"regions": [{"doc": "plan", "chain": [], "by": 1}]}}, "policy.regions[0].by"),
    (
        "PUT",
        f"{WS}/config",
        {"receivers": {"a": {"kind": "mail", "address": "a@b.example", "password": ""}}},
        "receivers.a.password",
    ),
    ("PUT", f"{WS}/config", {"routes": {"tiers": [], "shadow": {"part": 1}}}, "routes.shadow.part"),
    ("PUT", f"{WS}/config", {"budget": {"day": 1}}, "budget.day"),
    ("PUT", f"{WS}/rights", {"places": {}, "place": "plan"}, "place"),
    ("PUT", f"{WS}/documents/new", {"kind": "text", "contents": "x"}, "contents"),
    ("PATCH", f"{WS}/documents/plan", {"name": "x", "kind": "data"}, "kind"),
    ("POST", f"{WS}/fork", {"id": "y", "seq": 1}, "seq"),
    ("POST", f"{WS}/tokens", {"actor": "b", "role": "editor", "expire": 1}, "expire"),
    ("POST", f"{WS}/revoke", {"actor": "b", "token": "x"}, "token"),
    ("POST", f"{WS}/links", {"actor": "b", "role": "owner"}, "role"),
    ("POST", f"{WS}/invitations", {"role": "editor", "use": 1}, "use"),
    ("PATCH", "/api/me?ws=demo", {"colour": "#112233", "picture": "x"}, "picture"),
    ("POST", "/api/invitation", {"invitation": "x", "ws": "demo"}, "ws"),
    ("POST", "/api/invitation/accept", {"invitation": "x", "actor": "Zoë"}, "actor"),
    ("PATCH", f"{WS}/members/ana", {"role": "viewer", "name": "x"}, "name"),
    ("POST", f"{WS}/redact", {"intent": "i1", "why": "x"}, "why"),
    ("POST", f"{WS}/intents", {"text": "x", "document": "plan"}, "document"),
    ("POST", f"{WS}/intents", {"text": "x", "scope": [{"doc": "plan", "line": 3}]}, "scope[0].line"),
    ("POST", f"{WS}/intents", {"text": "x", "expects": [{"doc": "plan", "is": 3}]}, "expects[0].is"),
    ("POST", f"{WS}/inbox", {"intents": ["i1"], "all": True}, "all"),
    ("POST", f"{WS}/replay", {"mode": "audit", "from": 1}, "from"),
    ("POST", f"{WS}/replay", {"mode": "what-if", "policy": {"quorum": 1}}, "quorum"),
]


async def test_every_body_refuses_a_field_it_does_not_have_and_does_nothing() -> None:
    async with http("owner", ws=None) as (_, client):
        before = (await client.get(WS)).json()
        for method, path, body, field in BODIES:
            refused = await client.request(method, path, json=body)
            problem(refused, 400, "unknown_field")
            assert f"'{field}'" in refused.json()["detail"], refused.text
            assert refused.json()["remedy"]
        assert (await client.get(WS)).json() == before
        assert [row["id"] for row in (await client.get("/api/workspaces")).json()] == ["demo"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{WS}/documents/plan?att=1"),
        ("GET", f"{WS}/documents?at=1"),
        ("DELETE", f"{WS}/documents/plan?final=true"),
        ("GET", f"{WS}/log?form=1"),
        ("GET", f"{WS}?at=1"),
        ("GET", f"{WS}/attribution/plan?quotes=x"),
        ("GET", f"{WS}/intents?status=done"),
        ("POST", f"{WS}/intents?waits=1"),
        ("GET", f"{WS}/usage?day=1"),
        ("GET", f"{WS}/rights?doc=plan"),
        ("GET", f"{WS}/verify?to=1"),
        ("GET", "/api/workspaces?name_like=x"),
        ("GET", "/api/me?w=demo"),
        ("GET", f"{WS}/members?state=all"),
        ("DELETE", "/api/sessions?all=true"),
        ("GET", "/api/admin?find=x"),
        ("GET", "/api/admin/workspaces?before=x"),
        ("GET", "/api/admin/sessions?after=x"),
        ("DELETE", "/api/admin/sessions/x?all=true"),
    ],
)
async def test_a_parameter_that_nobody_reads_is_refused_by_name(method: str, path: str) -> None:
    async with http("owner", ws=None) as (_, client):
        refused = await client.request(method, path, json={"text": "x"} if method == "POST" else None)
        problem(refused, 400, "unknown_parameter")
        assert repr(path.partition("?")[2].partition("=")[0]) in refused.json()["detail"]


async def test_a_socket_passes_over_what_it_does_not_know() -> None:
    async with running_server() as server:
        token = await server.token("ana")
        offered = [Subprotocol("folkmoot"), Subprotocol(f"token.{token}")]
        async with connect(f"{server.ws_url}/ws/demo?whatever=1", subprotocols=offered) as socket:
            await socket.send(json.dumps({"type": "hello", "newer": {"field": 1}}))
            assert json.loads(await socket.recv())["type"] == "welcome"
            await socket.send(
                json.dumps(
                    {"type": "intent", "n": 1, "text": "x", "seen": 0, "scope": [{"doc": "plan", "x": 1}], "y": 2}
                )
            )
            kinds: list[str] = []
            while not {"ack", "nack"} & set(kinds):
                kinds.append(json.loads(await socket.recv())["type"])
            assert kinds[-1] == "ack"


async def test_an_instruction_over_http_keeps_its_deadline() -> None:
    async with http() as (_, client):
        order = {"text": "set budget.food to 5", "deadline": 4e9}
        done = (await client.post(f"{WS}/intents?wait=20", json=order)).json()
        assert (await client.get(f"{WS}/intents/{done['id']}")).json()["intent"]["deadline"] == 4e9


async def test_the_reason_is_short_where_a_name_is_long() -> None:
    async with http() as (_, client):
        refused = await client.put(f"{WS}/documents/new", json={"x" * 100_000: 1})
        problem(refused, 400, "unknown_field")
        assert len(refused.text) < 1_000
        many = httpx2.QueryParams({"y" * 5_000: "1"})
        assert len((await client.get(WS, params=many)).text) < 1_000
