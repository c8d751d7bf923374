"""The whole server on PostgreSQL: what it wrote opens again, verifies, and belongs to one server at a time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.homes import PostgresHome, opened
from tests.support.postgres import until_true
from tests.support.process import folkmoot
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.client import Disconnected, connect
from workspace.client.document import connect_document
from workspace.history.read import read_all, verify_log
from workspace.intents.state.replay import fold_log
from workspace.store.address import store_of

WAIT = 30.0
CHANGED_HANDS = "SELECT max(epoch) >= $1 FROM log WHERE ws = 'demo' AND kind = 'intent'"


def on(url: str) -> Any:
    # The product's policy: what waits for its window is under way when the workspace changes hands.
    return running_server(store=store_of(url), planner=BuiltinPlanner(), policy=None)


async def instruct(server: Running, *texts: str) -> list[Any]:
    async with connect(f"{server.ws_url}/ws/demo", token=await server.token("Ana")) as room:
        await room.caught_up((await server.registry.store.head("demo"))[0])  # nobody contradicts what they know
        return [await (await room.intent(text)).verdict(WAIT) for text in texts]


async def test_what_was_instructed_is_there_after_a_restart_and_replays_to_the_live_state(postgres_url: str) -> None:
    async with on(postgres_url) as server:
        told = await instruct(server, 'append "See you there" to plan', "set budget.food to 5")
        assert [verdict["state"] for verdict in told] == ["done", "done"]
    async with on(postgres_url) as server:
        told = await instruct(server, "increase budget.food by 2", 'append "\\0 Zoë 😀" to plan')
        assert [verdict["state"] for verdict in told] == ["done", "done"]
        room = await server.registry.room("demo")
        live = room.sequencer.fold.state()
        digests = {doc: document.digest() for doc, document in room.sequencer.fold.documents.items()}
        rows, journal = await read_all(server.registry.store, "demo")
        report = await verify_log(server.registry.store, "demo")
    assert report.ok, report.reason
    fold = fold_log(rows, journal)
    assert fold.state() == live
    assert {doc: document.digest() for doc, document in fold.documents.items()} == digests
    assert fold.documents["budget"].value()["food"] == 7
    assert {row.epoch for row in rows} >= {1, 2}


async def test_the_command_line_reads_and_verifies_beside_the_server(postgres_url: str) -> None:
    async with on(postgres_url) as server:
        await instruct(server, "set budget.food to 5")
        for arguments, words in (
            (("verify", "demo"), b"states reproduced"),
            (("log", "demo"), b"set budget.food to 5"),
            (("doctor",), b"postgresql://127.0.0.1/"),
        ):
            process = await folkmoot(*arguments, FOLKMOOT_DATABASE=postgres_url)
            out, err = await process.communicate()
            assert words in out, (arguments, out, err)
            assert postgres_url.split(":")[2].split("@")[0].encode() not in out + err, "the password is not shown"
        process = await folkmoot("token", "--workspace", "demo", "--actor", "Ben", "--role", "editor",
                                 FOLKMOOT_DATABASE=postgres_url)  # fmt: skip
        token = (await process.communicate())[0].decode().strip()
        async with connect(f"{server.ws_url}/ws/demo", token=token) as room:
            assert (await (await room.intent("increase budget.food by 1")).verdict(WAIT))["state"] == "done"


async def test_a_second_server_deposes_the_first_which_appends_nothing_more(postgres_url: str) -> None:
    async with on(postgres_url) as first, on(postgres_url) as second:
        token = await first.token("Ana")
        with pytest.raises(Disconnected):  # as the document is left: not all of it is saved
            async with connect_document(f"{first.ws_url}/ws/demo", "plan", token=token, away_seconds=0) as writer:
                await writer.insert(0, "of the first. ")
                await writer.until(lambda client: "first" in client.text(), WAIT)
                await instruct(first, "set budget.food to 5")
                assert [verdict["state"] for verdict in await instruct(second, "set budget.food to 6")] == ["done"]
                before = await read_all(second.registry.store, "demo")
                await writer.insert(0, "too late ")
                await writer.until(lambda client: client.closed is not None, WAIT)
        assert await read_all(second.registry.store, "demo") == before, "the first appended after it was deposed"
        await instruct(second, "increase budget.food by 1")
        rows, journal = await read_all(second.registry.store, "demo")
        report = await verify_log(second.registry.store, "demo")
    assert report.ok, report.reason
    epochs = [row.epoch for row in rows]
    assert epochs == sorted(epochs)
    fold = fold_log(rows, journal)
    assert fold.documents["budget"].value()["food"] == 7
    assert "too late" not in fold.documents["plan"].text()
    store = await opened(PostgresHome(postgres_url))
    after, _ = await read_all(store, "demo")
    assert after[: len(rows)] == rows
    assert {row.epoch for row in after[len(rows) :]} <= {epochs[-1]}, "closing, the second alone writes"
    await store.close()


async def test_servers_that_depose_each_other_keep_one_log(postgres_url: str) -> None:
    """People on both servers at once: the rooms take the workspace from each other; nothing is lost or doubled."""
    async with on(postgres_url) as first, on(postgres_url) as second:
        await instruct(first, "set budget.food to 0")
        known, acked = (await first.registry.store.head("demo"))[0], set[str]()

        async def count(server: Running, actor: str) -> None:
            async with connect(f"{server.ws_url}/ws/demo", token=await server.token(actor)) as room:
                await room.caught_up(known)
                while True:
                    acked.add((await room.intent("increase budget.food by 1")).id)

        fighting = [asyncio.create_task(count(first, "Ana")), asyncio.create_task(count(second, "Ben"))]
        await until_true(postgres_url, CHANGED_HANDS, 8)
        for task in fighting:
            task.cancel()
        await asyncio.gather(*fighting, return_exceptions=True)
        store = first.registry.store
        async with connect(f"{first.ws_url}/ws/demo", token=await first.token("Zoë")):  # one of them has it now
            await until(
                lambda: store.workspace("demo"), lambda row: row is not None and not row.is_busy, seconds=2 * WAIT
            )
        rows, journal = await read_all(store, "demo")
        report = await verify_log(store, "demo")
    assert report.ok, report.reason
    bodies = [(row.kind, json.loads(row.body)) for row in rows]
    intents = [body["id"] for kind, body in bodies if kind == "intent"]
    verdicts = {body["intent"]: body["state"] for kind, body in bodies if kind == "verdict"}
    assert rows[-1].epoch >= 8, "the workspace changed hands"
    assert acked <= set(intents)
    assert len(set(intents)) == len(intents) == sum(kind == "verdict" for kind, _ in bodies)
    assert verdicts.keys() == set(intents)
    done = sum(state == "done" for state in verdicts.values())
    assert fold_log(rows, journal).documents["budget"].value()["food"] == done - 1
