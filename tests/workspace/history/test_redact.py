"""Words can leave a log: the chain still verifies, what is left is sealed, and nobody can blank a record unseen."""

from __future__ import annotations

import httpx2
import msgspec
import pytest

from agent.builtin.planner import BuiltinPlanner
from crdt.digest import sha256_of
from tests.support.server import Running, running_server
from workspace.client import connect
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.model.record import BLANKED, Row
from workspace.intents.state.replay import fold_log

SECRET = 'append "Zoë Example, born 1990-01-01" to plan'


async def redacted_log(server: Running) -> tuple[str, list[Row]]:
    """Give two instructions that collide, one with a secret; take the secret one's words out."""
    owner = await server.token("owner", "owner")
    async with connect(f"{server.ws_url}/ws/demo", token=owner) as room:
        intent = await room.intent(SECRET)
        assert (await intent.verdict(10))["state"] == "done"
        other = await room.intent('append "something else" to plan')
        await other.verdict(10)
    before, _ = await read_all(server.registry.store, "demo")
    assert any("Zoë Example" in row.body for row in before)
    async with httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {owner}"}) as http:
        done = await http.post("/api/workspaces/demo/redact", json={"intent": intent.id})
        assert done.status_code == 200, done.text
        assert done.json()["records"] >= 1
        again = await http.post("/api/workspaces/demo/redact", json={"intent": intent.id})
        assert again.json()["records"] == 0
        missing = await http.post("/api/workspaces/demo/redact", json={"intent": "i999"})
        assert missing.status_code == 404
        guest = await server.token("Ana", "editor")
        denied = await http.post(
            "/api/workspaces/demo/redact", json={"intent": intent.id}, headers={"authorization": f"Bearer {guest}"}
        )
        assert denied.status_code == 403
        shown = (await http.get("/api/workspaces/demo/log")).text
        assert SECRET not in shown.replace("\\", "")
    return intent.id, before


async def test_words_leave_the_log_and_the_chain_stays_whole() -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        id, before = await redacted_log(server)
        rows, journal = await read_all(server.registry.store, "demo")
        assert [row.hash for row in rows[: len(before)]] == [row.hash for row in before]
        intents = [row.body for row in rows if row.kind == "intent"]
        assert not any("Zoë Example" in body for body in intents)
        report = verify(rows, journal)
        assert report.ok
        assert report.redacted >= 1
        fold = fold_log(rows, journal)
        assert fold.board.entries[id].body.text == "[redacted]"
        assert fold.board.entries[id].verdict is not None
        live = await server.registry.room("demo")
        assert live.sequencer.fold.state() == fold.state()


async def test_words_that_the_reason_of_a_stop_quotes_leave_it_too() -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        owner = await server.token("owner", "owner")
        async with (
            connect(f"{server.ws_url}/ws/demo", token=owner) as room,
            httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {owner}"}) as http,
        ):
            intent = await room.intent(SECRET)
            await intent.verdict(10)
            reason = f"somebody asked: {SECRET}"
            assert (await http.put("/api/workspaces/demo/stop", json={"reason": reason})).status_code == 200
            assert (await http.post("/api/workspaces/demo/redact", json={"intent": intent.id})).status_code == 200
            stopped = (await http.get("/api/workspaces/demo/stop")).json()
            assert stopped["stops"][0]["reason"] == "somebody asked: [redacted]"
            assert stopped["stopped"], "who reads the log anew still reads that the agent is stopped"
            shown = (await http.get("/api/workspaces/demo/log")).text
            assert SECRET not in shown.replace("\\", ""), "what the agent wrote is edited like any text"
        assert verify(*await read_all(server.registry.store, "demo")).ok


@pytest.mark.parametrize("how", ["blank another", "change the rest"])
async def test_blanking_without_a_record_is_found(how: str) -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        await redacted_log(server)
        rows, journal = await read_all(server.registry.store, "demo")
        if how == "blank another":
            at = next(n for n, row in enumerate(rows) if row.kind == "intent" and not row.body.startswith(BLANKED))
            sha = sha256_of(rows[at].body.encode())
            body = f'{BLANKED}{sha}","body":{rows[at].body.replace("something else", "nothing")}}}'
        else:
            at = next(n for n, row in enumerate(rows) if row.body.startswith(BLANKED))
            body = rows[at].body.replace("[redacted]", "sell everything")
        forged = [*rows[:at], msgspec.structs.replace(rows[at], body=body), *rows[at + 1 :]]
        report = verify(forged, journal)
        assert (report.ok, report.first_bad) == (False, at + 1)
