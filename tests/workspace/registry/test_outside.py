"""A change by who has no room: it stands in the log, and whoever had the workspace open writes no more."""

from __future__ import annotations

import asyncio

from tests.workspace.room.stage import stage
from workspace.errors import Refusal
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.bounds import DEFAULT_BOUNDS
from workspace.intents.model.document_acts import DocumentAct
from workspace.ports import SwitchRow
from workspace.registry.outside import change_outside

GONE = ConfigBody(acts=(DocumentAct("delete", "plan"),))


async def test_who_had_it_open_lets_go_of_it_and_the_next_begins_with_the_change() -> None:
    async with stage() as one:
        peer = await one.join()
        refused = await change_outside(
            one.registry.store, one.clock, "w", actor="Ops", decide=lambda fold: GONE, bounds=DEFAULT_BOUNDS
        )
        assert isinstance(refused, SwitchRow)
        assert (refused.is_on, one.room.is_open) == (False, True)
        await one.registry.switches._obey({refused.ws: refused})
        assert await one.registry.store.switches() == [], "it was obeyed"
        async with asyncio.timeout(10):
            await one.room.stopped
        assert peer.closing is not None
        assert peer.closing.status == 1012, "it comes again"
        again = await one.registry.room("w")
        put = again.sequencer.fold.catalog.put_away["plan"]
        assert (put.state, put.actor) == ("deleted", "Ops")
        await one.registry.switches._obey({refused.ws: refused})
        assert (again.is_open, again.sequencer.fold.stops.is_on) == (True, False), "this one is the newest"


async def test_what_is_refused_or_changes_nothing_is_no_record() -> None:
    async with stage() as one:
        seq = one.room.sequencer.fold.seq
        for decided in (Refusal("exists", "there is one"), None):
            refused = await change_outside(
                one.registry.store,
                one.clock,
                "w",
                actor="Ops",
                decide=lambda fold, it=decided: it,
                bounds=DEFAULT_BOUNDS,
            )
            assert refused == decided
            row = await one.registry.store.workspace("w")
            assert row is not None
            assert row.epoch == one.room.sequencer.kernel.epoch, "nobody has to let go of it"
        kinds = [row.kind for row in await one.registry.store.rows("w", first=seq + 1)]
        assert "verdict" not in kinds
        assert not any("acts" in row.body for row in await one.registry.store.rows("w", first=seq + 1))
