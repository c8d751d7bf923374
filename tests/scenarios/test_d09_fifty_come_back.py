"""D9: kill -9 while the agent plans; fifty people come back at once and each sends again what was not answered."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from pathlib import Path

from tests.support.process import free_port, make_token, serve
from workspace.client import Room, connect
from workspace.document_client import connect_document
from workspace.intents.replay import fold_log, verify
from workspace.reading import read_all
from workspace.store.sql import SqlStore

RUNS = int(os.environ.get("FOLKMOOT_KILL_RUNS", "2"))
SEED0 = int(os.environ.get("FOLKMOOT_SEED0", "1"))
PEOPLE, WAIT = 50, 60


async def fifty_come_back(seed: int, data: Path) -> None:
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

            async def instruct(at: int, room: Room) -> str:
                await asyncio.sleep(chance.uniform(0, 0.5))
                order = f'append "line {at}." to plan after {chance.uniform(0.2, 1.5):.2f} seconds'
                return (await room.intent(order, scope=[{"doc": "plan"}])).id

            jobs = [asyncio.create_task(instruct(at, room)) for at, room in enumerate(rooms)]
            await asyncio.sleep(chance.uniform(0.05, 1.2))
            process.send_signal(signal.SIGKILL)
            await process.wait()
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
    store = SqlStore(f"sqlite:///{data / 'folkmoot.sqlite'}")
    await store.open()
    rows, journal = await read_all(store, "demo")
    await store.close()
    assert verify(rows, journal).ok, seed
    fold = fold_log(rows, journal)
    done = {id for id in ids if (entry := fold.board.entries[id]).verdict and entry.verdict.state == "done"}
    assert len(done) == PEOPLE, (seed, {id: fold.board.entries[id].state for id in ids})
    assert counted == {f"line {at}.": 1 for at in range(PEOPLE)}, "every instruction ran once"
    assert fold.documents["plan"].text() == shown, "nothing is doubled, nothing is empty"


def told(room: Room) -> set[str]:
    return {record["body"]["intent"] for record in room.records if record["kind"] == "verdict"}


async def test_every_instruction_runs_once_when_fifty_come_back_after_kill_9(tmp_path: Path) -> None:
    for seed in range(SEED0, SEED0 + RUNS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        await fifty_come_back(seed, folder)
