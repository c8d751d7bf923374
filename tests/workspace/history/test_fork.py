"""A fork is the original up to there, and then its own: same chain, same documents, nothing sent twice."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from agent.builtin.planner import BuiltinPlanner
from crdt.digest import Json
from crdt.documents.paths import set_path
from tests.support.server import running_server
from tests.workspace.intents.audit.test_time_travel import history
from tests.workspace.intents.driver import Driver
from tests.workspace.intents.steps.test_effects import RECEIVERS, declare, hook
from workspace.client import connect
from workspace.client.document import connect_document
from workspace.clock import SystemClock
from workspace.errors import WorkspaceExists
from workspace.history.fork import fork_workspace
from workspace.history.read import read_all
from workspace.intents.audit.time_travel import end_of_turn
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured
from workspace.intents.recovery import open_sequencer
from workspace.intents.state.replay import fold_log


async def forked(driver: Driver, at: int) -> tuple[list[object], list[object]]:
    store = await driver.stored()
    await fork_workspace(store, SystemClock(), "w", at=at, id="v", name="V", actor="Olga")
    assert await read_all(store, "w") == (driver.rows, driver.journal), "the original is not touched"
    rows, journal = await read_all(store, "v")
    with pytest.raises(WorkspaceExists):
        await fork_workspace(store, SystemClock(), "w", at=at, id="v", name="V", actor="Olga")
    return rows, journal  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(3))
async def test_a_fork_at_any_record_is_the_workspace_as_it_was(seed: int) -> None:
    driver = history(seed, 80)
    for at in range(2, len(driver.rows), 11):
        rows, journal = await forked(driver, at)
        assert verify(rows, journal).ok  # type: ignore[arg-type]
        at = end_of_turn(driver.rows, at)
        assert len(rows) == at + 1
        assert rows[:at] == driver.rows[:at]
        whole, then = fold_log(rows, journal), fold_log(driver.rows, driver.journal, to=at)  # type: ignore[arg-type]
        assert whole.state() == then.state()
        assert {e.id: e.state for e in whole.board.entries.values()} == {
            e.id: e.state for e in then.board.entries.values()
        }
        sequencer, _ = open_sequencer(
            "v",
            epoch=whole.epoch + 1,
            rows=rows,
            journal=journal,
            now=driver.now,
            versions={},  # type: ignore[arg-type]
            chance=12_345,
        )
        assert sequencer.fold.state() == then.state(), "what came after the fork is not taken up again"
        assert sequencer.client != driver.sequencer.client


async def test_what_was_typed_by_then_and_is_in_a_later_record_is_not_the_forks() -> None:
    driver = Driver()
    driver.type("Chen", "budget", lambda document: set_path(document, ("later",), 1))
    driver.type("Ana", "plan", lambda document: document.insert_text(0, "A"))
    driver.type("Ben", "plan", lambda document: document.insert_text(1, "B"))  # on Ana's: her run is closed, alone
    at = driver.sequencer.fold.seq
    assert at == driver.start + 1
    driver.wait(1)
    rows, journal = await forked(driver, at)
    read: dict[str, Any] = {"rows": rows, "journal": journal}
    sequencer, _ = open_sequencer("v", epoch=9, now=driver.now, versions={}, **read)
    assert sequencer.fold.documents["plan"].text().startswith("AFirst")
    assert sequencer.fold.documents["budget"].value() == {"price": 100}
    assert driver.value("later") == 1


async def test_what_was_waiting_to_be_sent_is_not_sent_by_the_fork() -> None:
    driver = Driver()
    driver.handle(Configured("Owner", ConfigBody(receivers=RECEIVERS)))
    declare(driver, driver.ask("Ana"), hook())
    assert driver.sequencer.fold.outbox
    rows, journal = await forked(driver, len(driver.rows))
    assert not fold_log(rows, journal).outbox  # type: ignore[arg-type]


async def test_a_fork_over_http_lives_on_its_own() -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        owner = await server.token("owner", "owner", ws=None)
        async with connect(f"{server.ws_url}/ws/demo", token=owner) as room:
            first = await (await room.intent("set budget.price to 5")).verdict(10)
            assert first["state"] == "done"
            seq = max(record["seq"] for record in room.records)
            await (await room.intent("set budget.price to 6")).verdict(10)
        body: dict[str, Json] = {"id": "what-if", "at": seq}
        async with httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {owner}"}) as http:
            made = await http.post("/api/workspaces/demo/fork", json=body)
            refused = await http.post("/api/workspaces/demo/fork", json={"id": "x", "at": 9999})
        assert (made.status_code, made.json()["id"]) == (201, "what-if")
        assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
        async with connect(f"{server.ws_url}/ws/what-if", token=owner) as fork:
            await (await fork.intent("increase budget.price by 10")).verdict(10)
        for ws, price in (("demo", 6), ("what-if", 15)):
            live = await server.registry.room(ws)
            assert live.sequencer.fold.documents["budget"].value()["price"] == price  # type: ignore[index,call-overload]


async def test_what_was_typed_a_moment_ago_can_be_asked_about_and_forked_at_once() -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        owner, url = await server.token("owner", "owner", ws=None), f"{server.ws_url}/ws/demo"
        async with (
            connect_document(url, "plan", token=owner) as hand,
            connect_document(url, "plan", token=owner) as other,
            httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {owner}"}) as http,
        ):
            await hand.insert(0, "Just now. ")
            await other.until(lambda client: "Just now. " in client.text(), 10)
            told = await http.get("/api/workspaces/demo/attribution/plan", params={"quote": "Just now."})
            await hand.insert(0, "And now. ")
            await other.until(lambda client: "And now. " in client.text(), 10)
            made = (await http.post("/api/workspaces/demo/fork", json={"id": "later"})).json()
            text = (await http.get("/api/workspaces/later/documents/plan")).json()["value"]
        assert [(stretch["text"], stretch["by"]) for stretch in told.json()["stretches"]] == [("Just now.", "owner")]
        assert text.startswith("And now. Just now. ")
        assert made["name"] == f"later (from demo at {made['seq'] - 1})"
