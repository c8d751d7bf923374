"""Without a model: the built-in judge finds opposite requests, declared rules hold whatever is asked."""

from __future__ import annotations

import asyncio

import httpx2

from agent.builtin.judge import BuiltinJudge
from tests.scenarios.stage import WAIT, Stage, is_typed_by, records_of, run_story


async def opposite_wishes(stage: Stage) -> None:
    ana, ben = await stage.person("Ana"), await stage.person("Ben")
    for room in (ana, ben):
        room.compose()
    orders = {
        "Ana": 'rename heading "Guests" to "Keep the guests" in plan; append "Keep the choir" to plan',
        "Ben": 'delete "Doors open at three." in plan; ask "Delete the choir too?"',
    }
    # Quoted words are content: neither instruction requests anything about the choir.
    hers = await ana.intent(orders["Ana"], doc="plan")
    assert (await hers.verdict(WAIT))["state"] == "done"
    await ben.caught_up(max(r["seq"] for r in ana.records), WAIT)
    for room in (ana, ben):
        room.compose()

    async def ask(name: str, words: str) -> str:
        await stage.delay(0.1)
        return (await stage.people[name].intent(words, doc="budget")).id

    ids = await asyncio.gather(ask("Ana", "increase budget.food by 5"), ask("Ben", "decrease budget.food by 3"))
    question = await ana.question(WAIT)
    assert records_of(ana, "decision")[-1]["body"]["layer"] == "L3"
    assert question["evidence"]["judgements"][0]["opinion"] == "contradict"
    for name in ("Ben", "Ana"):
        await stage.people[name].answer(question["id"], "both")
    told = await stage.verdicts(ana, set(ids))
    assert {told[id]["state"] for id in ids} == {"done"}
    fold = (await stage.server.registry.room(stage.ws)).sequencer.fold
    assert fold.documents["budget"].value()["food"] == 422


async def test_opposite_wishes_about_one_thing_are_asked_about() -> None:
    await run_story(opposite_wishes, runs=10, judge=BuiltinJudge())


async def a_rule_holds(stage: Stage) -> None:
    owner = await stage.server.token("Owner", "owner", ws=stage.ws)
    headers = {"authorization": f"Bearer {owner}"}
    rule = {"rule": "sum_at_most", "doc": "budget", "limit": 900, "message": "We have 900"}
    async with httpx2.AsyncClient(base_url=f"{stage.server.url}/api/workspaces/{stage.ws}", headers=headers) as http:
        refused = await http.put("/config", json={"invariants": {"cap": {**rule, "rule": "pattern", "text": "(a+)+"}}})
        assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
        told = (await http.put("/config", json={"invariants": {"cap": rule}})).json()
        assert told["invariants"]["cap"]["limit"] == 900
        assert told["broken"] == {}
        ana, chen = await stage.person("Ana"), await stage.typist("Chen", "budget", "data")
        verdict = await (await ana.intent("increase budget.food by 500", doc="budget")).verdict(WAIT)
        assert (verdict["state"], verdict["code"]) == ("rejected", "invariant")
        assert "We have 900" in verdict["reason"]
        await chen.set(("tent",), 5_000)
        await chen.until(lambda client: client.value()["tent"] == 5_000, WAIT)
        await ana.until(is_typed_by("Chen"), WAIT)
        shown = (await http.get(f"{stage.server.url}/api/workspaces/{stage.ws}")).json()
        assert shown["broken"] == {"cap": "We have 900"}, "people type without a gate: it is shown"


async def test_no_instruction_breaks_a_declared_rule() -> None:
    await run_story(a_rule_holds, runs=5)
