"""Documents over HTTP: made once, read now and as of any record, in each format."""

from __future__ import annotations

import json

from crdt.documents.document import Document
from tests.support.http import WS, client_of, http, problem
from tests.support.server import running_server
from tests.support.until import until
from workspace.client.document import connect_document
from workspace.settings import Settings


async def test_documents_are_made_once_under_narrow_names() -> None:
    async with http() as (_, client):
        assert (await client.put(f"{WS}/documents/specs/api", json={"kind": "text"})).status_code == 201
        assert (await client.put(f"{WS}/documents/specs/api", json={"kind": "text"})).status_code == 201
        problem(await client.put(f"{WS}/documents/specs/api", json={"kind": "data"}), 409, "exists")
        for name in ("_own", "a..b", "x" * 201):
            problem(await client.put(f"{WS}/documents/{name}", json={}), 400, "bad_name")
        assert {row["name"] for row in (await client.get(f"{WS}/documents")).json()} == {"plan", "budget", "specs/api"}
        problem(await client.get(f"{WS}/documents/nowhere"), 404, "not_found")
        problem(await client.get(f"{WS}/documents/plan?format=pdf"), 400, "malformed")
        problem(await client.get(f"{WS}/documents/plan?at=999"), 400, "malformed")


async def test_one_document_is_read_in_each_of_its_formats() -> None:
    async with http() as (_, client):
        await client.post(f"{WS}/intents?wait=20", json={"text": 'append "one 😀" to plan'})
        plan = (await client.get(f"{WS}/documents/plan")).json()
        assert plan["value"] == "one 😀\n"
        text = await client.get(f"{WS}/documents/plan?format=text")
        assert (text.text, text.headers["x-folkmoot-seq"]) == ("one 😀\n", str(plan["seq"]))
        update = await client.get(f"{WS}/documents/plan?format=update")
        assert update.headers["content-type"] == "application/octet-stream"
        copy = Document.of_state("text", update.content, client=7)
        assert (copy.text(), copy.digest()) == (plan["value"], plan["digest"])


async def test_the_past_is_read_as_it_was_after_each_record() -> None:
    async with http() as (_, client):
        for n in (1, 2):
            await client.post(f"{WS}/intents?wait=20", json={"text": f"set budget.n to {n}"})
        commits = [json.loads(line)["seq"] for line in (await client.get(f"{WS}/log?kind=commit")).text.splitlines()]
        for seq, value in zip((2, *commits), ({}, {"n": 1}, {"n": 2}), strict=True):
            then = (await client.get(f"{WS}/documents/budget?at={seq}")).json()
            assert (then["seq"], then["value"]) == (seq, value)
        made = await client.put(f"{WS}/documents/late", json={"kind": "text"})
        assert made.status_code == 201
        problem(await client.get(f"{WS}/documents/late?at=2"), 404, "not_found")


async def test_a_workspace_has_at_most_so_many_documents() -> None:
    async with running_server(settings=Settings(documents_max=3)) as server, client_of(server, "ana") as client:
        assert (await client.put(f"{WS}/documents/third", json={})).status_code == 201
        problem(await client.put(f"{WS}/documents/fourth", json={}), 413, "too_large")
        assert (await client.put(f"{WS}/documents/third", json={})).status_code == 201


async def test_one_editor_makes_a_share_of_the_documents_and_the_owner_finds_room() -> None:
    async with running_server(settings=Settings(documents_max=10)) as server:
        async with client_of(server, "ana") as ana, client_of(server, "ben") as ben:
            made = [(await ana.put(f"{WS}/documents/a{at}", json={})).status_code for at in range(10)]
            assert made == [201] * 4 + [429] * 6
            refused = await ana.put(f"{WS}/documents/more", json={})
            problem(refused, 429, "over_share")
            assert refused.json()["remedy"]
            assert (await ben.put(f"{WS}/documents/b", json={})).status_code == 201
        async with client_of(server, "olga", "owner") as owner:
            assert [(await owner.put(f"{WS}/documents/o{at}", json={})).status_code for at in range(3)] == [201] * 3
            problem(await owner.put(f"{WS}/documents/full", json={}), 413, "too_large")


async def test_what_is_shown_to_who_may_instruct_has_a_number_in_the_log() -> None:
    async with http("commenter") as (server, ana), client_of(server, "vera", "viewer") as vera:
        room = await server.registry.room("demo")
        token = await server.token("ben", "editor")
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as ben:
            for at, letter in enumerate("abc"):
                await ben.insert(at, letter)
            await until(lambda: room.read(room.sequencer.fold.documents["plan"].text), lambda now: now == "abc")
            runs, before = room.sequencer.kernel.runs, room.sequencer.fold.seq
            shown = await vera.get(f"{WS}/documents/plan")
            assert (shown.json()["value"], shown.json()["seq"]) == ("abc", before)
            assert runs.open, "who only looks writes nothing"
            shown = await ana.get(f"{WS}/documents/plan?format=text")
            assert (shown.text, int(shown.headers["x-folkmoot-seq"])) == ("abc", before + 1)
            assert not runs.open
            # With nothing typed since there is nothing to write.
            assert (await ana.get(f"{WS}/documents/plan")).json()["seq"] == before + 1
            problem(await ana.get(f"{WS}/documents/nowhere"), 404, "not_found")
            problem(await ana.get(f"{WS}/documents/plan?at=99"), 400, "malformed")
