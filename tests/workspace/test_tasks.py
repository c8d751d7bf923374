"""Every background task has an owner that tells its error and awaits its end."""

from __future__ import annotations

import asyncio

import pytest

from workspace.errors import StoreFault
from workspace.tasks import Tasks


async def breaks(error: Exception) -> None:
    raise error


async def test_an_error_is_told_at_its_root_under_the_name_of_the_task(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks()
    for task in (
        tasks.start(breaks(KeyError("x")), name="count beans"),
        tasks.start(breaks(StoreFault("no disk")), name="write"),
    ):
        await asyncio.wait((task,))
    assert [record.getMessage() for record in caplog.records] == ["count beans broke", "write: store_fault: no disk"]
    assert caplog.records[0].exc_info is not None
    assert not len(tasks)


async def test_an_error_that_somebody_awaits_is_theirs(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks()
    with pytest.raises(KeyError):
        await tasks.start(breaks(KeyError("x")), name="count beans", is_awaited=True)
    assert not caplog.records


async def test_at_the_end_every_task_has_ended_its_own_way_and_those_it_began_too() -> None:
    tasks, told = Tasks(), list[str]()

    async def stays(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append(name)
            if name == "first":
                tasks.start(stays("begun at the end"), name="late")

    tasks.start(stays("first"), name="first")
    tasks.start(stays("second"), name="second")
    await asyncio.sleep(0)

    async def ends() -> None:
        await tasks.close()
        told.append("closed")

    await tasks.start(ends(), name="its own end")
    assert sorted(told[:2]) == ["first", "second"]
    assert told[-1] == "closed"
    assert not len(tasks)
