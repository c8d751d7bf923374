"""Stock y-websocket joins a room name raw into the address: what that opens, and what is to be passed instead."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.stock.test_y_websocket import stock_peer
from tests.support.server import Running, running_server
from tests.support.until import until

pytestmark = pytest.mark.stock
# What a document is called, and what a room name of just that opens.
RAW = {
    "plan": "plan", "specs/api": "specs/api", "a b": "a b", "ü/é": "ü/é", "😀": "😀", "שלום": "שלום", "100%": "100%",
    "a;b+c&d:e": "a;b+c&d:e", "FAQ?": "FAQ", "a\\b": "a/b", "50%25": "50%", "x%2Fy": "x/y", "C#": "C",
}  # fmt: skip


async def types_into(server: Running, roomname: str) -> str:
    """Have a stock client type into a room; return the document that it came into."""
    room = await server.registry.room("demo")
    async with stock_peer(server, "dee", roomname) as dee:
        await dee.tell("insert", at=0, words="here")
        documents = room.sequencer.fold.documents

        def here() -> list[str]:
            return [name for name, found in documents.items() if found.kind == "text" and found.text() == "here"]

        found = await until(lambda: room.read(here))
        await dee.tell("delete", at=0, count=4)
        await dee.until(lambda state: state["text"] == "")
        await until(lambda: room.read(documents[found[0]].text), lambda text: text == "")
    assert len(found) == 1
    return found[0]


async def test_a_stock_client_opens_every_name_that_is_encoded_once() -> None:
    names = {*RAW, *RAW.values()}
    async with running_server(workspace=None) as server:
        documents = dict.fromkeys(names, "text")
        await server.registry.create("demo", name="Demo", actor="owner", documents=documents)  # type: ignore[arg-type]
        for name, opened in RAW.items():
            assert await types_into(server, quote(name, safe="/!~*'()")) == name
            assert await types_into(server, name) == opened, "the table of docs/names.md says so"
        assert await types_into(server, quote("ü/é", safe="!~*'()")) == "ü/é", "encodeURIComponent on the whole will do"
