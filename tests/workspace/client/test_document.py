"""One document from Python, over the socket that browsers use: in sync, edited by code, honest about its end."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.relay import Relay
from tests.support.server import running_server
from tests.support.until import until
from workspace.client import Disconnected, Overdue, Refused, connect_document


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
            with pytest.raises(Disconnected):
                await client.insert(0, "too late")


async def test_what_is_written_while_the_server_is_away_is_brought_and_nothing_is_there_twice() -> None:
    async with running_server() as server, Relay(server.port) as relay:
        near, token = f"{server.ws_url}/ws/demo", await server.token("ana")
        far = f"ws://127.0.0.1:{relay.port}/ws/demo"
        async with (
            connect_document(near, "plan", token=token) as here,
            connect_document(far, "plan", token=token) as own,
        ):
            for at in range(4):
                relay.is_open = False
                relay.cut()
                await own.insert(0, f"a{at}")  # it may know of the cut by now, or not
                await until(lambda: own.socket is None)
                await own.insert(0, f"b{at}")
                await own.delete(0, 1)
                await here.insert(0, f"c{at}")
                with pytest.raises(Overdue):
                    await own.saved(0.01)
                relay.is_open = True
                await own.saved()
                await own.until(lambda client, at=at: f"c{at}" in client.text())
                await here.until(lambda client: client.text() == own.text())
            words = [own.text().count(f"{letter}{at}") for letter in "abc" for at in range(4)]
            assert words == [1] * 4 + [0] * 4 + [1] * 4, own.text()


async def test_saved_is_said_once_it_is_on_disk_and_leaving_waits_for_it() -> None:
    async with running_server() as server:
        url, token = f"{server.ws_url}/ws/demo", await server.token("ana")
        async with connect_document(url, "plan", token=token) as own:
            assert own.is_saved
            await own.insert(0, "first ")
            assert not own.is_saved
            await asyncio.gather(own.saved(), own.insert(0, "second "), own.saved())
            await own.saved()
            assert own.is_saved
            await own.delete(0, 3)
        room = await server.registry.room("demo")
        assert await room.read(room.sequencer.fold.documents["plan"].text) == "ond first "


async def test_an_edit_that_is_refused_is_told_and_the_document_shows_what_stands() -> None:
    async with running_server() as server:
        url, token = f"{server.ws_url}/ws/demo", await server.token("vic", "viewer")
        async with connect_document(url, "plan", token=token) as own:
            await own.until(lambda client: client.role == "viewer")
            with pytest.raises(Refused) as raised:
                await own.insert(0, "not mine ")
            assert (raised.value.code, bool(raised.value.remedy)) == ("document_read_only", True)
            assert own.text() == ""
            await own.saved()


async def test_who_is_made_a_viewer_while_away_is_told_that_what_they_wrote_was_not_taken() -> None:
    async with running_server() as server, Relay(server.port) as relay:
        token = await server.token("ana")
        await server.token("olga", "owner")
        far = f"ws://127.0.0.1:{relay.port}/ws/demo"
        async with connect_document(far, "plan", token=token) as own:
            relay.is_open = False
            relay.cut()
            await until(lambda: own.socket is None)
            await own.insert(0, "too late ")
            assert await server.registry.people.set_role("demo", "ana", "viewer", by="olga") is None
            relay.is_open = True
            with pytest.raises(Refused) as raised:
                await own.saved()
            assert raised.value.code == "document_read_only"


async def test_a_token_that_only_reads_is_told_at_its_first_edit() -> None:
    async with running_server() as server:
        token = await server.token("ana", scope="read")
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as own:
            for words in ("not mine ", "again "):
                with pytest.raises(Refused) as raised:
                    await own.insert(0, words)  # at once where it is known by now, else by the server's word
                    await own.saved()
                assert raised.value.code == "document_read_only"


async def test_what_cannot_be_saved_is_an_error_as_the_document_is_left() -> None:
    async with running_server() as server:
        token = await server.token("ana")
        with pytest.raises(Disconnected) as raised:
            async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as own:
                assert own.socket is not None
                own.socket.transport.abort()
                await server.registry.revoke("demo", actor="ana", token_id=None)
                await own.insert(0, "lost ")
        assert raised.value.code == "unauthenticated"
