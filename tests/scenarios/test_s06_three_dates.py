"""S6: two people set one value by instruction, a third by hand. No silent loser."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.scenarios.stage import WAIT, Stage, records_of, run_story
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.effects import Receiver
from workspace.intents.model.events import Configured
from workspace.settings import Settings

DATES = {"Ana": "2027-04-01", "Ben": "2027-05-01"}
BY_HAND = "2027-06-01"


async def three_dates(stage: Stage) -> None:
    ana, ben = await stage.person("Ana"), await stage.person("Ben")
    chen = await stage.hand("Chen", "budget", "data")
    for room in (ana, ben):
        room.compose()

    async def instruct(name: str) -> str:
        await stage.delay()
        seconds = stage.chance.uniform(0.4, 0.8)
        order = f'set budget.ship_date to "{DATES[name]}" after {seconds:.2f} seconds'
        return (await stage.people[name].intent(order, doc="budget", keys=[("ship_date",)])).id

    async def by_hand() -> None:
        await stage.delay(0.3)
        await chen.put("ship_date", BY_HAND)

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


@pytest.mark.stock
async def test_a_value_set_in_a_stock_client_is_asked_about_too() -> None:
    await run_story(three_dates, runs=5, stock=True)


async def a_mail_waits(stage: Stage) -> None:
    """Ana's instruction also tells a customer: no mail while the date is disputed, one when settled and approved."""
    room = await stage.server.registry.room(stage.ws)
    receivers = {"post": Receiver("mail", "bot@example.org")}
    await room.submit(Configured("owner", ConfigBody(receivers=receivers)))
    ana, ben = await stage.person("Ana"), await stage.person("Ben")
    address = f"run{stage.seed}@example.org"
    for one in (ana, ben):
        one.compose()

    def mails() -> list[str]:
        folder = room.settings.mail
        return [n for n in os.listdir(folder) if n.endswith(".eml") and address in open(os.path.join(folder, n)).read()]

    async def instruct(name: str, more: str = "") -> str:
        await stage.delay()
        order = f'set budget.ship_date to "{DATES[name]}"{more} after {stage.chance.uniform(0.4, 0.8):.2f} seconds'
        return (await stage.people[name].intent(order, doc="budget", keys=[("ship_date",)])).id

    tells = f'; mail "{address}" subject "It ships" saying "On {DATES["Ana"]}."'
    first, second = await asyncio.gather(instruct("Ana", tells), instruct("Ben"))
    dispute = await ana.question(WAIT)
    assert not mails()
    winner = stage.chance.choice((first, second))
    answering = ben if winner == first else ana
    await answering.answer(dispute["id"], winner)
    if winner == second:
        told = await stage.verdicts(ana, {first, second})
        assert (told[first]["state"], told[second]["state"]) == ("overruled", "done")
        assert not mails()
        return
    await ana.until(lambda r: any(q["id"] != dispute["id"] for q in r.open_questions.values()), WAIT)
    approval = next(q for q in ana.open_questions.values() if q["id"] != dispute["id"])
    assert address in approval["text"]
    assert not mails()
    await ana.answer(approval["id"], first)
    await ana.until(lambda r: any(one["kind"] == "effect" for one in r.records), WAIT)
    assert (await stage.verdicts(ana, {first}))[first]["state"] == "done"
    assert len(mails()) == 1


async def test_no_mail_leaves_while_the_date_is_disputed(tmp_path: Path) -> None:
    await run_story(a_mail_waits, settings=Settings(mail=str(tmp_path)))
