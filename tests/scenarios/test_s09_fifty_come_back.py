"""S9: kill -9 while the agent plans; fifty people come back at once and each sends again what was not answered.

A laptop sleeps for a day.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from tests.scenarios.stage import SEED0, Stage, Tally, records_of, run_story
from tests.support.process import free_port, make_token, serve
from workspace.client import RoomClient, connect
from workspace.client.document import connect_document
from workspace.clock import SystemClock
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import CommitBody
from workspace.intents.model.record import Row, read_row
from workspace.intents.state.replay import fold_log
from workspace.ports import JournalRow
from workspace.store.sql import SqlStore

# A run starts two servers and fifty people: a few seconds each.
RUNS = int(os.environ.get("FOLKMOOT_KILL_RUNS", os.environ.get("FOLKMOOT_STORY_RUNS", "2")))
PEOPLE, WAIT = 50, 60
DAY = 86_400.0

Log = tuple[list[Row], list[JournalRow]]


async def fifty_come_back(seed: int, data: Path, tally: Tally) -> None:
    chance, port = random.Random(seed), free_port()
    owner = await make_token(data, "owner", "owner")
    process = await serve(data, port)
    again: asyncio.subprocess.Process | None = None
    url = f"ws://127.0.0.1:{port}/ws/demo"
    try:
        async with contextlib.AsyncExitStack() as stack:
            rooms = [await stack.enter_async_context(connect(url, token=owner)) for _ in range(PEOPLE)]
            asker = rooms[0]
            waits = await asker.intent('ask "Which room?"')
            question = await asker.question(WAIT)

            async def instruct(at: int, room: RoomClient) -> str:
                await asyncio.sleep(chance.uniform(0, 0.5))
                order = f'append "line {at}." to plan after {chance.uniform(0.2, 1.5):.2f} seconds'
                return (await room.intent(order, scope=[{"doc": "plan"}])).id

            jobs = [asyncio.create_task(instruct(at, room)) for at, room in enumerate(rooms)]
            await asyncio.sleep(chance.uniform(0.05, 1.2))
            process.send_signal(signal.SIGKILL)
            await process.wait()
            shutil.copytree(data, data.with_name(f"{seed}-dead"))
            again = await serve(data, port)
            ids = await asyncio.gather(*jobs)
            assert len(set(ids)) == PEOPLE
            assert question["id"] in asker.open_questions, "an open question survives"
            await asker.answer(question["id"], "the red one")
            everybody = {*ids, waits.id}
            for room in rooms:
                await room.until(lambda r: everybody <= told(r), WAIT)
        async with connect_document(url, "plan", token=owner) as reader:
            counted = Counter(line for line in reader.text().split("\n") if line.startswith("line "))
            shown = reader.text()
        again.send_signal(signal.SIGTERM)
        await asyncio.wait_for(again.wait(), 10)
    finally:
        for child in (process, again):
            if child is not None and child.returncode is None:
                child.kill()
                await child.wait()
    rows, journal = await log_of(data)
    assert verify(rows, journal).ok, seed
    dead = await log_of(data.with_name(f"{seed}-dead"))
    the_state_is_the_same(dead, (rows, journal))
    tally.counts["under way when killed"] += len(fold_log(*dead).board.live)
    fold = fold_log(rows, journal)
    done = {id for id in ids if (entry := fold.board.entries[id]).verdict and entry.verdict.state == "done"}
    assert len(done) == PEOPLE, (seed, {id: fold.board.entries[id].state for id in ids})
    assert counted == {f"line {at}.": 1 for at in range(PEOPLE)}, "every instruction ran once"
    assert fold.documents["plan"].text() == shown, "nothing is doubled, nothing is empty"


def told(room: RoomClient) -> set[str]:
    return {record["body"]["intent"] for record in room.records if record["kind"] == "verdict"}


async def log_of(data: Path) -> Log:
    store = SqlStore(f"sqlite:///{data / 'folkmoot.sqlite'}")
    await store.open()
    try:
        return await read_all(store, "demo")
    finally:
        await store.close()


def the_state_is_the_same(dead: Log, later: Log) -> None:
    """What was durable at the kill is there afterwards, to the byte, and gives the state that was recorded last."""
    rows, journal = dead
    head = rows[-1].seq
    assert [row.hash for row in later[0][:head]] == [row.hash for row in rows]
    assert fold_log(*later, to=head).state() == fold_log(rows, journal).state()
    recorded = [(row.seq, body.state) for row in rows if isinstance(body := read_row(row).body, CommitBody)]
    for seq, state in recorded[-1:]:
        assert fold_log(*later, to=seq).state() == state


async def test_every_instruction_runs_once_when_fifty_come_back_after_kill_9(tmp_path: Path) -> None:
    tally = Tally("fifty_come_back", SEED0, RUNS)
    try:
        for seed in range(SEED0, SEED0 + RUNS):
            folder = tmp_path / str(seed)
            folder.mkdir()
            await fifty_come_back(seed, folder, tally)
            tally.passed += 1
    finally:
        tally.tell()


async def test_a_laptop_that_slept_for_a_day_is_served_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = [0.0]
    monkeypatch.setattr(SystemClock, "now", lambda self: time.time() + ahead[0])

    async def a_laptop_sleeps(stage: Stage) -> None:
        dee, ben = await stage.person("Dee"), await stage.person("Ben")
        hand = await stage.typist("Ben")
        stamp, lane = dee.compose(), dee.lane
        # The lid closes on what has left and has no answer: it may or may not have arrived.
        unanswered = asyncio.create_task(dee.intent('append "Dee brings a tent." to plan', seen=stamp))
        await stage.delay(0.004)
        await stage.leave("Dee")
        if unanswered.done():
            stage.tally.counts["answered before it slept"] += 1

        async def go_on(when: str) -> None:
            await hand.insert(len(hand.text()), f"{when}. ")
            intents = [await ben.intent("increase budget.food by 1") for _ in range(10)]
            assert {(await intent.verdict(WAIT))["state"] for intent in intents} == {"done"}

        begun = asyncio.create_task(dee.intent("increase budget.food by 1000", seen=stamp))
        await go_on("morning")
        ahead[0] += DAY  # nobody else is in the middle of anything: one run at a time
        await go_on("evening")
        assert not begun.done()
        await stage.come("Dee")
        late = [await asyncio.wait_for(task, WAIT) for task in (unanswered, begun)]
        told = [await intent.verdict(WAIT) for intent in late]
        assert [verdict["state"] for verdict in told] == ["done", "done"]
        assert dee.lane == lane
        await dee.caught_up(ben.seen, WAIT)
        hers = [r for r in records_of(dee, "intent") if r["actor"] == "Dee"]
        assert [r["body"]["id"] for r in hers] == [intent.id for intent in late], "each is in the log once"
        assert {r["body"]["seen"] for r in hers} == {stamp}
        assert hers[1]["seq"] - stamp > 80, "the log has gone on"
        first = datetime.fromisoformat(dee.records[0]["at"])
        assert (datetime.fromisoformat(hers[1]["at"]) - first).total_seconds() > DAY
        await hand.until(lambda client: client.text().count("Dee brings a tent.") == 1, WAIT)
        fold = (await stage.server.registry.room(stage.ws)).sequencer.fold
        assert fold.documents["budget"].value()["food"] == 420 + 1000 + 20

    await run_story(a_laptop_sleeps, runs=3, at_once=1)
