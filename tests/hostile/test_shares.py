"""Nobody takes more than a share: what one person may have of memory, and of the instructions that are under way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from crdt.sync.y_sync import encode_step1
from crdt.updates.scan import encode_state_vector
from tests.hostile.scene import Server, offer, running
from tests.support.until import until
from workspace.client.document import connect_document

MIB = 1 << 20
GROWN_MAX = 128 * MIB
LETTERS = 4_000_000
QUESTIONS = 1_500
# Longer than all of this takes: what is given stays under way.
LATER = 'append "x" to notes after 120 seconds'


def questions(count: int) -> list[bytes]:
    """Return questions of 8 bytes of payload, each another, of whoever has nothing."""
    return [encode_step1(encode_state_vector({900_000 + at: 1})) for at in range(count)]


async def read(socket: ClientConnection) -> int:
    """Return how many bytes come, until none have come for three seconds."""
    got = 0
    try:
        while True:
            got += len(await asyncio.wait_for(socket.recv(), 3))
    except TimeoutError:
        return got


async def give(server: Server, role: str, count: int) -> list[int]:
    """Give instructions one after the other; return what was answered to each."""
    headers = {"authorization": f"Bearer {server.tokens['same'][role]}"}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
        return [
            (await client.post("/api/workspaces/same/intents", json={"text": LATER})).status_code for _ in range(count)
        ]


async def test_a_viewers_flood_of_questions_takes_no_more_memory_than_a_few_answers(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        tokens = server.tokens["same"]
        async with connect_document(f"{server.address}/same", "notes", token=tokens["honest editor"]) as ana:
            await ana.insert(0, "x" * LETTERS)
        await until(lambda: server.state("same", "notes"), lambda state: len(state) > LETTERS)
        server.forget_peak()
        before = server.memory("VmHWM")
        address = f"{server.address}/same/notes"
        async with connect(
            address, subprotocols=offer(tokens["viewer"]), compression=None, max_size=None, max_queue=None
        ) as socket:
            for frame in questions(QUESTIONS):
                await socket.send(frame)
            got = await read(socket)
        grown = server.memory("VmHWM") - before
        assert LETTERS < got < 20 * LETTERS, f"of {QUESTIONS} questions most were one question"
        assert grown < GROWN_MAX, f"{grown / MIB:.0f} MiB"


async def test_a_commenters_endless_instructions_leave_room_for_everybody_else(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        taken = (await give(server, "commenter", 1_000)).count(202)
        assert 400 < taken < 500, "half of what is not kept for owners"
        assert [await give(server, role, 1) for role in ("honest owner", "honest editor")] == [[202], [202]]
