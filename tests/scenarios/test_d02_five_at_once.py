"""D2, the control: five people with compatible or disjoint wishes. No question, everything done."""

from __future__ import annotations

import asyncio

from tests.scenarios.stage import Stage, records_of, run_story

WISHES = {
    "Ana": ('append "PS: bring a lamp" to plan', "plan"),
    "Ben": ('append "PS: bring a song" to plan', "plan"),
    "Chen": ("increase budget.food by 30", "budget"),
    "Dee": ("increase budget.food by 12", "budget"),
    "Eli": ('add "Eli" to budget.helpers', "budget"),
}


async def five_at_once(stage: Stage) -> None:
    for name in WISHES:
        (await stage.person(name)).compose()

    async def ask(name: str) -> str:
        await stage.delay()
        words, doc = WISHES[name]
        scope = [{"doc": doc}] if stage.chance.random() < 0.7 else None
        return (await stage.people[name].intent(words, scope=scope)).id

    ids = set(await asyncio.gather(*map(ask, WISHES)))
    for room in stage.people.values():
        told = await stage.verdicts(room, ids)
        assert [told[id]["state"] for id in ids] == ["done"] * 5
        assert not records_of(room, "decision"), "compatible wishes raised a question"
    reader = await stage.typist("Ana", "budget", "data")
    assert reader.value()["food"] == 462
    assert sorted(reader.value()["helpers"]) == ["Ana", "Ben", "Chen", "Eli"]
    text = await stage.typist("Ana")
    assert "bring a lamp" in text.text()
    assert "bring a song" in text.text()


async def test_compatible_wishes_raise_no_question_and_are_all_done() -> None:
    await run_story(five_at_once)
