"""Content that comes with the making of a document is kept: an edit of whoever gave it, durable, replayed, once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.digest import Json, normalise
from crdt.sync.y_sync import encode_update
from crdt.updates.lib0 import Writer
from tests.stock.test_y_websocket import stock_peer
from tests.support.examples import examples
from tests.support.http import JSON_TYPED, WS, http, problem
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.client.document import connect_document
from workspace.store.address import store_of

NOTES = f"{WS}/documents/notes"


async def value_of(client: httpx2.AsyncClient, doc: str = "notes", ws: str = "demo") -> Json:
    return (await client.get(f"/api/workspaces/{ws}/documents/{doc}")).json()["value"]


async def log_of(client: httpx2.AsyncClient, ws: str = "demo") -> list[dict[str, Json]]:
    return [json.loads(line) for line in (await client.get(f"/api/workspaces/{ws}/log")).text.splitlines()]


async def test_content_is_an_edit_of_whoever_gave_it() -> None:
    async with http() as (server, client):
        made = await client.put(NOTES, json={"kind": "text", "content": "# Notes\r\nhello\rthere\n"})
        assert made.status_code == 201
        assert await value_of(client) == "# Notes\nhello\nthere\n"
        *_, config, update = await log_of(client)
        assert (config["kind"], config["body"]["documents"]) == ("config", {"notes": "text"})
        assert (update["kind"], update["actor"], update["body"]["doc"]) == ("update", "ana", "notes")
        ((client_id, first, end),) = update["body"]["ins"]
        assert 1 << 20 <= client_id < 1 << 32
        assert (first, end) == (0, 20)
        (stretch,) = (await client.get(f"{WS}/attribution/notes?quote=hello")).json()["stretches"]
        assert (stretch["by"], stretch["seq"]) == ("ana", update["seq"])
        assert (await client.get(f"{WS}/verify")).json()["ok"]
        before = await client.get(f"{NOTES}?at={config['seq']}&format=text")
        assert before.text == ""
        assert (await client.get(f"{NOTES}?at={update['seq']}&format=text")).text == "# Notes\nhello\nthere\n"
        async with connect_document(f"{server.ws_url}/ws/demo", "notes", token=await server.token("ben")) as document:
            assert document.text() == "# Notes\nhello\nthere\n"
            await document.insert(0, "Ben: ")
            await document.until(lambda one: one.text().startswith("Ben: "))


async def test_values_are_kept_as_shared_values() -> None:
    content = {
        "food": 420,
        "helpers": ["Ana", {"name": "Ben"}],
        "nothing": None,
        "": True,
        "rate": 1.5,
        "line": "a\r\nb",
    }
    async with http() as (_, client):
        assert (await client.put(NOTES, json={"kind": "data", "content": content})).status_code == 201
        assert await value_of(client) == content
        done = await client.post(f"{WS}/intents?wait=20", json={"text": 'add "Chen" to notes.helpers'})
        assert done.json()["state"] == "done"
        assert (await value_of(client))["helpers"] == ["Ana", {"name": "Ben"}, "Chen"]


async def test_the_same_again_changes_nothing_and_other_content_is_never_left_out_silently() -> None:
    async with http() as (_, client):
        order = {"kind": "text", "content": "once\r\n"}
        for _ in range(3):
            assert (await client.put(NOTES, json=order)).status_code in (200, 201)
        assert await value_of(client) == "once\n"
        assert (await client.put(NOTES, json={"kind": "text"})).status_code in (200, 201)
        for other in ("twice\n", ""):
            refused = await client.put(NOTES, json={"kind": "text", "content": other})
            problem(refused, 409, "exists")
            assert refused.json()["remedy"]
        problem(await client.put(f"{WS}/documents/plan", json={"content": "late"}), 409, "exists")
        assert (await client.put(f"{WS}/documents/plan", json={"content": ""})).status_code in (200, 201)
        both = [client.put(f"{WS}/documents/race", json={"kind": "data", "content": {"n": n}}) for n in (1, 2)]
        assert sorted(answer.status_code for answer in await asyncio.gather(*both)) == [201, 409]
        values = {"kind": "data", "content": {"b": 1.0, "a": [1]}}
        for _ in range(2):
            assert (await client.put(f"{WS}/documents/v", json=values)).status_code in (200, 201)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "rich", "content": "words"},
        {"kind": "text", "content": {"a": 1}},
        {"kind": "text", "content": None},
        {"kind": "data", "content": "words"},
        {"kind": "data", "content": [1]},
        {"kind": "data", "content": {"long": "x" * 70_000}},
    ],
)
async def test_content_that_does_not_fit_is_refused_and_nothing_is_made(body: dict[str, Json]) -> None:
    async with http("owner", ws=None) as (_, client):
        refused = await client.put(NOTES, json=body)
        problem(refused, 422, "bad_content")
        assert refused.json()["remedy"]
        problem(await client.post("/api/workspaces", json={"id": "x", "documents": {"d": body}}), 422, "bad_content")
        problem(await client.get("/api/workspaces/x"), 404, "not_found")
        problem(await client.get(NOTES), 404, "not_found")


async def test_a_body_of_a_mebibyte_is_taken_and_a_larger_one_is_not() -> None:
    async with http() as (_, client):
        text = "x" * ((1 << 20) - len('{"kind":"text","content":""}'))
        body = json.dumps({"kind": "text", "content": text}, separators=(",", ":"))
        assert (await client.put(NOTES, content=body, headers=JSON_TYPED)).status_code == 201
        assert await value_of(client) == text
        larger = body.replace('""', '"') + " "
        problem(await client.put(f"{WS}/documents/more", content=larger, headers=JSON_TYPED), 413, "too_large")


async def test_a_new_workspace_has_what_its_documents_begin_with() -> None:
    documents = {
        "plan": {"kind": "text", "content": "# Plan\r\n"},
        "budget": {"kind": "data", "content": {"food": 1}},
        "empty": "text",
        "page": {"kind": "rich"},
    }
    async with http("owner", ws=None) as (_, client):
        made = await client.post("/api/workspaces", json={"id": "team", "documents": documents})
        assert made.status_code == 201
        assert made.json()["documents"] == {"plan": "text", "budget": "data", "empty": "text", "page": "rich"}
        assert await value_of(client, "plan", "team") == "# Plan\n"
        assert await value_of(client, "budget", "team") == {"food": 1}
        records = [(record["kind"], record["actor"]) for record in (await log_of(client, "team"))[-3:]]
        assert records == [("config", "ana"), ("update", "ana"), ("update", "ana")]
        assert made.json()["seq"] == (await client.get("/api/workspaces/team")).json()["seq"]


async def test_content_survives_the_server_and_is_what_a_stock_client_sees(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    text = "ü 😀\nline\n"

    async def read(server: Running) -> str:
        token = await server.token("ben")
        async with connect_document(f"{server.ws_url}/ws/demo", "notes", token=token) as document:
            return document.text()

    async with running_server(store=store_of(url)) as server:
        headers = {"authorization": f"Bearer {await server.token('ana')}"}
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
            assert (await client.put(NOTES, json={"content": text})).status_code == 201
    async with running_server(store=store_of(url)) as server:
        assert await read(server) == text


@pytest.mark.stock
async def test_a_stock_client_edits_on_from_the_content() -> None:
    async with http() as (server, client):
        await client.put(NOTES, json={"content": "ü 😀\r\nline\n"})
        async with stock_peer(server, "dee", "notes") as dee:
            assert (await dee.tell("state"))["text"] == "ü 😀\nline\n"
            await dee.tell("insert", at=0, words="Dee: ")
            await until(lambda: value_of(client), lambda value: value == "Dee: ü 😀\nline\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=examples(8), deadline=None)
@given(
    texts=st.lists(st.text(max_size=80), max_size=8),
    values=st.lists(st.dictionaries(st.text(max_size=8), JSON, max_size=6), max_size=8),
)
def test_any_content_reads_back_as_it_was_given(texts: list[str], values: list[dict[str, Json]]) -> None:
    async def run() -> None:
        async with http() as (_, client):
            for at, text in enumerate(texts):
                made = await client.put(f"{WS}/documents/t{at}", json={"content": text})
                assert made.status_code == 201, made.text
                assert await value_of(client, f"t{at}") == text.replace("\r\n", "\n").replace("\r", "\n")
            for at, value in enumerate(values):
                order = {"kind": "data", "content": value}
                for _ in range(2):
                    made = await client.put(f"{WS}/documents/v{at}", json=order)
                    assert made.status_code == 201, made.text
                assert await value_of(client, f"v{at}") == normalise(value)
            assert (await client.get(f"{WS}/verify")).json()["ok"]

    asyncio.run(run())


async def test_an_image_in_a_text_is_a_place_in_what_is_read_over_http() -> None:
    async with http() as (server, client):
        await client.put(NOTES, json={"kind": "text", "content": "ab"})
        async with connect_document(f"{server.ws_url}/ws/demo", "notes", token=await server.token("ben")) as document:
            image = Writer().var_uint(1).var_uint(1).var_uint(10**6).var_uint(0).byte(5).var_uint(1)
            update = image.var_string("content").var_string('{"image":"photo.png"}').byte(0).getvalue()
            await document.socket.send(encode_update(update))
            said = await until(lambda: value_of(client), lambda value: len(str(value)) >= 3)
        assert sorted(said) == ["a", "b", "\ufffc"]
        assert (await client.get(f"{NOTES}?format=text")).text == said
