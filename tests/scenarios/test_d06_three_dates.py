"""D6: two people set one value by instruction, a third by hand. No silent loser."""

from __future__ import annotations

import asyncio

from tests.scenarios.stage import WAIT, Stage, records_of, run_story

DATES = {"Ana": "2027-04-01", "Ben": "2027-05-01"}
BY_HAND = "2027-06-01"


async def three_dates(stage: Stage) -> None:
    ana, ben = await stage.person("Ana"), await stage.person("Ben")
    chen = await stage.typist("Chen", "budget", "data")
    for room in (ana, ben):
        room.compose()

    async def instruct(name: str) -> str:
        await stage.delay()
        seconds = stage.chance.uniform(0.4, 0.8)
        order = f'set budget.ship_date to "{DATES[name]}" after {seconds:.2f} seconds'
        return (await stage.people[name].intent(order, doc="budget", keys=[("ship_date",)])).id

    async def by_hand() -> None:
        await stage.delay(0.3)
        await chen.set(("ship_date",), BY_HAND)

    first, second, _ = await asyncio.gather(instruct("Ana"), instruct("Ben"), by_hand())
    ids = {"Ana": first, "Ben": second}
    question = await ana.question(WAIT)
    shown = question["evidence"]["documents"]["budget"]
    assert all(DATES[name] in shown["outcomes"][id] for name, id in ids.items()), "both values are in the question"
    assert chen.value()["ship_date"] == BY_HAND
    winner, loser = stage.chance.sample(("Ana", "Ben"), 2)
    await stage.people[loser].answer(question["id"], ids[winner])
    told = await stage.verdicts(ana, {first, second})
    assert told[ids[loser]]["state"] == "overruled"
    assert told[ids[winner]]["state"] == "suggested", "the hand's value is not overwritten unseen"
    assert chen.value()["ship_date"] == BY_HAND
    assert not records_of(ana, "commit")
    await stage.people[winner].caught_up(max(r["seq"] for r in ana.records), WAIT)
    approval = await stage.people[winner].approve(ids[winner])
    assert (await approval.verdict(WAIT))["state"] == "done"
    await chen.until(lambda client: client.value()["ship_date"] == DATES[winner], WAIT)


async def test_every_value_is_asked_about_before_it_is_lost() -> None:
    await run_story(three_dates)
