"""A document's name goes out encoded once and is decoded once: what can be made can be opened, by every way in."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.http import JSON_TYPED
from tests.support.server import Running, running_server
from workspace.client import Disconnected
from workspace.client.document import connect_document
from workspace.names import DOCUMENT_POINTS_MAX, is_document_name, refuse_document_name
from workspace.sockets.uvicorn_protocol import FastProtocol

WS = "/api/workspaces/demo"
NAMES = (
    "FAQ?",
    "a\\b",
    "C#",
    "100%",
    "50%25",
    "a b",
    "ü/é",
    "x%2Fy",
    "a;b",
    "a+b",
    "a&b=c",
    "a:b",
    "http:/x",
    "😀",
    "شروط",
    "כללים/א",
    "%00",
    "%",
    "%zz",
    "é%C3%A9",
    "~!*'()$,@[]{}|^`<>\"",
    "?",
    "#",
    "&",
    "=",
    "-",
    "a.b",
    ".a",
    "…",
    "漢字",
    "documents/intents",
    "x?at=1",
    "👍🏽",
    "☀\ufe0f",
    "👩🏽\u200d💻",
    "план B",
    "Z" * DOCUMENT_POINTS_MAX,
    "漢" * DOCUMENT_POINTS_MAX,
)
CARRIERS: dict[str, Any] = {"line": FastProtocol, "asgi": "websockets-sansio"}


def at(name: str) -> str:
    return f"{WS}/documents/{quote(name, safe='/')}"


async def owner(server: Running) -> httpx2.AsyncClient:
    headers = {"authorization": f"Bearer {await server.token('ana', 'owner', ws=None)}"}
    return httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=20)


async def round_trip(server: Running, http: httpx2.AsyncClient, names: list[str]) -> None:
    """Make each by HTTP, write in it by socket, read it back by HTTP: each holds its own name and nothing else."""
    token = await server.token("ben")
    for name in names:
        made = await http.put(at(name), json={"kind": "text"})
        assert made.status_code == 201, (name, made.text)
        assert made.json()["name"] == name
        async with connect_document(f"{server.ws_url}/ws/demo", name, token=token) as document:
            await document.insert(0, f"this is {name}")
            async with connect_document(f"{server.ws_url}/ws/demo", name, token=token) as again:
                await again.until(lambda client, name=name: client.text() == f"this is {name}")  # type: ignore[misc]
    for name in names:
        read = (await http.get(at(name))).json()
        assert (read["name"], read["value"]) == (name, f"this is {name}")
    listed = {row["name"] for row in (await http.get(f"{WS}/documents")).json()}
    assert listed == {"plan", "budget", *names}


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS)
async def test_every_name_that_can_be_made_can_be_opened(carrier: Any) -> None:
    async with running_server(carrier=carrier) as server, await owner(server) as http:
        await round_trip(server, http, list(NAMES))
        assert (await http.get(f"{WS}/attribution/{quote('FAQ?')}?quote=FAQ")).json()["document"] == "FAQ?"


PARTS = st.text(st.sampled_from("aZ0 %?#&+;:=\\.~éüא漢😀25Ff") | st.characters(), min_size=1, max_size=12)
RANDOM = st.lists(PARTS, min_size=1, max_size=3).map("/".join).filter(is_document_name)


@settings(max_examples=examples(6), deadline=None)
@given(names=st.lists(RANDOM.filter(lambda name: name not in ("plan", "budget")), min_size=1, max_size=20, unique=True))
def test_random_names_come_back_as_they_went_in(names: list[str]) -> None:
    async def run() -> None:
        async with running_server() as server, await owner(server) as http:
            await round_trip(server, http, names)

    asyncio.run(run())


@settings(max_examples=examples(300))
@given(name=st.text(max_size=20))
def test_a_name_that_can_be_made_stands_in_one_form_and_survives_an_address(name: str) -> None:
    refusal = refuse_document_name(name)
    if refusal is None:
        assert unicodedata.normalize("NFC", name) == name
        assert name.replace("\u200d", "").isprintable()
        assert not {"", ".", ".."} & set(name.split("/"))
    else:
        assert (refusal.code, bool(refusal.reason), bool(refusal.remedy)) == ("bad_name", True, True)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a..b", "'..'"),
        ("..", "'..'"),
        ("a/../b", "'..'"),
        (".", "'.'"),
        ("a/./b", "'.'"),
        ("_own", "'_'"),
        ("a/_b", "'_'"),
        ("a//b", "'/'"),
        ("/a", "'/'"),
        ("a/", "'/'"),
        (" a", "space"),
        ("a /b", "space"),
        ("a\x00b", "U+0000"),
        ("a\n", "U+000A"),
        ("a\u200db", "U+200D"),
        ("a\u202eb", "U+202E"),
        ("a\xa0b", "U+00A0"),
        ("pla\u034fn", "U+034F"),
        ("plan\ufe0f", "U+FE0F"),
        ("plan\u17b4", "U+17B4"),
        ("pl\u115fan", "U+115F"),
        ("plan\u2800", "U+2800"),
        ("pl\u0430n", "Cyrillic"),
        ("x" * 201, "201"),
        ("\ufffd", "U+FFFD"),
    ],
)
async def test_a_name_that_cannot_be_made_is_refused_by_the_rule_it_breaks(name: str, rule: str) -> None:
    async with running_server() as server, await owner(server) as http:
        address = "".join(f"%{byte:02X}" if chr(byte) not in "/." else chr(byte) for byte in name.encode())
        refused = None
        if not {"", ".", ".."} & set(name.split("/")):  # an HTTP client cleans these away before it sends
            refused = (await http.put(f"{WS}/documents/{address}", json={})).json()
        in_body = (await http.post("/api/workspaces", json={"id": "x", "documents": {name: "text"}})).json()
        for problem in filter(None, (refused, in_body)):
            assert (problem["status"], problem["code"]) == (400, "bad_name"), problem
            assert rule in problem["detail"]
            assert problem["remedy"]
        assert {row["id"] for row in (await http.get("/api/workspaces")).json()} == {"demo"}
        assert {row["name"] for row in (await http.get(f"{WS}/documents")).json()} == {"plan", "budget"}


async def test_what_differs_from_a_name_by_nothing_that_is_seen_is_no_other_name() -> None:
    async with running_server() as server, await owner(server) as http:
        assert (await http.put(at("☀"), json={"kind": "text"})).status_code == 201
        twin = await http.put(at("☀\ufe0f"), json={"kind": "text"})
        assert (twin.status_code, twin.json()["code"]) == (400, "bad_name")
        renamed = await http.patch(at("plan"), json={"name": "☀\ufe0f"})
        assert (renamed.status_code, renamed.json()["code"]) == (400, "bad_name")
        both = {"id": "x", "documents": {"☀": "text", "☀\ufe0f": "text"}}
        assert (await http.post("/api/workspaces", json=both)).json()["code"] == "bad_name"
        assert (await http.patch(at("☀"), json={"name": "☀\ufe0f"})).status_code == 200


async def test_bytes_that_are_no_characters_name_nothing() -> None:
    async with running_server() as server, await owner(server) as http:
        for address in ("%ff", "a%ED%A0%80", "%C3"):
            assert (await http.put(f"{WS}/documents/{address}", json={})).json()["code"] == "bad_name"
            assert (await http.get(f"{WS}/documents/{address}")).json()["code"] == "not_found"
        lone = b'{"id": "x", "documents": {"a\\ud800": "text"}}'
        assert (await http.post("/api/workspaces", content=lone, headers=JSON_TYPED)).json()["code"] == "bad_name"


async def test_a_name_that_ends_in_a_line_end_is_not_the_name_before_it() -> None:
    async with running_server() as server, await owner(server) as http:
        assert (await http.get(f"{WS}/documents/plan%0A")).json()["code"] == "not_found"
        assert (await http.put(f"{WS}/documents/new%0A", json={})).json()["code"] == "bad_name"
        with pytest.raises(Disconnected) as closed:
            async with connect_document(f"{server.ws_url}/ws/demo", "plan\n", token=await server.token("ben")):
                pass
        assert closed.value.status == 4404


async def test_two_forms_of_one_name_are_one_document() -> None:
    composed, decomposed = "café", "cafe\u0301"
    async with running_server() as server, await owner(server) as http:
        assert (await http.put(at(decomposed), json={"kind": "text"})).json()["name"] == composed
        async with connect_document(f"{server.ws_url}/ws/demo", decomposed, token=await server.token("ben")) as one:
            await one.insert(0, "same")
            async with connect_document(f"{server.ws_url}/ws/demo", composed, token=await server.token("eli")) as two:
                await two.until(lambda client: client.text() == "same")
        for name in (composed, decomposed):
            assert (await http.get(at(name))).json()["name"] == composed
        both = {"id": "x", "documents": {composed: "text", decomposed: "data"}}
        assert (await http.post("/api/workspaces", json=both)).json()["code"] == "bad_name"
        one = {"id": "y", "documents": {decomposed: "text"}}  # type: ignore[assignment]
        assert (await http.post("/api/workspaces", json=one)).json()["documents"] == {composed: "text"}


async def test_a_name_of_an_older_log_is_opened_as_it_stands() -> None:
    old = "cafe\u0301/./_x\u17b4"
    async with running_server() as server:
        await server.registry.create("old", name="Old", actor="ana", documents={old: "text", "cafe\u0301": "text"})
        token = await server.token("ben", ws="old")
        for name in (old, "cafe\u0301"):
            async with connect_document(f"{server.ws_url}/ws/old", name, token=token) as document:
                await document.insert(0, "still here")
        async with httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {token}"}) as http:
            read = await http.get("/api/workspaces/old/documents/cafe%CC%81?format=text")
            assert read.text == "still here"
