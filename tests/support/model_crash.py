"""A server process that is killed while it asks a model: from the model's own side, so that the moment is exact."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.model import Model, Reply, scripted_model
from tests.support.process import free_port, make_token, serve
from workspace.client import RoomClient, connect
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.model.record import Row
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.replay import fold_log
from workspace.store.sql import SqlStore

WAIT = 60.0
INSTRUCTION, EFFECT = "Add a line", "Once."


@dataclass
class CrashingServer:
    """Server processes on one folder and one port, one after the other, and the scripted model they ask."""

    data: Path
    model: Model
    port: int
    token: str
    children: list[asyncio.subprocess.Process]

    def connect(self) -> AbstractAsyncContextManager[RoomClient]:
        """Open the workspace as Ana; the client goes on over a crash."""
        return connect(f"ws://127.0.0.1:{self.port}/ws/demo", token=self.token)

    async def start(self) -> None:
        """Start the next process and wait until it listens."""
        environment = {"ANTHROPIC_BASE_URL": self.model.url, "ANTHROPIC_API_KEY": "scripted"}
        self.children.append(await serve(self.data, self.port, **environment))

    async def kill(self) -> None:
        """End the running process by SIGKILL and wait until it is gone."""
        self.children[-1].send_signal(signal.SIGKILL)
        await self.children[-1].wait()

    async def end(self) -> None:
        """End the running process as an operator would."""
        self.children[-1].send_signal(signal.SIGTERM)
        await asyncio.wait_for(self.children[-1].wait(), 10)


@asynccontextmanager
async def crashing_server(data: Path, replies: Iterable[Reply]) -> AsyncIterator[CrashingServer]:
    """Serve on a model that answers from `replies`; whatever still runs when the block is left is killed."""
    port = free_port()
    token = await make_token(data, "Ana", "editor")
    async with scripted_model(replies) as model:
        server = CrashingServer(data, model, port, token, [])
        await server.start()
        try:
            yield server
        finally:
            for child in server.children:
                if child.returncode is None:
                    child.kill()
                    await child.wait()


@dataclass(frozen=True)
class CrashedRun:
    """What came of an instruction whose server died once: its id, the calls sent, the requests that were refused."""

    intent: str
    sent: int
    refused: tuple[str, ...]


async def run_with_crash(data: Path, replies: Iterable[Reply], *, moment: str, at: int) -> CrashedRun:
    """Give an instruction, kill the server when call `at` is "asked" or "answered", and wait for the verdict."""
    async with crashing_server(data, replies) as server:
        struck = asyncio.Event()

        async def listen(now: str, _: object) -> None:
            if now == moment and server.model.scripted.count == at and not struck.is_set():
                struck.set()
                await server.kill()

        server.model.scripted.listen = listen
        async with asyncio.timeout(WAIT), server.connect() as room:
            intent = await room.intent(INSTRUCTION, doc="plan")
            await struck.wait()
            await server.start()
            await room.until(lambda r: any(x["kind"] == "verdict" for x in r.records), WAIT)
        await server.end()
        scripted = server.model.scripted
        return CrashedRun(intent.id, scripted.count, tuple(scripted.refused))


async def verified(data: Path) -> tuple[list[Row], WorkspaceState]:
    """Return the log that a dead server left, which verifies, and its state."""
    store = SqlStore(f"sqlite:///{data / 'folkmoot.sqlite'}")
    await store.open()
    rows, journal = await read_all(store, "demo")
    await store.close()
    assert verify(rows, journal).ok
    return rows, fold_log(rows, journal)


async def audit(data: Path, run: CrashedRun, *, state: str) -> None:
    """Check that one verdict was told, its effect is there as often as it says, and every call is accounted for."""
    rows, fold = await verified(data)
    verdict = fold.board.entries[run.intent].verdict
    assert verdict is not None
    assert verdict.state == state
    assert sum(row.kind == "verdict" for row in rows) == 1
    done = 1 if state == "done" else 0
    assert sum(row.kind == "commit" for row in rows) == done
    text = fold.documents["plan"].text() if "plan" in fold.documents else ""
    assert text.count(EFFECT) == done
    assert not fold.usage.opened
    assert sum(line.calls for line in fold.usage.lines.values()) >= run.sent
