"""A server that starts opens what went on when the last one stopped, nothing else; one that fails stops no other."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.until import until
from tests.workspace.intents.driver import Driver
from tests.workspace.intents.steps.test_effects import RECEIVERS, declare, hook
from workspace.clock import SystemClock
from workspace.history.fork import fork_workspace
from workspace.history.read import read_all
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured, Proposed
from workspace.intents.model.plan import Asked, Option
from workspace.ports import Batch, Delivery, WorkspaceRow
from workspace.registry.registry import WAKING_AT_ONCE, RoomRegistry
from workspace.settings import Settings
from workspace.store.memory import MemoryStore


class Postman:
    """Remembers letters; says nothing until it is told to."""

    def __init__(self) -> None:
        self.letters: list[Delivery] = []
        self.answers = asyncio.Event()

    async def deliver(self, letter: Delivery) -> str:
        self.letters.append(letter)
        await self.answers.wait()
        return "there"


def asking() -> Driver:
    """Return a workspace where a question waits for an answer; its deadline is long past on the system's clock."""
    driver = Driver()
    intent = driver.ask("Ana")
    task = driver.tasks.pop(intent)
    driver.handle(Proposed(intent, task.attempt, Asked("Which?", (Option("a", "A"), Option("b", "B")))))
    assert driver.sequencer.fold.board.questions
    return driver


def sending() -> Driver:
    driver = Driver()
    receivers = {name: type(one)(one.kind, one.address, "reversible", keys=True) for name, one in RECEIVERS.items()}
    driver.handle(Configured("Owner", ConfigBody(receivers=receivers)))
    declare(driver, driver.ask("Ana"), hook())
    assert driver.sequencer.fold.outbox
    return driver


async def put(store: MemoryStore, ws: str, driver: Driver) -> None:
    await store.create_workspace(WorkspaceRow(ws, ws, "now", epoch=driver.epoch - 1))
    epoch = await store.claim(ws)
    is_busy = driver.sequencer.fold.is_busy
    await store.submit(Batch(ws, epoch, tuple(driver.rows), tuple(driver.journal), is_busy=is_busy))


def registry_on(store: MemoryStore, postman: Postman | None = None) -> RoomRegistry:
    senders = {"webhook": postman} if postman is not None else {}
    return RoomRegistry(store=store, planner=None, clock=SystemClock(), settings=Settings(), senders=senders)


async def bodies(store: MemoryStore, ws: str) -> list[str]:
    rows, _ = await read_all(store, ws)
    return [row.body for row in rows]


async def written(store: MemoryStore, ws: str, words: str) -> list[str]:
    """Wait until words stand in a log, and return its bodies."""
    return await until(lambda: bodies(store, ws), lambda found: any(words in body for body in found))


async def test_what_is_unfinished_is_finished_without_anybody() -> None:
    store, postman = MemoryStore(), Postman()
    await put(store, "asks", asking())
    await put(store, "sends", sending())
    await put(store, "rests", Driver())
    registry = registry_on(store, postman)
    await registry.start()
    await written(store, "asks", '"no_answer"')
    await until(lambda: postman.letters)
    assert sorted(registry.rooms) == ["asks", "sends"], "where nothing goes on, nothing is opened"
    postman.answers.set()
    await written(store, "sends", '"status":"sent"')
    rested = await store.workspace("rests")
    assert rested is not None
    assert rested.epoch == 1
    await registry.stop()
    sent = await store.workspace("sends")
    assert sent is not None
    assert not sent.is_busy


async def test_an_instruction_that_was_taken_is_carried_out_without_anybody() -> None:
    store, driver = MemoryStore(), Driver()
    driver.ask("Ana", "set budget.price to 7")
    await put(store, "w", driver)
    registry = RoomRegistry(store=store, planner=BuiltinPlanner(), clock=SystemClock(), settings=Settings())
    await registry.start()
    await written(store, "w", '"state":"done"')
    await registry.stop()


async def test_a_server_dropped_while_an_effect_was_on_its_way_is_followed_by_one_that_sends_it() -> None:
    store, first, second = MemoryStore(), Postman(), Postman()
    await put(store, "w", sending())
    dropped = registry_on(store, first)
    await dropped.start()
    await until(lambda: first.letters)
    row = await store.workspace("w")
    assert row is not None
    assert row.is_busy
    room = dropped.rooms["w"]
    room.mailbox.close()
    for task in (*dropped._tasks, *room._tasks, *room._dispatcher._sending._tasks):  # as if its process were gone
        task.cancel()
    registry = registry_on(store, second)
    await registry.start()
    second.answers.set()
    await written(store, "w", '"status":"sent"')
    assert [one.key for one in second.letters] == [one.key for one in first.letters]
    await registry.stop()


@pytest.mark.damages_logs
async def test_one_that_does_not_open_keeps_no_other_asleep_and_few_open_at_once() -> None:
    store, opening, most = MemoryStore(), 0, 0
    for at in range(12):
        await put(store, f"w{at:02}", asking())
    kept = store._workspaces["w03"]
    kept.log[2] = msgspec.structs.replace(kept.log[2], actor="Mallory")
    claim = store.claim

    async def slow(ws: str) -> int:
        nonlocal opening, most
        opening += 1
        most = max(most, opening)
        for _ in range(20):  # as long as it takes all others that may to begin
            await asyncio.sleep(0)
        opening -= 1
        if ws == "w05":
            raise RuntimeError("a bug")
        return await claim(ws)

    store.claim = slow  # type: ignore[method-assign]
    registry = registry_on(store)
    await registry.start()
    for at in range(12):
        if at not in (3, 5):
            await written(store, f"w{at:02}", '"no_answer"')
    assert most <= WAKING_AT_ONCE
    assert {"w03", "w05"}.isdisjoint(registry.rooms)
    await registry.stop()


async def test_a_fork_is_woken_where_something_was_under_way() -> None:
    store, driver = MemoryStore(), asking()
    await put(store, "w", driver)
    await fork_workspace(store, SystemClock(), "w", at=len(driver.rows), id="v", name="V", actor="Olga")
    await fork_workspace(store, SystemClock(), "w", at=2, id="u", name="U", actor="Olga")
    registry = registry_on(store)
    await registry.start()
    await written(store, "v", '"no_answer"')
    await until(store.workspaces, lambda rows: not any(row.is_busy for row in rows))
    await registry.stop()
