"""D4: an instruction written offline, about a place that somebody has deleted meanwhile."""

from __future__ import annotations

from crdt.anchor import place_range
from tests.scenarios.stage import WAIT, Stage, records_of, run_story

LINE = "A short walk, then the talks."


async def the_place_is_gone(stage: Stage) -> None:
    dee, ben = await stage.person("Dee"), await stage.person("Ben")
    screen, hand = await stage.typist("Dee"), await stage.typist("Ben")
    await screen.until(lambda client: LINE in client.text(), WAIT)
    await hand.until(lambda client: LINE in client.text(), WAIT)
    start = screen.text().index(LINE)
    place = place_range(screen.document, start, start + len(LINE))
    scope = [{"doc": "plan", "from": place.start.encode(), "to": place.end.encode(), "quote": LINE}]
    stamp = dee.compose()
    # Dee is offline from here on; what she wrote leaves when she is back.
    await stage.delay()
    at = hand.text().index(LINE)
    await hand.delete(at, at + len(LINE) + 1)
    if stage.seed % 2:
        verdict = await (await ben.intent("increase budget.food by 5")).verdict(WAIT)
        assert verdict["state"] == "done"
    await stage.delay()
    await ben.until(lambda room: any(r["kind"] == "update" and r["body"]["del"] for r in room.records), WAIT)
    late = await dee.intent("make it uppercase", scope=scope, seen=stamp)
    question = await dee.question(WAIT)
    assert "deleted by Ben" in question["text"], "she is told what changed, and by whom"
    assert LINE in question["text"]
    assert not [r for r in records_of(dee, "plan") if late.id in r["body"]["intents"]], (
        "nothing runs before she says so"
    )
    before = hand.text()
    wants = stage.seed % 3 != 0
    await dee.answer(question["id"], "whole" if wants else "none")
    verdict = await late.verdict(WAIT)
    if wants:
        assert verdict["state"] == "done", verdict
        await hand.until(lambda client: client.text() == before.upper(), WAIT)
    else:
        assert (verdict["state"], verdict["code"]) == ("rejected", "empty_scope")
        assert hand.text() == before
    assert LINE.upper() not in hand.text().upper(), "no text is resurrected"
    await screen.until(lambda client: client.text() == hand.text(), WAIT)


async def test_the_author_is_asked_before_anything_runs_on_a_place_that_is_gone() -> None:
    await run_story(the_place_is_gone)
