"""A lane is its author's: whoever knows its secret and is that author speaks for it."""

from __future__ import annotations

import pytest

from tests.workspace.room.stage import HandClock
from workspace.ports import WorkspaceRow
from workspace.protocol.messages import Hello
from workspace.room.lane_grant import LaneGrant, grant_lane
from workspace.store.memory import MemoryStore


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore()
    await made.create_workspace(WorkspaceRow("w", "w", "now"))
    return made


async def test_a_lane_is_resumed_by_its_secret_which_the_store_does_not_hold(store: MemoryStore) -> None:
    clock = HandClock()
    granted = await grant_lane(store, clock, "w", actor="ana", hello=Hello())
    assert granted is not None
    again = await grant_lane(store, clock, "w", actor="ana", hello=Hello(granted.lane, granted.secret))
    assert again == granted
    row = await store.lane("w", granted.lane)
    assert row is not None
    assert granted.secret not in repr(row)


@pytest.mark.parametrize(("actor", "secret"), [("ana", "wrong"), ("ana", ""), ("mallory", None)])
async def test_who_does_not_know_the_secret_or_is_somebody_else_has_no_lane(
    store: MemoryStore, actor: str, secret: str | None
) -> None:
    clock = HandClock()
    granted = await grant_lane(store, clock, "w", actor="ana", hello=Hello())
    assert granted is not None
    hello = Hello(granted.lane, granted.secret if secret is None else secret)
    assert await grant_lane(store, clock, "w", actor=actor, hello=hello) is None


async def test_a_lane_that_was_never_given_out_is_nobodys(store: MemoryStore) -> None:
    assert await grant_lane(store, HandClock(), "w", actor="ana", hello=Hello("Lx", "s")) is None


async def test_every_new_lane_is_another(store: MemoryStore) -> None:
    clock = HandClock()
    granted = {await grant_lane(store, clock, "w", actor="ana", hello=Hello()) for _ in range(20)}
    assert len({one.lane for one in granted if isinstance(one, LaneGrant)}) == 20
