"""Dear documents are read beside the room: edits go on, the agent's commit waits for it and is none the worse."""

from __future__ import annotations

import threading

import pytest

from agent.builtin.planner import BuiltinPlanner
from crdt.documents import canonical_form
from crdt.documents.canonical_form import CanonicalForm, CopyReading
from crdt.errors import BrokenDocument
from tests.support.server import running_server
from workspace.client import connect
from workspace.client.document import connect_document

WAIT = 20.0


@pytest.fixture(autouse=True)
def all_are_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical_form, "DEAR_CLOCKS", 3)
    monkeypatch.setattr(canonical_form, "KEPT_FROM", 0)


async def test_edits_go_on_and_a_commit_waits_for_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    may_read, readings, on_loop = threading.Event(), list[int](), list[str]()
    real_read, real_value = CopyReading.read, CanonicalForm._read_data

    def read(reading: CopyReading) -> None:
        assert may_read.wait(WAIT)
        readings.append(threading.get_ident())
        real_read(reading)

    async with running_server(planner=BuiltinPlanner()) as server:

        def read_data(document: CanonicalForm) -> object:
            # The client's own documents are in this process, too.
            if document in server.registry.rooms["demo"].sequencer.fold.documents.values() and document.is_dear:
                on_loop.append("read")
            return real_value(document)

        address, token = f"{server.ws_url}/ws/demo", await server.token("Ana")
        async with (
            connect(address, token=token) as people,
            connect_document(address, "budget", token=token, kind="data") as budget,
        ):
            for at in range(5):
                await budget.set((f"k{at}",), at)
            monkeypatch.setattr(CopyReading, "read", read)
            monkeypatch.setattr(CanonicalForm, "_read_data", read_data)
            asked = await people.intent("set budget.k1 to 7", doc="budget")
            room = server.registry.rooms["demo"]
            for at in range(5, 9):
                await budget.set((f"k{at}",), at)
            # All of it is on disk, and nothing is done yet.
            await room.read(lambda: None)
            assert room.sequencer.fold.documents["budget"].state_vector()[budget.document.client] >= 9
            assert asked.id in room.sequencer.fold.board.live
            may_read.set()
            verdict = await asked.verdict(WAIT)
            assert verdict["state"] == "done", verdict
            await budget.until(lambda client: client.document.value().get("k1") == 7, WAIT)
            assert readings
            assert threading.get_ident() not in readings
            assert not on_loop
        value = room.sequencer.fold.documents["budget"].value()
        assert value == {f"k{at}": 7 if at == 1 else at for at in range(9)}


@pytest.mark.parametrize("error", [BrokenDocument("it panicked"), RuntimeError("a bug")])
async def test_what_cannot_be_read_beside_the_room_is_read_in_it(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(reading: CopyReading) -> None:
        raise error

    monkeypatch.setattr(CopyReading, "read", read)
    async with running_server(planner=BuiltinPlanner()) as server:
        address, token = f"{server.ws_url}/ws/demo", await server.token("Ana")
        async with (
            connect(address, token=token) as people,
            connect_document(address, "budget", token=token, kind="data") as budget,
        ):
            for at in range(5):
                await budget.set((f"k{at}",), at)
            asked = await people.intent("set budget.k1 to 7", doc="budget")
            verdict = await asked.verdict(WAIT)
            assert verdict["state"] == "done", verdict
