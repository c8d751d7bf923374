"""Whole logs are read one at a time, the same one once for all who ask, and nobody has all the turns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.until import until
from workspace.errors import ReadsFull
from workspace.history import log_reads
from workspace.history.log_reads import KEPT_MAX, READS_MAX, LogReads
from workspace.ports import WorkspaceRow
from workspace.store.memory import MemoryStore


class Desk:
    """Reads that end when they are let."""

    def __init__(self) -> None:
        self.reads = LogReads(MemoryStore())
        self.began: list[str] = []
        self.at_once = 0
        self.most = 0
        self._doors: dict[str, asyncio.Event] = {}

    def read(self, name: str) -> Callable[[], Awaitable[str]]:
        door = self._doors.setdefault(name, asyncio.Event())

        async def reading() -> str:
            self.began.append(name)
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            try:
                await door.wait()
            finally:
                self.at_once -= 1
            if name.startswith("bad"):
                raise ValueError(name)
            return f"read {name}"

        return reading

    def ask(self, name: str, person: str, **more: Any) -> asyncio.Task[str]:
        return asyncio.create_task(self.reads.once((name,), person, self.read(name), **more))

    def end(self, *names: str) -> None:
        for name in names:
            self._doors[name].set()


async def test_one_at_a_time_and_each_person_has_a_turn_before_anybody_has_a_second() -> None:
    desk = Desk()
    asked = [desk.ask(name, "vic") for name in ("v1", "v2", "v3", "v4")]
    await until(lambda: desk.began == ["v1"])
    asked += [desk.ask("o1", "olga"), desk.ask("a1", "ana")]
    await asyncio.sleep(0)
    for name in ("v1", "v2", "v3", "v4", "o1", "a1"):
        desk.end(name)
    assert await asyncio.gather(*asked) == [f"read {name}" for name in ("v1", "v2", "v3", "v4", "o1", "a1")]
    assert desk.most == 1
    assert desk.began == ["v1", "v2", "o1", "a1", "v3", "v4"]
    assert desk.reads.folds == 6


async def test_those_who_ask_for_the_same_wait_for_one_read() -> None:
    desk = Desk()
    asked = [desk.ask("same", f"p{at}") for at in range(8)]
    await until(lambda: desk.began)
    desk.end("same")
    assert await asyncio.gather(*asked) == ["read same"] * 8
    assert desk.reads.folds == 1


async def test_a_read_goes_on_for_the_others_when_who_began_it_leaves() -> None:
    desk = Desk()
    first, second = desk.ask("same", "ana"), desk.ask("same", "ben")
    await until(lambda: desk.began)
    first.cancel()
    await asyncio.wait((first,))
    desk.end("same")
    assert await second == "read same"


async def test_the_last_answer_is_given_again_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    for name, is_kept in (("kept", True), ("not", False)):
        asked = desk.ask(name, "ana", is_kept=is_kept)
        desk.end(name)
        await asked
        assert await desk.ask(name, "ben", is_kept=is_kept) == f"read {name}"
    assert desk.began == ["kept", "not", "not"]
    monkeypatch.setattr(log_reads, "KEPT_SECONDS", -1.0)
    assert await desk.ask("kept", "ana", is_kept=True) == "read kept"
    assert desk.began.count("kept") == 2


async def test_what_is_kept_is_bounded() -> None:
    desk = Desk()
    for at in range(KEPT_MAX + 3):
        asked = desk.ask(str(at), "ana", is_kept=True)
        desk.end(str(at))
        await asked
    assert len(desk.reads._kept) == KEPT_MAX


async def test_what_fails_is_told_to_all_who_wait_and_is_not_kept() -> None:
    desk = Desk()
    asked = [desk.ask("bad", "ana", is_kept=True), desk.ask("bad", "ben", is_kept=True)]
    await until(lambda: desk.began)
    desk.end("bad")
    assert [type(error) for error in await asyncio.gather(*asked, return_exceptions=True)] == [ValueError] * 2
    with pytest.raises(ValueError, match="bad"):
        await desk.ask("bad", "ana", is_kept=True)
    assert desk.reads.folds == 2


async def test_one_person_has_so_many_reads_and_no_more_until_some_have_ended() -> None:
    desk = Desk()
    asked = [desk.ask(f"v{at}", "vic") for at in range(READS_MAX)]
    await until(lambda: desk.began)
    with pytest.raises(ReadsFull):
        await desk.ask("more", "vic")
    other = desk.ask("o", "olga")
    desk.end("o", *(f"v{at}" for at in range(READS_MAX)))
    assert await other == "read o"
    await asyncio.gather(*asked)
    desk.end("more")
    assert await desk.ask("more", "vic") == "read more"
    assert not desk.reads._of


async def test_a_head_is_another_once_anything_was_written() -> None:
    store = MemoryStore()
    await store.open()
    await store.create_workspace(WorkspaceRow("w", "W", "2026-01-01T00:00:00Z"))
    assert await LogReads(store).head("w") == ("w", *await store.head("w"))
