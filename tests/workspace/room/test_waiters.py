"""Who waits over HTTP is answered once, in time, and told when the room is gone."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.until import until
from tests.workspace.room.stage import stage
from workspace.errors import RoomClosed
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Acked, Configured, Submitted
from workspace.intents.model.intent import IntentFrame

CONFIG = Configured("olga", ConfigBody(name="x"))


async def test_an_answer_goes_to_the_request_of_its_name_and_to_no_other() -> None:
    async with stage() as one:
        waiters = one.room.waiters
        first, second, gone = (waiters.await_answer(name) for name in ("r1", "r2", "r3"))
        waiters.forget("r3")
        for name in ("r2", "r3", "unknown"):
            waiters.answered(Acked("L", name, 1, "i1", 1, "planning"))
        assert (first.done(), second.done(), gone.done()) == (False, True, False)


async def test_a_record_is_waited_for_until_it_is_durable_or_time_is_up() -> None:
    async with stage() as one:
        waiters, top = one.room.waiters, one.room.durable_seq
        assert await waiters.await_records(top, 0.0), "it is there already"
        assert not await waiters.await_records(top + 1, 0.0)
        one.store.is_held = True
        waiting = asyncio.create_task(waiters.await_records(top + 1, 10.0))
        writing = asyncio.create_task(one.room.submit(CONFIG))
        await until(lambda: one.store.waiting)
        assert not waiting.done(), "in memory is not on disk"
        one.store.write()
        await writing
        assert await waiting


async def test_a_verdict_is_waited_for_until_it_is_durable() -> None:
    async with stage() as one:
        frame = IntentFrame(n=1, text="do it", seen=0)
        await one.room.submit(Submitted("L1", "ana", "editor", frame, 0, "r1"))
        (id,) = one.room.sequencer.fold.board.entries
        verdict = await one.room.waiters.await_verdict(id, 10.0)
        assert verdict is not None
        assert verdict.intent == id
        entry = one.room.sequencer.fold.board.entries[id]
        assert 0 < entry.verdict_seq <= one.room.durable_seq


async def test_a_verdict_that_is_not_on_disk_is_nobodys() -> None:
    async with stage() as one:
        board, frame = one.room.sequencer.fold.board, IntentFrame(n=1, text="do it", seen=0)
        one.store.is_held = True
        one.room.post_event(Submitted("L1", "ana", "editor", frame, 0, "r1"))
        await until(lambda: one.store.waiting)
        (id,) = board.entries
        assert await one.room.waiters.await_verdict(id, 0.0) is None, "in time there was none"
        waiting = asyncio.create_task(one.room.waiters.await_verdict(id, 10.0))

        # There is no planner: it is asked, once what comes before is on disk, until it has failed often enough.
        def verdict_after_a_write() -> object:
            if board.entries[id].verdict is None and one.store.waiting:
                one.store.write()
            return board.entries[id].verdict

        await until(verdict_after_a_write)
        late = asyncio.create_task(one.room.waiters.await_verdict(id, 10.0))
        for _ in range(10):
            await asyncio.sleep(0)
        assert one.store.waiting
        assert (waiting.done(), late.done()) == (False, False)
        while one.store.waiting:
            one.store.write()
        assert await waiting is await late is board.entries[id].verdict


async def test_who_still_waits_when_the_room_ends_is_told_to_come_again() -> None:
    async with stage() as one:
        answer = one.room.waiters.await_answer("r1")
        waiting = asyncio.create_task(one.room.waiters.await_records(one.room.durable_seq + 50, 10.0))
        await asyncio.sleep(0)
        await one.room.close()
        with pytest.raises(RoomClosed) as closed:
            await answer
        assert closed.value.retry
        assert await asyncio.wait_for(waiting, 10.0)


async def test_what_somebody_was_sent_never_goes_back() -> None:
    async with stage() as one:
        for seq in (3, 9, 4):
            one.room.waiters.sent("ana", seq)
        assert (one.room.waiters.delivered("ana"), one.room.waiters.delivered("ben")) == (9, 0)
