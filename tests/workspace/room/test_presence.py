"""Who is here: people while their socket lives, the agent always."""

from __future__ import annotations

import json
from typing import Any

from crdt.sync.awareness import decode_awareness
from crdt.sync.y_sync import AwarenessFrame, decode_frame
from crdt.updates.lib0 import Writer
from tests.workspace.room.stage import Stage, frames, stage
from workspace.intents.model.events import Submitted
from workspace.intents.model.intent import IntentFrame
from workspace.protocol.session import Announce
from workspace.room.peer import Peer
from workspace.room.presence import IDLE_AGENT


def announcement(client: int, clock: int, state: object) -> bytes:
    writer = Writer()
    writer.var_uint(1)
    writer.var_uint(client)
    writer.var_uint(clock)
    writer.var_string(json.dumps(state))
    return writer.getvalue()


def told(peer: Peer) -> list[Any]:
    """Return the states a socket was told since it was last looked at, by client."""
    found = []
    for frame in frames(peer):
        decoded = decode_frame(frame)  # type: ignore[arg-type]
        if isinstance(decoded, AwarenessFrame):
            found += [(entry.client, entry.state) for entry in decode_awareness(decoded.payload)]
    return found


async def announce(one: Stage, peer: Peer, client: int) -> None:
    payload = announcement(client, 1, {"user": {"name": "Mallory"}})
    await one.room.read(lambda: one.room.commands.take(peer, Announce(payload)))


async def test_the_agent_is_here_from_the_first_moment() -> None:
    async with stage() as one:
        peer = one.peer()
        await one.room.read(lambda: one.room.hub.join(peer))
        ((client, state),) = told(peer)
        assert client == one.room.sequencer.client
        assert state is not None


async def test_what_one_says_all_others_hear_under_the_name_the_server_knows() -> None:
    async with stage() as one:
        ana, ben, far = await one.join("ana"), await one.join("ben"), await one.join("chen", "budget")
        await announce(one, ana, 70_001)
        ((client, state),) = told(ben)
        assert client == 70_001
        assert b"ana" in bytes(state) if isinstance(state, bytes) else "ana" in str(state)
        assert "Mallory" not in str(state)
        assert (told(ana), told(far)) == ([], [])
        assert one.room.hub.presence.client_of(ana) == 70_001


async def test_who_leaves_is_gone_for_everybody() -> None:
    async with stage() as one:
        ana, ben = await one.join("ana"), await one.join("ben")
        await announce(one, ana, 70_001)
        told(ben)
        await one.room.read(lambda: one.room.hub.leave(ana))
        assert told(ben) == [(70_001, None)]


async def test_a_throttled_tab_is_renewed_for_all_but_itself() -> None:
    async with stage() as one:
        ana, ben = await one.join("ana"), await one.join("ben")
        await announce(one, ana, 70_001)
        told(ben)
        one.clock.at += one.room.settings.presence_seconds
        await one.room.read(one.room.hub.presence.renew)
        assert [client for client, _ in told(ben)] == [70_001]
        assert 70_001 not in [client for client, state in told(ana) if state is not None]


async def test_what_the_agent_does_is_shown_when_it_changes_and_only_then() -> None:
    async with stage() as one:
        peer, presence = await one.join(), one.room.hub.presence
        frame = IntentFrame(n=1, text="do it", seen=0)
        await one.room.submit(Submitted("L1", "ana", "editor", frame, 0, "r1"))
        shown = [client for client, _ in told(peer)]
        assert shown.count(one.room.sequencer.client) == len(shown) > 0
        await one.room.read(presence.refresh)
        assert told(peer) == []
        assert IDLE_AGENT["user"]
