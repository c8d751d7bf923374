"""Every verb, by everybody, under every kind of rule, at every door: what comes of it is worked out from the words.

What is expected comes from `tests/support/rights_oracle.py`, which shares nothing with the server. The doors: HTTP, the
document socket of a stock client and of one that has said hello, the plain socket, and the agent's own commit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.typing import Subprotocol

from agent.builtin.planner import BuiltinPlanner
from crdt.documents.document import Document
from crdt.sync.y_sync import ControlFrame, SyncUpdate, decode_frame, encode_control, encode_step1, encode_update
from tests.support.http import WS
from tests.support.rights_oracle import PlainRule, is_agent_let, is_least, role_of
from tests.support.server import Running, running_server
from workspace.settings import Settings

WAIT = 20
DOC, FOLDER = "a/b/plan", "a/b/"
# Who is what in the workspace. Somebody is called like a group; and there are guests of an open server, one called
# like an editor.
PEOPLE = {"olga": "owner", "ed": "editor", "everyone": "editor", "cy": "commenter", "vic": "viewer"}
GUESTS = {"gil": "guest"}
CASES: dict[str, list[PlainRule]] = {
    "none": [],
    "everybody may suggest": [(DOC, "@everyone", "commenter")],
    "read-only for everybody": [(DOC, "@everyone", "viewer")],
    "only she": [(DOC, "@everyone", "viewer"), (DOC, "cy", "editor")],
    "read-only for commenters": [(DOC, "@commenter", "viewer")],
    "an editor lowered by name": [(DOC, "ed", "commenter"), (DOC, "@editor", "editor")],
    "an owner lowered": [(DOC, "@owner", "commenter")],
    "raised by name": [(DOC, "vic", "editor")],
    "raised by role": [(DOC, "@viewer", "commenter"), (DOC, "@commenter", "editor")],
    "a folder": [("a/", "@everyone", "viewer")],
    "a deeper folder": [("a/", "@everyone", "viewer"), (FOLDER, "@editor", "editor"), (FOLDER, "@viewer", "commenter")],
    "the document over its folder": [(FOLDER, "@everyone", "viewer"), (DOC, "@viewer", "editor")],
    "another folder": [("a/bc/", "@everyone", "viewer"), ("b/", "ed", "viewer")],
    "the agent may not": [(DOC, "@agent", "viewer")],
    "the agent may not in a folder, but here": [("a/", "@agent", "commenter"), (DOC, "@agent", "editor")],
    "the agent may suggest, which is nothing": [(FOLDER, "@agent", "commenter"), (DOC, "vic", "editor")],
    "a guest": [(DOC, "gil", "editor"), (FOLDER, "@guest", "commenter"), (FOLDER, "@owner", "editor")],
    "read-only for guests": [("a/", "@guest", "viewer"), (DOC, "gil", "editor")],
}
RULED = [name for name in CASES if name != "none"]


def as_json(rules: list[PlainRule]) -> dict[str, list[dict[str, str]]]:
    """Return rules as the API takes them."""
    places: dict[str, list[dict[str, str]]] = {}
    for place, who, role in rules:
        whom = {"group": who[1:]} if who.startswith("@") else {"actor": who}
        places.setdefault(place, []).append({**whom, "role": role})
    return places


@dataclass
class Somebody:
    """A person at every door."""

    name: str
    role: str
    http: httpx2.AsyncClient
    url: str
    offered: list[Subprotocol]
    query: str = ""

    def here(self, rules: list[PlainRule], name: str = DOC, doc: str = DOC) -> str:
        return role_of(rules, doc=doc, name=name, actor=self.name, role=self.role)

    def somewhere(self, rules: list[PlainRule]) -> str:
        """Return the most that any rule might make of somebody."""
        names = [] if self.role == "guest" else [self.name]
        mine = [role for _, who, role in rules if who in (*names, f"@{self.role}", "@everyone")]
        return max([self.role, *mine], key=["viewer", "commenter", "editor", "owner", "guest"].index)

    async def post(self, **frame: Any) -> httpx2.Response:
        """Ask for something, having seen all that is there."""
        seen = (await self.http.get(f"{WS}/documents/{DOC}")).json()["seq"]
        return await self.http.post(f"{WS}/intents", params={"wait": WAIT}, json={**frame, "seen": seen})


@asynccontextmanager
async def stage(*, is_open: bool) -> AsyncIterator[tuple[Running, dict[str, Somebody]]]:
    """Serve the workspace and yield everybody; on an open server guests without a token are among them."""
    settings = Settings(port=0, is_open=is_open)
    async with running_server(planner=BuiltinPlanner(), settings=settings) as server, AsyncExitStack() as stack:
        found: dict[str, Somebody] = {}
        for name, role in {**PEOPLE, **(GUESTS if is_open else {})}.items():
            is_guest = name in GUESTS
            token = "" if is_guest else await server.token(name, role)
            headers = {} if is_guest else {"authorization": f"Bearer {token}"}
            params = {"name": name} if is_guest else {}
            client = httpx2.AsyncClient(base_url=server.url, headers=headers, params=params, timeout=30)
            await stack.enter_async_context(client)
            offered = [Subprotocol("folkmoot"), *([] if is_guest else [Subprotocol(f"token.{token}")])]
            query = f"?name={name}" if is_guest else ""
            found[name] = Somebody(name, role, client, server.ws_url, offered, query)
        yield server, found


async def type_there(
    who: Somebody, word: str, *, hello: bool, doc: str = DOC
) -> tuple[list[dict[str, Any]], list[str]]:
    """Type a word at the beginning of a document; return control messages and words of refusal that came of it."""
    address = f"{who.url}/ws/demo/{quote(DOC)}{who.query}"
    async with open_socket(address, subprotocols=who.offered, compression=None) as socket, asyncio.timeout(WAIT):
        if hello:
            await socket.send(encode_control(json.dumps({"type": "hello", "follow": False}).encode()))
        typist = Document("text", client=70_000 + abs(hash(word)) % 2**30)
        with typist.transaction() as done:
            typist.insert_text(0, word)
        await socket.send(encode_update(done[0].update))
        await socket.send(encode_step1(b"\x00"))
        said, denied = list[dict[str, Any]](), list[str]()
        async for frame in socket:
            assert isinstance(frame, bytes)
            if frame[0] == 2:
                denied.append(frame[3:].decode())
                continue
            match decode_frame(frame):
                case ControlFrame(payload):
                    said.append(json.loads(payload))
                case SyncUpdate(_, is_step2=True):
                    return said, denied  # all that was sent before has been dealt with
    raise AssertionError("the socket was closed")


async def ask_on_a_socket(who: Somebody, message: dict[str, Any], *, doc: str | None) -> dict[str, Any]:
    """Send an intent on a document socket, or the plain one; return the nack, or the verdict that came of it."""
    address = f"{who.url}/ws/demo{f'/{quote(doc)}' if doc else ''}{who.query}"
    async with open_socket(address, subprotocols=who.offered, compression=None) as socket, asyncio.timeout(WAIT):

        async def say(one: dict[str, Any]) -> None:
            text = json.dumps(one)
            await socket.send(encode_control(text.encode()) if doc else text)

        await say({"type": "hello"})
        intent = ""
        async for frame in socket:
            if isinstance(frame, bytes):
                decoded = decode_frame(frame) if frame[0] == 100 else None
                if not isinstance(decoded, ControlFrame):
                    continue
                heard = json.loads(decoded.payload)
            else:
                heard = json.loads(frame)
            match heard["type"]:
                case "welcome":
                    await say({"type": "intent", "n": heard["n"] + 1, "seen": heard["seq"], **message})
                case "ack":
                    intent = heard["id"]
                case "nack":
                    return heard  # type: ignore[no-any-return]
                case "record" if heard["kind"] == "verdict" and heard["body"]["intent"] == intent:
                    return heard["body"]  # type: ignore[no-any-return]
    raise AssertionError("the socket was closed")


def outcome(answer: httpx2.Response) -> tuple[str, str]:
    """Return the state and code of a verdict, or `refused` with the code."""
    body = answer.json()
    if answer.status_code != 202:
        return ("refused", body["code"])
    return (body["verdict"]["state"], body["verdict"]["code"])


def asked(who: Somebody, rules: list[PlainRule], *, undo: bool = False) -> set[tuple[str, str]]:
    """Return what may come of asking the agent to write in the document."""
    here = who.here(rules)
    if not is_least(who.somewhere(rules), "commenter"):
        return {("refused", "forbidden"), ("refused", "read_only")}
    if not is_least(here, "commenter"):
        return {("refused", "document_read_only")}
    if not undo and not is_agent_let(rules, doc=DOC, name=DOC):
        return {("rejected", "agent_denied")}
    return {("done", "done")} if is_least(here, "editor") else {("suggested", "needs_approval")}


async def text_of(who: Somebody, doc: str = DOC) -> str:
    return (await who.http.get(f"{WS}/documents/{quote(doc)}", params={"format": "text"})).text


async def prepare(people: dict[str, Somebody]) -> dict[str, tuple[str, str]]:
    """Make the document, and for everybody a suggestion to approve and an editor's commit to take back."""
    assert (
        await people["olga"].http.put(f"{WS}/documents/{DOC}", json={"kind": "text", "content": "begin\n"})
    ).is_success
    found = {}
    for name in people:
        suggested = await people["cy"].post(text=f'append "suggested for {name}" to {DOC}', scope=[{"doc": DOC}])
        assert outcome(suggested) == ("suggested", "needs_approval"), suggested.text
        done = await people["ed"].post(text=f'append "done for {name}" to {DOC}', scope=[{"doc": DOC}])
        assert outcome(done) == ("done", "done"), done.text
        found[name] = (suggested.json()["id"], done.json()["verdict"]["commit"])
    return found


@pytest.mark.parametrize(
    ("case", "how"),
    [
        *((case, "tokens") for case in CASES),
        *(
            (case, "guests")
            for case in ("none", "read-only for everybody", "a deeper folder", "a guest", "read-only for guests")
        ),
        *((case, "renamed") for case in ("only she", "the document over its folder", "the agent may not")),
    ],
)
async def test_every_verb_of_everybody_at_every_door(case: str, how: str) -> None:
    rules = CASES[case]
    async with stage(is_open=how == "guests") as (_, people):
        made = await prepare(people)
        olga = people["olga"]
        if rules:
            given = await olga.http.put(f"{WS}/rights", json={"places": as_json(rules)})
            assert given.is_success, given.text
        if how == "renamed":
            await move_about(olga)
        for who in people.values():
            await reads_and_types(who, rules)
            await asks(who, rules, made[who.name])
            await makes_and_moves(who, rules, olga)
            await brings_files(who, rules, olga)
            again = await who.http.put(f"{WS}/rights", json={"places": as_json(rules) or {"z/": []}})
            assert again.is_success == (who.role == "owner"), "nobody but an owner gives rights"
        report = (await olga.http.get(f"{WS}/verify")).json()
        assert report["ok"], report


async def move_about(olga: Somebody) -> None:
    """Call the document otherwise and back, and let a folder be in its way: its rules are its own all the time."""
    away = {"places": {"elsewhere/": [{"group": "everyone", "role": "editor"}, {"group": "agent", "role": "editor"}]}}
    assert (await olga.http.put(f"{WS}/rights", json=away)).is_success
    assert (await olga.http.patch(f"{WS}/documents/{DOC}", json={"name": "elsewhere/plan"})).is_success
    shown = (await olga.http.get(f"{WS}/rights")).json()["places"]
    assert "elsewhere/plan" in shown, "rules are shown by the name of today"
    assert DOC not in shown
    assert (await olga.http.patch(f"{WS}/documents/elsewhere/plan", json={"name": DOC})).is_success
    assert (await olga.http.put(f"{WS}/rights", json={"places": {"elsewhere/": []}})).is_success


async def reads_and_types(who: Somebody, rules: list[PlainRule]) -> None:
    here = who.here(rules)
    assert (await who.http.get(f"{WS}/documents/{DOC}")).status_code == 200, "no rule hides a document"
    told = (await who.http.get(f"{WS}/rights", params={"document": DOC})).json()["here"]
    assert told["role"] == here
    assert bool(told["agent"]) != is_agent_let(rules, doc=DOC, name=DOC)
    for hello in (False, True):
        word = f"{who.name}-{hello} "
        said, denied = await type_there(who, word, hello=hello)
        may = is_least(here, "editor")
        assert (word in await text_of(who)) == may, (who.name, here)
        assert bool(denied) != may, "whoever may not is told so"
        assert told["reason"] in " ".join(denied) or may, "by which rule"
        notes = [one for one in said if one["type"] == "rights"]
        is_told = hello and (bool(told["reason"]) or bool(told["agent"]))
        assert bool(notes) == is_told, (notes, told)
        assert not notes or (notes[-1]["role"], notes[-1].get("agent", "")) == (here, told["agent"])


async def asks(who: Somebody, rules: list[PlainRule], made: tuple[str, str]) -> None:
    suggestion, commit = made
    wanted, scope = asked(who, rules), [{"doc": DOC}]
    assert outcome(await who.post(text=f'append "by {who.name}" to {DOC}', scope=scope)) in wanted, who.name
    for doc in (None, DOC):
        heard = await ask_on_a_socket(who, {"text": f'append "again by {who.name}" to {DOC}', "scope": scope}, doc=doc)
        found = ("refused", heard["code"]) if heard.get("type") == "nack" else (heard["state"], heard["code"])
        assert found in wanted, (who.name, doc, heard)
        assert heard["reason"]
        assert heard.get("remedy") or found[0] == "done"
    approves = outcome(await who.post(kind="approve", text="", refs=[suggestion]))
    if is_least(who.here(rules), "editor"):
        assert approves == asked(who, rules).pop(), (who.name, approves)
    else:
        assert approves in {("refused", code) for code in ("forbidden", "read_only", "document_read_only")}, approves
    undone = outcome(await who.post(kind="undo", text="", refs=[commit]))
    if is_least(who.here(rules), "editor") or (who.name == "ed" and is_least(who.here(rules), "commenter")):
        assert undone == asked(who, rules, undo=True).pop(), (who.name, undone)
    else:
        assert undone[0] == "refused", (who.name, undone)


async def makes_and_moves(who: Somebody, rules: list[PlainRule], olga: Somebody) -> None:
    name = f"{FOLDER}new-{who.name}"
    new = await who.http.put(f"{WS}/documents/{name}", json={"kind": "text", "content": "x"})
    assert new.is_success == is_least(who.here(rules, name, name), "editor"), (who.name, new.text)
    for target in (f"{FOLDER}moved", "elsewhere/moved"):
        both = is_least(who.here(rules), "editor") and is_least(who.here(rules, target), "editor")
        moved = await who.http.patch(f"{WS}/documents/{DOC}", json={"name": target})
        assert moved.is_success == (both or who.role == "owner"), (who.name, moved.text)
        if moved.is_success:
            assert (await olga.http.patch(f"{WS}/documents/{target}", json={"name": DOC})).is_success
    for state in ("archived", "living"):
        put = await who.http.patch(f"{WS}/documents/{DOC}", json={"state": state})
        may = who.role == "owner" or who.here(rules) == "guest"
        assert put.is_success == may, (who.name, put.text)


async def brings_files(who: Somebody, rules: list[PlainRule], olga: Somebody) -> None:
    """A file is brought in by who may edit somewhere, read by whoever may read what names it, deleted by its own."""
    own, named = f"own of {who.name}".encode(), f"named for {who.name}".encode()
    brought = await who.http.post(f"{WS}/blobs", content=own)
    assert brought.is_success == is_least(who.somewhere(rules), "editor"), (who.name, brought.text)
    theirs = (await olga.http.post(f"{WS}/blobs", content=named)).json()["id"]
    runs = who.role in ("owner", "guest")
    assert (await who.http.get(f"{WS}/blobs/{theirs}")).is_success == runs, "nobody hears of what nothing names"
    doc = f"files/{who.name}"
    content = {"kind": "text", "content": f"![](blob:{theirs})"}
    assert (await olga.http.put(f"{WS}/documents/{doc}", json=content)).is_success
    assert (await who.http.get(f"{WS}/blobs/{theirs}")).content == named
    listed = {one["id"] for one in (await who.http.get(f"{WS}/blobs")).json()["blobs"]}
    assert theirs in listed
    deleted = await who.http.delete(f"{WS}/blobs/{theirs}", params={"named": "1"})
    assert deleted.is_success == runs, (who.name, deleted.text)
    if brought.is_success:
        id = brought.json()["id"]
        assert id in listed
        assert (await who.http.delete(f"{WS}/blobs/{id}")).is_success
