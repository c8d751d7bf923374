"""One document from Python, over the socket that browsers use: in sync, edited by code, honest about its end."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.server import running_server
from tests.support.until import until
from workspace.client import Disconnected, connect_document


async def test_two_that_edit_one_document_come_to_the_same() -> None:
    async with running_server() as server:
        url, token = f"{server.ws_url}/ws/demo", await server.token("ana")
        async with connect_document(url, "plan", token=token) as one, connect_document(url, "plan", token=token) as two:
            await asyncio.gather(one.insert(0, "abc 😀"), two.insert(0, "xyz"))
            for client in (one, two):
                await client.until(lambda own: len(own.text()) == 8)
            assert one.text() == two.text()
            await one.delete(0, 8)
            await two.until(lambda own: not own.text())
        async with connect_document(url, "budget", token=token, kind="data") as values:
            await values.set(("travel",), {"to": ["A", 1]})
            room = await server.registry.room("demo")
            budget = room.sequencer.fold.documents["budget"]
            await until(lambda: room.read(budget.value), lambda value: value == values.value())
            assert values.value() == {"travel": {"to": ["A", 1]}}


async def test_what_changes_nothing_sends_nothing() -> None:
    async with running_server() as server:
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("ana")) as client:
            sent = client.sent
            await client.edit(lambda document: None)
            assert client.sent == sent
            await client.insert(0, "x")
            assert client.sent == sent + 1


@pytest.mark.parametrize(("doc", "token", "status"), [("nowhere", True, 4404), ("plan", False, 4401)])
async def test_a_document_that_is_not_there_or_not_ones_own_says_so(doc: str, token: bool, status: int) -> None:
    async with running_server() as server:
        given = await server.token("ana") if token else None
        with pytest.raises(Disconnected) as raised:
            async with connect_document(f"{server.ws_url}/ws/demo", doc, token=given):
                raise AssertionError("it was opened")
        assert raised.value.status == status


async def test_whoever_waits_for_a_closed_document_is_told_that_it_is_closed() -> None:
    async with running_server() as server:
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("ana")) as client:
            waiting = asyncio.create_task(client.until(lambda own: own.text() == "never"))
            await asyncio.sleep(0)
            await server.registry.revoke("demo", actor="ana", token_id=None)
            with pytest.raises(Disconnected) as raised:
                await waiting
            assert raised.value.status == 4401
            await client.until(lambda own: own.text() == "")
