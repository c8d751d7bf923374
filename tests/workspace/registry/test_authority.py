"""What is held ends with the token, changes with it, and is let go of; of rights that are over, rooms are told.

The whole of it from outside, by every way in which rights end: `tests/scenarios/test_rights_end.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import patch

import pytest

from tests.support.until import until
from tests.workspace.room.stage import HandClock, Stage, stage
from workspace.access import Identity
from workspace.errors import StoreFault
from workspace.intents.model.events import Submitted
from workspace.intents.model.intent import IntentFrame, Role
from workspace.ports import TokenRow
from workspace.registry import authority
from workspace.registry.authority import Authority, Hold
from workspace.registry.tokens import AccessTokens
from workspace.settings import Settings
from workspace.store.memory import MemoryStore
from workspace.workers.dispatcher import Dispatcher


class Told:
    """Writes down what a holder is told."""

    def __init__(self, told: list[str]) -> None:
        self.told = told

    def rights_are_over(self) -> None:
        self.told.append("over")

    def rights_are(self, identity: Identity) -> None:
        self.told.append(f"until {identity.expires}")


async def held(one: Stage, **more: float) -> tuple[Hold, list[str]]:
    """Return a hold on a fresh token of Ana's, and what is told of it."""
    token = await one.registry.tokens.make("w", actor="ana", role="editor", **more)
    identity = await one.registry.tokens.identify(token, "w")
    assert identity is not None
    hold, told = one.registry.authority.hold(identity, "w"), list[str]()
    hold.tell(Told(told))
    return hold, told


async def ask(one: Stage, role: Role = "editor") -> str:
    """Have Ana ask for something that nobody plans; return the intent."""
    event = Submitted("Lana", "ana", role, IntentFrame(n=1, text="do it", seen=1, value="x"), 10)
    with patch.object(Dispatcher, "start"):
        await one.room.submit(event)
    return next(iter(one.room.sequencer.fold.board.live))


async def test_what_is_held_is_over_with_a_revocation_and_is_told_once() -> None:
    async with stage() as one:
        (hold, told), (other, untold) = await held(one), await held(one)
        assert await one.registry.revoke("w", actor=None, token_id=hold.identity.token_id)
        hold.end()
        assert (hold.is_over, told) == (True, ["until None", "over"])
        assert (other.is_over, untold) == (False, ["until None"])
        late: list[str] = []
        hold.tell(Told(late))
        assert late == ["until None", "over"], "who asks later hears of it at once"


async def test_what_is_let_go_of_is_kept_nowhere() -> None:
    async with stage() as one:
        kept = one.registry.authority
        (hold, told), guest = await held(one), kept.hold(Identity("guest", "owner"), "w")
        for gone in (hold, hold, guest):
            kept.release(gone)
        assert kept._holds == {}
        await one.registry.revoke("w", actor="ana", token_id=None)
        assert told == ["until None"]


async def test_a_token_that_runs_out_is_a_timer() -> None:
    async with stage() as one:
        hold, told = await held(one, expires=one.clock.at + 0.05)
        assert not hold.is_over
        # Its timer rings in the loop's time; the wall clock is moved by hand.
        one.clock.at += 0.05
        await until(lambda: hold.is_over, seconds=0.5)
        assert told[-1] == "over"


async def test_a_clock_that_was_set_forward_passes_no_end_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "WATCH_SECONDS", 0.01)
    async with stage() as one:
        hold, _ = await held(one, expires=one.clock.at + 3_600)
        one.clock.at += 3_600
        await until(lambda: hold.is_over)


async def test_another_end_is_told_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authority, "WATCH_SECONDS", 0.01)
    async with stage() as one:
        hold, told = await held(one, expires=one.clock.at + 0.2)
        (row,) = await one.store.tokens("w")
        later = one.clock.at + 100
        await one.store.put_token(TokenRow(row.id, "w", "ana", "editor", row.secret_hash, later, False, "now"))
        await until(lambda: told[-1] == f"until {later}")
        one.clock.at += 50
        one.registry.authority._rung()
        assert not hold.is_over


async def test_of_who_may_less_the_room_is_told_and_of_nobody_else() -> None:
    async with stage() as one:
        for actor, role in (("ana", "editor"), ("ana", "viewer"), ("ben", "editor")):
            await one.registry.tokens.make("w", actor=actor, role=role)  # type: ignore[arg-type]
        intent = await ask(one)
        assert await one.registry.revoke("w", actor="ben", token_id=None)
        board = one.room.sequencer.fold.board
        assert list(board.live) == [intent]
        (row,) = [row.id for row in await one.store.tokens("w") if (row.actor, row.role) == ("ana", "editor")]
        await one.registry.revoke("w", actor=None, token_id=row)
        verdict = board.entries[intent].verdict
        assert verdict is not None
        assert verdict.reason == "ana asked for this as editor, and is viewer now."
        assert one.room.gate.is_empty, "it is durable when a revocation is answered"


async def test_who_never_held_a_token_keeps_what_was_accepted() -> None:
    async with stage() as one:
        await ask(one)
        assert await one.registry.authority.lost("w", one.room.sequencer.fold.board.live) is None
        assert await one.registry.authority.role_of("w", "ana", "editor") == "editor"


async def test_a_token_of_the_whole_server_counts_in_every_workspace() -> None:
    async with stage() as one:
        await one.registry.tokens.make("w", actor="ana", role="viewer")
        await one.registry.tokens.make(None, actor="ana", role="owner")
        assert await one.registry.authority.role_of("w", "ana", "editor") == "owner"
        assert await one.registry.authority.role_of("v", "ana", "editor") == "owner"


async def test_on_an_open_server_nobody_loses_any() -> None:
    async with stage(settings=Settings(is_open=True)) as one:
        await one.registry.tokens.make("w", actor="ana", role="editor")
        intent = await ask(one)
        await one.registry.revoke("w", actor="ana", token_id=None)
        assert intent in one.room.sequencer.fold.board.live
        assert await one.registry.authority.role_of("w", "ana", "editor") == "editor"


async def test_what_a_guest_asked_ends_on_a_server_that_is_not_open_whoever_has_that_name() -> None:
    async with stage() as one:
        await one.registry.tokens.make("w", actor="ana", role="owner")
        live = {intent: one.room.sequencer.fold.board.live[intent] for intent in [await ask(one, role="guest")]}
        lost = await one.registry.authority.lost("w", live)
        assert lost is not None
        assert lost.roles == {"ana": None}
        assert await one.registry.authority.role_of("w", "ana", "guest") is None
        assert await one.registry.authority.role_of("w", "ana", "owner") == "owner"


class Faulty(MemoryStore):
    """Cannot be asked for its mark, while it is told so."""

    is_broken = False
    asked = 0

    async def token_mark(self) -> str:
        self.asked += 1
        if self.is_broken:
            raise StoreFault("the disk is away")
        return await super().token_mark()


@pytest.fixture
async def faulty(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Faulty, Authority]]:
    """A watch over tokens by itself, that looks all the time."""
    monkeypatch.setattr(authority, "WATCH_SECONDS", 0.01)
    store, clock = Faulty(), HandClock()
    made = Authority(store, clock, AccessTokens(store, clock), {}, is_open=False)
    await made.open()
    yield store, made
    await made.close()


async def test_after_a_fault_of_the_store_everything_is_looked_at_again(faulty: tuple[Faulty, Authority]) -> None:
    store, kept = faulty
    await store.put_token(TokenRow("t1", "w", "ana", "editor", "h", None, False, "now"))
    hold = kept.hold(Identity("ana", "editor", "t1"), "w")
    store.is_broken, asked = True, store.asked
    await until(lambda: store.asked > asked + 1)
    await store.revoke("w", token_id="t1")
    await asyncio.sleep(0)
    assert not hold.is_over
    store.is_broken = False
    await until(lambda: hold.is_over)
