"""What is told of a whole server: as JSON over HTTP, and alike by `folkmoot admin --json`.

What only a running server knows (who is connected, since when it runs) is null where no server is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import msgspec

from crdt.digest import Json
from workspace import __version__
from workspace.access import AccessRow, TokenRow
from workspace.intents.model.log_format import LOG_FORMAT
from workspace.intents.model.times import timestamp
from workspace.oversight import ACTS, OWNERS_MAX, Facts, KeyLine, WorkspaceLine
from workspace.ports import SERVER, Store, SwitchRow
from workspace.registry.tallies import is_measured

View = dict[str, Json]


@dataclass(frozen=True, slots=True)
class ServerNow:
    """What only the server itself knows: since when it runs (unix seconds), how many rooms and sockets are open."""

    started: float
    rooms: int
    sockets: int


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """What the server knows of a workspace that it has open: what it is now, its sockets, the epoch it writes under."""

    facts: Facts
    sockets: int
    epoch: int


async def server_view(store: Store, now: float, *, running: ServerNow | None) -> View:
    """Return what is told of the server as a whole. Raises `StoreFault`."""
    totals = await store.totals(now)
    noted = {act: await store.newest(act) for act in ACTS}
    switch = next((row for row in await store.switches() if row.ws == SERVER), None)
    return {
        "version": __version__,
        "database": {"kind": store.kind, "bytes": totals.size, "schema": totals.schema, "log_format": LOG_FORMAT},
        "started": timestamp(running.started) if running is not None else None,
        "uptime_s": max(0, round(now - running.started)) if running is not None else None,
        "rooms": running.rooms if running is not None else None,
        "sockets": running.sockets if running is not None else None,
        "workspaces": totals.workspaces,
        "keys": totals.keys,
        **{act: _noted(row) for act, row in noted.items()},
        **switch_view(switch),
    }


def switch_view(row: SwitchRow | None) -> View:
    """Return how the server's switch stands; None where nobody has ever thrown it."""
    if row is None or not row.is_on:
        return {"stopped": False, "stops": []}
    assert row.ws == SERVER, "a workspace's own switch stands in its log (decision 90)"
    return {"stopped": True, "stops": [{"scope": "server", "by": row.actor, "since": row.at, "reason": row.reason}]}


def workspace_view(line: WorkspaceLine, *, order: SwitchRow | None, room: OpenRoom | None) -> View:
    """Return what is told of one workspace.

    `order` is a switch of its own that no log holds yet, `room` what the server knows that has it open. Without a room
    the documents and what is under way are as of record `as_of`, or null where no server has ever said.
    """
    tally = line.tally
    facts = room.facts if room is not None else tally.facts if tally is not None else None
    sizes = tally.sizes if tally is not None else None
    return {
        "id": line.id,
        "name": (tally.name if tally is not None else "") or line.name,
        "created": line.created_at,
        "active": line.active_at,
        "owners": list(line.owners[:OWNERS_MAX]),
        "more_owners": len(line.owners) > OWNERS_MAX,
        "members": line.members,
        "records": line.seq,
        "epoch": line.epoch,
        "open": room is not None and room.epoch == line.epoch,
        "sockets": room.sockets if room is not None else None,
        "documents": {"living": facts.living, "archived": facts.archived, "deleted": facts.deleted} if facts else None,
        "live": facts.live if facts else None,
        "questions": facts.questions if facts else None,
        "aside": facts.aside if facts else None,
        "quarantined": dict(facts.quarantined) if facts else {},
        "as_of": facts.seq if facts else None,
        "stops": _own_stops(facts),
        "order": _ordered(order),
        "bytes": {"log": sizes.log, "journal": sizes.journal, "snapshots": sizes.snapshots} if sizes else None,
        "measured": is_measured(line),
    }


def key_view(line: KeyLine, *, seen: TokenRow, own: str) -> View:
    """Return what is told of a key, never its secret; `seen` is its row with when it was used, `own` the asker's."""
    row = line.row
    is_session = row.person is not None
    return {
        "id": row.id,
        "kind": "session" if is_session else "token",
        "who": line.person if is_session else row.actor,
        "ws": row.ws if not is_session else line.first or None,
        # Of a session: in how many workspaces its person is a member; a token of the whole server opens all.
        "workspaces": line.workspaces if is_session else None if row.ws is None else 1,
        "role": row.role,
        "scope": row.scope,
        "label": row.label,
        "created": row.created_at,
        "used": seen.used_at,
        "from": seen.used_from,
        "expires": row.expires,
        "own": row.id == own,
    }


def _own_stops(facts: Facts | None) -> list[Json]:
    # The server's own is told once, of the server.
    stops = [stop for stop in facts.stops if stop.scope == "workspace"] if facts is not None else []
    return cast("list[Json]", msgspec.to_builtins(stops))


def _ordered(order: SwitchRow | None) -> Json:
    if order is None:
        return None
    return {"on": order.is_on, "by": order.actor, "since": order.at, "reason": order.reason}


def _noted(row: AccessRow | None) -> Json:
    return {"at": row.at, "by": row.by, "subject": row.subject, "detail": row.detail} if row is not None else None
