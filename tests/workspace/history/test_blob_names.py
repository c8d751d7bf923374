"""A log names files in its documents, put away ones too, and in instructions; a fork has those, redaction takes one."""

from __future__ import annotations

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import WS, client_of, http, problem
from tests.support.server import running_server
from tests.workspace.http.blobs.test_routes import PNG, name_in, put, sha
from workspace.history.blob_names import names_in_log, names_told_only


async def test_what_is_put_away_or_only_asked_for_is_named_still() -> None:
    async with http("owner") as (server, olga):
        for doc in ("living", "archived", "deleted"):
            await name_in(olga, doc, doc.encode())
        await olga.patch(f"{WS}/documents/archived", json={"state": "archived"})
        await olga.delete(f"{WS}/documents/deleted")
        text = f'append "blob:{sha(b"asked")}" to nowhere'
        asked = await olga.post(f"{WS}/intents?wait=20", json={"text": text})
        assert asked.json()["verdict"]["state"] != "done"
        wanted = {sha(name) for name in (b"living", b"archived", b"deleted", b"asked")}
        assert await names_in_log(server.registry.store, "demo") == wanted
        assert await names_told_only(server.registry.store, "demo", asked.json()["id"]) == {sha(b"asked")}
        assert await names_told_only(server.registry.store, "demo", "i999") == frozenset()


@pytest.mark.damages_logs
async def test_of_a_log_that_cannot_be_read_nobody_knows_what_it_names() -> None:
    async with http("owner") as (server, _):
        room, store = await server.registry.room("demo"), server.registry.store
        assert await names_in_log(store, "demo") == frozenset()
        await store.rewrite("demo", room.sequencer.kernel.epoch, {1: '{"name":"another"}'}, ())
        assert await names_in_log(store, "demo") is None


async def test_a_fork_has_the_files_that_it_names_and_no_others_and_keeps_them() -> None:
    async with running_server(planner=BuiltinPlanner()) as server, client_of(server, "olga", "owner", ws=None) as olga:
        await put(olga, PNG)
        await put(olga, b"unnamed")
        await name_in(olga, "wish", PNG)
        at = (await olga.get(WS)).json()["seq"]
        await put(olga, b"later")
        await name_in(olga, "later", b"later")
        assert (await olga.post(f"{WS}/fork", json={"id": "fork", "at": at})).status_code == 201
        store = server.registry.store
        assert [row.sha for row in await store.blob_rows("fork")] == [sha(PNG)]
        assert (await olga.get(f"/api/workspaces/fork/blobs/{sha(PNG)}")).content == PNG
        await olga.delete(WS)
        assert (await olga.get(f"/api/workspaces/fork/blobs/{sha(PNG)}")).content == PNG


async def test_redaction_takes_a_file_that_nothing_but_the_words_named_if_told_so() -> None:
    async with http("owner") as (_, olga):
        await put(olga, PNG)
        await put(olga, b"named")
        await name_in(olga, "wish", b"named")

        async def ask() -> str:
            text = f'append "blob:{sha(PNG)} blob:{sha(b"named")}" to nowhere'
            return (await olga.post(f"{WS}/intents?wait=20", json={"text": text})).json()["id"]  # type: ignore[no-any-return]

        plain = await olga.post(f"{WS}/redact", json={"intent": await ask()})
        assert "blobs" not in plain.json()
        assert (await olga.get(f"{WS}/blobs/{sha(PNG)}")).status_code == 200
        told = await olga.post(f"{WS}/redact", json={"intent": await ask(), "blobs": True})
        assert told.json()["blobs"] == [sha(PNG)], told.text
        gone = await olga.get(f"{WS}/blobs/{sha(PNG)}")
        problem(gone, 410, "blob_gone")
        assert (await olga.get(f"{WS}/blobs/{sha(b'named')}")).content == b"named"
        assert (await olga.get(f"{WS}/verify")).json()["ok"]
