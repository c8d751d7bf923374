"""A bell wakes all who wait; one that gives up disturbs none."""

from __future__ import annotations

import asyncio

from workspace.client.bell import Bell


async def test_all_who_wait_are_woken_and_one_that_gives_up_disturbs_none() -> None:
    bell = Bell()
    bell.ring()
    waiting = [asyncio.create_task(bell.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    gone = waiting.pop()
    gone.cancel()
    await asyncio.sleep(0)
    assert gone.cancelled()
    assert not any(one.done() for one in waiting)
    bell.ring()
    await asyncio.gather(*waiting)


async def test_who_waits_for_something_looks_now_and_at_each_ring() -> None:
    bell, things = Bell(), list[int]()
    await bell.until(lambda: True)
    waiting = asyncio.create_task(bell.until(lambda: len(things) == 2))
    for _ in range(2):
        await asyncio.sleep(0)
        assert not waiting.done()
        things.append(1)
        bell.ring()
    await waiting
