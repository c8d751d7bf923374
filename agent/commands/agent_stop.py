"""`folkmoot agent`: stop the agent, let it go on, say how it stands. Works on the database, beside a running server.

The switch is written where every server on the database looks each second; the server that has a workspace open enters
it in the log and says so by dropping the order. Where no server runs it holds from the moment one opens the workspace.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent.commands.records import must_exist, with_store
from agent.commands.serve import complain
from workspace.clock import SystemClock
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.record import read_row
from workspace.intents.model.stop import Stop, Stops, refuse_reason
from workspace.intents.model.times import timestamp
from workspace.names import is_actor
from workspace.ports import SERVER, Store, SwitchRow

TAKEN_SECONDS, LOOK_SECONDS = 4.0, 0.1
PAGE = 1000


def stop(
    workspace: str | None, reason: str, actor: str, database: str | None, data: Path | None, *, is_on: bool = True
) -> int:
    """Stop the agent in one workspace, or in all; exit code 0 once it is written down."""
    refusal = refuse_reason(reason)
    if refusal is not None:
        return complain(f"{refusal.reason} {refusal.remedy}")
    if not is_actor(actor):
        return complain("--actor is a name of 1 to 64 printable characters.")

    async def work(store: Store) -> int:
        if workspace is not None:
            await must_exist(store, workspace)
        row = SwitchRow(workspace or SERVER, is_on, actor, timestamp(SystemClock().now()), reason)
        await store.put_switch(row)
        if workspace is None:
            print(f"The agent {'is stopped' if is_on else 'goes on'} on the whole server: every server on this")
            print("database obeys within a second, and each that starts from its beginning.")
            if not is_on:
                await _say_what_is_stopped(store)
            return 0
        if await is_taken(store, row):
            print(f"The agent {'is stopped' if is_on else 'goes on'} in {workspace}: it is in its log.")
        else:
            print(f"It is written down, and holds as soon as {workspace} is opened. No server has it open now;")
            print("where one should, look whether it runs on this database (--database, --data) and is this version.")
        if not is_on:
            await _say_server(store)
        return 0

    return with_store(database, data, work)


def start(workspace: str | None, actor: str, database: str | None, data: Path | None) -> int:
    """Let the agent go on in one workspace, or wherever no workspace's own switch stops it."""
    return stop(workspace, "", actor, database, data, is_on=False)


def status(workspace: str | None, database: str | None, data: Path | None) -> int:
    """Print which switches stop the agent; exit code 3 where one does."""

    async def work(store: Store) -> int:
        if workspace is not None:
            await must_exist(store, workspace)
        is_stopped = await _say_server(store)
        is_stopped = await _say_what_is_stopped(store, workspace) or is_stopped
        if not is_stopped:
            print(f"The agent works{f' in {workspace}' if workspace else ''}.")
        return 3 if is_stopped else 0

    return with_store(database, data, work)


async def is_taken(store: Store, row: SwitchRow) -> bool:
    """Wait until a server has entered an order in the workspace's log; False when none does."""
    assert row.ws != SERVER, "the server's own switch stays where it was written"
    # Decision 90: the server that has the workspace open enters the order in its log and drops the row.
    loop = asyncio.get_running_loop()
    until = loop.time() + TAKEN_SECONDS
    while row in await store.switches():
        if loop.time() >= until:
            return False
        await asyncio.sleep(LOOK_SECONDS)
    return True


async def _say_server(store: Store) -> bool:
    row = next((row for row in await store.switches() if row.ws == SERVER), None)
    if row is None or not row.is_on:
        return False
    print(f"{Stop('server', row.actor, row.at, row.reason, 0).words} (since {row.at})")
    return True


async def _say_what_is_stopped(store: Store, workspace: str | None = None) -> bool:
    """Print in which workspaces the own switch stops the agent, and which orders nobody has taken yet."""
    found = False
    orders = {row.ws: row for row in await store.switches() if row.ws != SERVER}
    for ws in [row.id for row in await store.workspaces()] if workspace is None else [workspace]:
        stop, order = await _own(store, ws), orders.get(ws)
        if stop is not None:
            found = True
            print(f"{ws}: {stop.words} (record {stop.seq}, {stop.since})")
        if order is not None:
            found = order.is_on or found
            what = "stop" if order.is_on else "go on"
            print(f"{ws}: it is to {what} by {order.actor}'s word of {order.at}, as soon as the workspace is opened.")
    return found


async def _own(store: Store, ws: str) -> Stop | None:
    """Return how a workspace's own switch stands, by its log."""
    stops, first = Stops(), 1
    while rows := await store.rows(ws, first=first, kind="config", limit=PAGE):
        for row in rows:
            body = read_row(row).body
            if isinstance(body, ConfigBody) and body.switch is not None:
                stops.enter(body.switch, seq=row.seq, epoch=row.epoch, at=row.at, actor=row.actor)
        assert rows[-1].seq >= first, "pages go forward"
        first = rows[-1].seq + 1
    return stops.by_scope.get("workspace")
