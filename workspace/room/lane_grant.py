"""Which lane a socket speaks for: a new one, or the one whose secret it knows. Looked up beside the room's loop."""

from __future__ import annotations

from dataclasses import dataclass

from workspace.access import hash_secret
from workspace.intents.model.ids import socket_lane
from workspace.intents.model.times import timestamp
from workspace.ports import Clock, LaneRow, Store
from workspace.protocol.messages import Hello


@dataclass(frozen=True, slots=True)
class LaneGrant:
    """A lane, and the secret that resumes it."""

    lane: str
    secret: str


async def grant_lane(store: Store, clock: Clock, ws: str, *, actor: str, hello: Hello) -> LaneGrant | None:
    """Return the lane that `hello` asks for, None where it is not this actor's. Raises `StoreFault`."""
    if hello.lane is not None:
        row, secret = await store.lane(ws, hello.lane), hello.secret or ""
        is_known = row is not None and row.actor == actor and row.secret_hash == hash_secret(secret)
        return LaneGrant(hello.lane, secret) if is_known else None
    grant = LaneGrant(socket_lane(clock.token(4)), clock.token(16))
    await store.put_lane(LaneRow(ws, grant.lane, actor, hash_secret(grant.secret), timestamp(clock.now())))
    return grant
