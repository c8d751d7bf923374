"""S3: Ana's run streams its draft; Ben, having read it, says "no, keep the table". He steers, and is no rival."""

from __future__ import annotations

from typing import Any

from agent.scripted.scenario import ReplyScript, ToolCall
from tests.scenarios.stage import WAIT, Stage, records_of, run_story
from tests.support.model import scripted_model
from tests.support.obedient import task_of

TABLE = "| stall | price |\n| --- | --- |\n| soup | 4 |\n"
LEAD = "Prices, see the table.\n"
WITHOUT, WITH = "Prices are moderate.", "Prices are moderate, see the table."


def tidy(request: dict[str, Any]) -> ReplyScript:
    """Tidy the costs: without the table, unless somebody adds that it stays. The first draft streams slowly."""
    turn = sum(message["role"] == "assistant" for message in request["messages"]) + 1
    added = task_of(request).get("added_while_you_worked", [])
    if turn == 1:
        return ReplyScript(tools=(ToolCall("view", {"document": "plan"}),))
    if turn == 3:
        kept = "kept" if added else "took out"
        served = {"served": [1]} if added else {}
        return ReplyScript(
            tools=(ToolCall("finish", {"summary": f"Tidied the costs and {kept} the table.", **served}),)
        )
    if added:
        assert added == [{"number": 1, "by": "Ben", "instruction": "no, keep the table"}]
        edit = {"document": "plan", "old_str": LEAD.strip(), "new_str": WITH}
        return ReplyScript(tools=(ToolCall("str_replace", edit),))
    edit = {"document": "plan", "old_str": LEAD + "\n" + TABLE, "new_str": f"{WITHOUT} {'We will see. ' * 20}\n"}
    return ReplyScript(tools=(ToolCall("str_replace", edit),), token_ms=25)


async def keep_the_table(stage: Stage) -> None:
    typist = await stage.typist("Ana")
    await typist.insert(len(typist.text()), f"\n## Costs\n\n{LEAD}\n{TABLE}")
    ana, ben = await stage.person("Ana"), await stage.person("Ben")
    ana.compose()
    first = await ana.intent("Tidy the costs section", doc="plan")
    await ben.until(lambda room: any("moderate" in draft["text"] for draft in room.drafts), WAIT)
    assert "moderate" not in typist.text(), "a draft is no part of the document"
    ben.compose()
    await stage.delay(0.1)
    second = await ben.steer(first.id, "no, keep the table")
    told = await stage.verdicts(ben, {first.id, second.id})
    assert told[first.id]["state"] == "done"
    assert told[second.id]["state"] == "merged"
    assert not records_of(ben, "decision"), "he steered: no conflict, no question"
    await typist.until(lambda client: WITH in client.text(), WAIT)
    assert TABLE in typist.text()
    one, other = (next(r for r in ben.records if r["body"].get("id") == id) for id in (first.id, second.id))
    assert other["body"]["seen"] >= one["seq"], "the log shows that he knew"
    assert other["body"]["vc"][one["body"]["lane"]] >= one["body"]["n"]
    (commit,) = [r for r in records_of(ben, "commit") if first.id in r["body"]["intents"]]
    assert commit["body"]["intents"] == [first.id, second.id]
    cancelled = [r["body"]["closed"] for r in records_of(ben, "oracle") if r["body"].get("closed")]
    assert "cancelled" in {closed["outcome"] for closed in cancelled}, "the superseded call was stopped, and accounted"


async def test_who_has_seen_the_draft_steers_it() -> None:
    async with scripted_model(answerer=tidy) as model:
        planner = model.planner()
        await planner._gateway.warm()
        await run_story(keep_the_table, runs=20, planner=planner)
