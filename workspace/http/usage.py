"""What models have cost a workspace, and what was said in each call."""

from __future__ import annotations

import json

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from workspace.http.openapi.board_answers import Account, CallNow
from workspace.http.openapi.operation import Reply, describe
from workspace.http.problem import Problem
from workspace.http.request import answer, enter
from workspace.intents.audit.usage_report import report
from workspace.intents.model.bodies import OracleBody
from workspace.intents.model.calls import CallClosed, CallOpened
from workspace.intents.model.ids import CALL, is_id, seq_of
from workspace.intents.model.record import read_row
from workspace.intents.model.times import day_of
from workspace.room.room import Room

PAGE = 500


@describe(Reply(200, "the account", Account))
async def show(request: Request) -> Response:
    """`GET …/usage`: cost per verdict, model, author, purpose and prompt; what routing saved; budgets."""
    room, _ = await enter(request, "read")

    def account() -> dict[str, Json]:
        fold = room.sequencer.fold
        day, state_of = day_of(room.clock.now()), room.sequencer.lives.state_of
        return report(fold.usage, fold.board, fold.budget, day=day, state_of=state_of)

    return answer(await room.read(account))


@describe(Reply(200, "the call", CallNow))
async def call(request: Request) -> Response:
    """`GET …/calls/ID`: one call to a model, with the whole request and response."""
    room, _ = await enter(request, "read")
    id: str = request.path_params["id"]
    if not is_id(id, CALL):
        raise Problem("not_found", "There is no such call.")
    seq = seq_of(id, CALL)
    opened = await _opened(room, seq)
    closed = await _closed(room, id, seq)
    return answer(
        {
            "id": id,
            "opened": msgspec.to_builtins(opened),
            "closed": msgspec.to_builtins(closed),
            "request": await request_of(room, opened.request),
            "response": await _json(room, closed.response) if closed is not None and closed.response else None,
        }
    )


async def _opened(room: Room, seq: int) -> CallOpened:
    rows = await room.store.rows(room.ws, first=seq, last=min(seq, room.durable_seq), limit=1)
    assert all(row.seq == seq for row in rows), "a call is named by the record that opened it (decision 16)"
    body = read_row(rows[0]).body if rows else None
    if not isinstance(body, OracleBody) or body.opened is None:
        raise Problem("not_found", "There is no such call.")
    return body.opened


async def _closed(room: Room, id: str, seq: int) -> CallClosed | None:
    """Return the end of a call, which stands somewhere behind its beginning; None while it is open."""
    cursor = seq + 1
    while rows := await room.store.rows(room.ws, first=cursor, last=room.durable_seq, kind="oracle", limit=PAGE):
        for row in rows:
            body = read_row(row).body
            if isinstance(body, OracleBody) and body.closed is not None and body.closed.call == id:
                return body.closed
        assert rows[-1].seq >= cursor, "pages go forward"
        cursor = rows[-1].seq + 1
    return None


async def request_of(room: Room, sha: str) -> Json:
    """Return a whole request from the archive: its manifest with every part in place."""
    found = await _json(room, sha)
    if not isinstance(found, dict):
        return None
    manifest = json.loads(str(found["parts"]))
    parts = [await _json(room, part) for part in manifest["parts"]]
    system, tools, *messages = parts
    return {
        "model": found["model"],
        "max_tokens": manifest["max_tokens"],
        "prompt": manifest["prompt"],
        "tool_choice": manifest["tool_choice"],
        "system": system,
        "tools": tools,
        "messages": messages,
    }


async def _json(room: Room, sha: str) -> Json:
    content = await room.store.blob(room.ws, sha)
    return json.loads(content) if content is not None else None
