"""S1: two contradictory requests for one line within a second, and somebody types beside it by hand."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.stage import WAIT, Stage, records_of, run_story, verdicts_of

LINE = "A short walk, then the talks."
WORDS = {"Ana": "Guests are invited to a walk, followed by talks.", "Ben": "We stroll, we chat, for example of tents!"}
TYPED = " (good shoes 👟 e\u0301)"
BESIDE = "Doors open at three."


async def two_tones(stage: Stage) -> None:
    ana, ben = await stage.person("Ana"), await stage.person("Ben")
    chen = await stage.hand("Chen")
    for room in (ana, ben):
        room.compose()

    async def instruct(name: str) -> str:
        await stage.delay()
        # Longer than the other may take to ask, on a busy machine too: both are under way.
        seconds = stage.chance.uniform(0.6, 1.0)
        order = f'replace "{LINE}" with "{WORDS[name]}" in plan after {seconds:.2f} seconds'
        return (await stage.people[name].intent(order, doc="plan")).id

    async def type_by_hand() -> None:
        await stage.delay()
        for at, char in enumerate(TYPED):
            await chen.write(BESIDE + TYPED[:at], char)
            await stage.delay(0.02)

    first, second, _ = await asyncio.gather(instruct("Ana"), instruct("Ben"), type_by_hand())
    ids = {"Ana": first, "Ben": second}
    question = await ana.question(WAIT)
    assert {first, second} <= {option["value"] for option in question["options"]}
    assert LINE in chen.text(), "the agent wrote before the question was answered"
    await stage.delay()
    assert LINE in chen.text(), "the agent wrote while the question was open"
    winner, loser = stage.chance.sample(("Ana", "Ben"), 2)
    await stage.people[loser].answer(question["id"], ids[winner])
    for room in (ana, ben):
        told = await stage.verdicts(room, {first, second})
        assert told[ids[winner]]["state"] == "done"
        assert told[ids[loser]]["state"] == "overruled"
        assert told[ids[loser]]["winner"] == ids[winner]
    await chen.until(lambda client: WORDS[winner] in client.text(), WAIT)
    assert BESIDE + TYPED in chen.text()
    assert WORDS[loser] not in chen.text()
    asked_at = next(r["seq"] for r in records_of(ana, "decision") if r["body"].get("question"))
    commits = [r for r in records_of(ana, "commit") if r["body"]["intents"][0] in ids.values()]
    assert [r["body"]["intents"] for r in commits] == [[ids[winner]]]
    assert commits[0]["seq"] > asked_at
    assert set(verdicts_of(ana)) == set(verdicts_of(ben))


async def test_one_runs_the_other_is_told_and_no_typed_character_is_lost() -> None:
    await run_story(two_tones)


@pytest.mark.stock
async def test_nor_is_any_of_a_stock_client() -> None:
    await run_story(two_tones, runs=5, stock=True)
