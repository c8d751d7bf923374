"""S10: who told it to do that? Any sentence back to its people; replay offline; another policy's first difference."""

from __future__ import annotations

import socket

import httpx2
import pytest

from tests.scenarios.stage import WAIT, Stage, is_typed_by, run_story
from tests.support.model import scripted_model
from tests.support.obedient import obey
from workspace.history.read import read_all
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.state.replay import fold_log

LINE, NEW, OTHER = "Doors open at three.", "Doors open at noon.", "Doors stay shut."


async def who_told_it(stage: Stage) -> None:
    ana, ben = await stage.person("Ana", "owner"), await stage.person("Ben")
    for room in (ana, ben):
        room.compose()
    orders = [f'replace "{LINE}" with "{words}" in plan after 0.2 seconds' for words in (OTHER, NEW)]
    # Ben comes first, but Ana is the owner: policy `priority` rules for her, `first` would have for him.
    theirs = await ben.intent(orders[0], doc="plan")
    hers = await ana.intent(orders[1], doc="plan")
    told = await stage.verdicts(ana, {theirs.id, hers.id})
    assert told[theirs.id]["state"] == "overruled"
    chen = await stage.typist("Chen")
    await chen.until(lambda client: NEW in client.text(), WAIT)
    await chen.insert(chen.text().index(NEW) + len(NEW), " Bring a hat.")
    await ana.until(is_typed_by("Chen"), WAIT)

    token = await stage.server.token("Dee", "viewer", ws=stage.ws)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=f"{stage.server.url}/api/workspaces/{stage.ws}", headers=headers) as http:
        found = (await http.get("/attribution/plan", params={"quote": f"{NEW} Bring a hat."})).json()["stretches"]
        (agents,) = [stretch for stretch in found if stretch["by"] == "agent"]
        (hand,) = [stretch for stretch in found if stretch["by"] == "Chen"]
        assert agents["text"] == "noon", "what both texts share was left untouched"
        assert hand["text"] == " Bring a hat."
        (telling,) = agents["told"]
        assert (telling["actor"], telling["role"], telling["intent"]) == ("Ana", "owner", hers.id)
        assert telling["seen"] < theirs.seq, "she had not seen his"
        assert any("Ana (owner) over Ben (editor)" in decision for decision in telling["decisions"])
        again = (await http.post("/replay", json={"mode": "what-if", "policy": {"chain": ["first"]}})).json()
        first = again["decisions"]["first"]
        assert (first["was"], first["would"]) == (hers.id, theirs.id)
        assert (first["was_by"], first["would_by"]) == ("priority@1", "first@1")
        audit = (await http.post("/replay", json={"mode": "audit"})).json()
        assert audit["report"]["ok"]
        assert audit["decisions"]["first"] is None
        assert not audit["decisions"]["unsound"]
        call = next(r for r in ana.records if r["kind"] == "oracle" and r["body"].get("opened"))
        whole = (await http.get(f"/calls/k{call['seq']}")).json()
        assert whole["request"]["prompt"] == "plan@1"
        assert "replace" in whole["request"]["messages"][0]["content"][0]["text"]
        assert whole["response"]["content"]

    room = await stage.server.registry.room(stage.ws)
    live = await room.read(room.sequencer.fold.state)
    rows, journal = await read_all(stage.server.registry.store, stage.ws)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", _no_network)
        assert fold_log(rows, journal).state() == live
        assert decide_again(rows, journal, PolicyConfig(chain=("first",))).first is not None


def _no_network(*_: object, **__: object) -> None:
    raise AssertionError("replay opens no socket")


async def test_every_sentence_traces_to_people_and_what_they_had_seen() -> None:
    async with scripted_model(answerer=obey) as model:
        planner = model.planner()
        await planner._gateway.warm()
        await run_story(who_told_it, runs=20, planner=planner)
