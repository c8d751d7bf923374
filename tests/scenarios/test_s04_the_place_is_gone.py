"""S4: an instruction written offline, about a place that somebody has deleted meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect as open_socket

from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from tests.scenarios.stage import WAIT, Stage, records_of, run_story
from tests.support.until import until
from workspace.client import Message, Refused
from workspace.client.dial import offer
from workspace.client.document import DocumentClient, connect_document

LINE = "A short walk, then the talks."


async def what_she_saw(stage: Stage) -> tuple[Document, list[Message]]:
    """Open the plan as Dee, point at a line, close: return her replica and the place."""
    token = await stage.server.token("Dee", "editor", ws=stage.ws)
    async with connect_document(stage.url, "plan", token=token) as screen:
        await screen.until(lambda client: LINE in client.text(), WAIT)
        start = screen.text().index(LINE)
        place = place_range(screen.document, start, start + len(LINE))
    assert screen.socket is None, "her document is closed too"
    return screen.document, [
        {"doc": "plan", "from": place.start.encode(), "to": place.end.encode(), "quote": LINE},
    ]


@asynccontextmanager
async def opened_again(stage: Stage, replica: Document) -> AsyncIterator[DocumentClient]:
    """Bring a replica that was offline back: it tells the server all that it has."""
    token = await stage.server.token("Dee", "editor", ws=stage.ws)
    async with open_socket(f"{stage.url}/plan", subprotocols=offer(token), compression=None) as socket:
        client = DocumentClient(replica)
        running = asyncio.create_task(client.converse(socket))
        try:
            yield client
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def the_place_is_gone(stage: Stage) -> None:
    dee, ben = await stage.person("Dee"), await stage.person("Ben")
    hand = await stage.typist("Ben")
    await hand.until(lambda client: LINE in client.text(), WAIT)
    replica, scope = await what_she_saw(stage)
    stamp, lane, secret = dee.seen, dee.lane, dee.secret
    await stage.leave("Dee")
    await until(lambda: stage.is_connected("Dee"), lambda is_connected: not is_connected)
    writing = asyncio.create_task(dee.intent("make it uppercase", scope=scope, seen=stamp))
    await stage.delay()
    at = hand.text().index(LINE)
    await hand.delete(at, at + len(LINE) + 1)
    if stage.seed % 2:
        verdict = await (await ben.intent("increase budget.food by 5")).verdict(WAIT)
        assert verdict["state"] == "done"
    await ben.until(lambda room: any(r["kind"] == "update" and r["body"]["del"] for r in room.records), WAIT)
    await stage.delay()
    assert not writing.done(), "what she wrote is with her"
    assert dee.seen == stamp < ben.seen, "she has seen nothing of it"
    assert LINE in replica.text()
    assert not [r for r in records_of(ben, "intent") if r["actor"] == "Dee"]

    await stage.come("Dee")
    late = await asyncio.wait_for(writing, WAIT)
    assert (dee.lane, dee.secret) == (lane, secret)
    question = await dee.question(WAIT)
    await dee.caught_up(late.seq, WAIT)
    (sent,) = [r["body"] for r in records_of(dee, "intent") if r["body"]["id"] == late.id]
    assert (sent["lane"], sent["seen"]) == (lane, stamp), "her lane, and what she knew"
    assert "deleted by Ben" in question["text"], "she is told what changed, and by whom"
    assert LINE in question["text"]
    await the_replica_comes_back(stage, replica, hand)
    await stage.delay()
    plans = [r for r in records_of(ben, "plan") if late.id in r["body"]["intents"]]
    assert not plans, "nothing runs before she says so"
    if stage.seed % 5 == 0:
        gil = await stage.person("Gil", "commenter")
        with pytest.raises(Refused, match="for its authors"):
            await gil.answer(question["id"], "whole")
    await she_answers(stage, question, hand)
    told = await late.verdict(WAIT)
    assert (told["state"], told["code"]) == (("done", "done") if wants(stage) else ("rejected", "empty_scope")), told
    assert LINE.upper() not in hand.text().upper(), "no text is resurrected"


def wants(stage: Stage) -> bool:
    """Return whether Dee will have it carried out all the same."""
    return stage.seed % 3 != 0


async def the_replica_comes_back(stage: Stage, replica: Document, hand: DocumentClient) -> None:
    """Her screen, which still shows the line, is in sync again: the line goes there, and does not come back here."""
    before = hand.text()
    async with opened_again(stage, replica) as screen:
        await screen.until(lambda client: client.text() == before, WAIT)
    assert hand.text() == before
    assert LINE not in before


async def she_answers(stage: Stage, question: Message, hand: DocumentClient) -> None:
    """Dee answers; the whole document, of which the line is no part, is done or left."""
    before = hand.text()
    await stage.people["Dee"].answer(question["id"], "whole" if wants(stage) else "none")
    if wants(stage):
        await hand.until(lambda client: client.text() == before.upper(), WAIT)
        (commit,) = [r for r in await of_dee(stage) if r["kind"] == "commit"]
        (answer,) = [r for r in await of_dee(stage) if r["kind"] == "intent" and r["body"]["kind"] == "answer"]
        assert answer["seq"] < commit["seq"], "she confirmed first"
    else:
        await stage.people["Dee"].until(lambda room: not room.open_questions, WAIT)
        assert hand.text() == before


async def of_dee(stage: Stage) -> list[Message]:
    """Return the commits, and what Dee has sent, as Ben has them."""
    ben, dee = stage.people["Ben"], stage.people["Dee"]
    await dee.until(lambda room: any("make it" in str(r["body"].get("text", "")) for r in room.records), WAIT)
    hers = {r["body"]["id"] for r in records_of(dee, "intent") if r["actor"] == "Dee"}
    await ben.until(
        lambda room: any(r["kind"] == "verdict" and r["body"]["intent"] in hers for r in room.records), WAIT
    )
    return [
        r for r in ben.records if r["actor"] == "Dee" or (r["kind"] == "commit" and hers & set(r["body"]["intents"]))
    ]


async def test_the_author_is_asked_before_anything_runs_on_a_place_that_is_gone() -> None:
    await run_story(the_place_is_gone)
