"""Intents over HTTP: give one, wait for its verdict, read the board."""

from __future__ import annotations

from itertools import islice

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from workspace.access import Identity
from workspace.http.content import lane_of
from workspace.http.entitlement import check, end_of
from workspace.http.problem import Problem, refuse
from workspace.http.request import answer, body_of, enter, number, write
from workspace.intents.audit.time_travel import StateAt, board_at
from workspace.intents.model.events import Acked, Nacked, Submitted
from workspace.intents.model.intent import IntentContent, frame_of
from workspace.intents.state.board import Entry
from workspace.intents.state.live_board import LiveBoard
from workspace.room.context import Handle
from workspace.room.room import Room
from workspace.sockets.guests import GUEST, IS_NEW

WAIT_SECONDS_MAX = 300
KEY_CHARS_MAX = 200
BOARD_MAX = 500


class NewIntent(IntentContent, frozen=True, kw_only=True):
    """Body of `POST …/intents`: as the socket's `intent`; without `n` the server counts for this token."""

    n: int | None = None
    seen: int | None = None


async def create(request: Request) -> Response:
    """`POST …/intents`: 202 with the ack; `?wait=30` waits for the verdict, `Idempotency-Key` allows repeats."""
    room, identity = await enter(request, "instruct", "wait")
    body = await body_of(request, NewIntent)
    key = request.headers.get("idempotency-key", "")
    if len(key) > KEY_CHARS_MAX:
        raise Problem("malformed", f"Idempotency-Key has at most {KEY_CHARS_MAX} characters.")
    if key and not identity.token_id and request.scope[IS_NEW] and identity.actor == request.scope[GUEST]:
        remedy = "Keep the cookie of this answer, or give a name: ?name=…"
        raise Problem("unnamed", "A repeat could not be told from another guest's request.", remedy=remedy)
    wait = number(request, "wait", default=0, low=0, high=WAIT_SECONDS_MAX)
    acked = await _submit(request, room, identity, body, key)
    if isinstance(acked, Nacked):
        refuse(acked.refusal)
    verdict = await room.waiters.await_verdict(acked.id, wait, end_of(request)) if wait else None
    if wait:
        check(request)
    assert verdict is None or verdict.intent == acked.id, "the verdict that was waited for"
    ack = {"n": acked.n, "id": acked.id, "seq": acked.seq, "state": acked.state}
    return answer({**ack, "verdict": verdict, **({"state": verdict.state} if verdict else {})}, 202)


async def _submit(request: Request, room: Room, identity: Identity, body: NewIntent, key: str) -> Acked | Nacked:
    """Put the intent on a lane of this token: one per idempotency key, else one for all its requests."""
    lane = lane_of(identity, key)
    name = f"{lane}/{room.clock.token(8)}"
    future = room.waiters.await_answer(name)

    def submit(handle: Handle) -> None:
        clock = room.sequencer.fold.board.lanes.clock(lane)
        seen = body.seen if body.seen is not None else (0 if key else clock.seen)
        n = body.n if body.n is not None else (1 if key else clock.n + 1)
        assert n >= 1 or body.n is not None, "the server counts from 1"
        frame = frame_of(body, n=n, seen=seen)
        delivered = room.waiters.delivered(identity.actor)
        handle(Submitted(lane, identity.actor, identity.role, frame, delivered, name))

    try:
        await write(request, room, submit)
    except Exception:
        room.waiters.forget(name)
        raise
    return await future


async def index(request: Request) -> Response:
    """`GET …/intents?state=&at=`: the newest 500, newest first; with `at` as they stood after that record."""
    room, identity = await enter(request, "read", "state", "at")
    state = request.query_params.get("state")
    at = number(request, "at", default=0, low=1, high=2**53)
    if at:
        return answer(msgspec.to_builtins(await _past(room, at, state)))

    def listed() -> list[dict[str, Json]]:
        fold, lives = room.sequencer.fold, room.sequencer.lives
        room.waiters.sent(identity.actor, fold.seq)
        entries = [one for one in reversed(fold.board.entries.values()) if state in (None, lives.state_of(one))]
        return [describe(entry, lives) for entry in entries[:BOARD_MAX]]

    return answer(await room.read(listed))


async def _past(room: Room, at: int, state: str | None) -> list[StateAt]:
    if at > room.durable_seq:
        raise Problem("malformed", f"The log ends at {room.durable_seq}.")

    def stood() -> list[StateAt]:
        found = board_at(room.sequencer.fold.board, at)
        return list(islice((standing for standing in found if state in (None, standing.state)), BOARD_MAX))

    return await room.read(stood)


async def show(request: Request) -> Response:
    """`GET …/intents/ID`."""
    room, identity = await enter(request, "read")

    def found() -> dict[str, Json] | None:
        fold = room.sequencer.fold
        entry = fold.board.entries.get(request.path_params["id"])
        room.waiters.sent(identity.actor, fold.seq)
        return describe(entry, room.sequencer.lives) if entry else None

    body = await room.read(found)
    if body is None:
        raise Problem("not_found", "There is no such intent.")
    return answer(body)


def describe(entry: Entry, lives: LiveBoard) -> dict[str, Json]:
    """Return all that the board knows of an intent."""
    state, waits_for, reason = lives.stands(entry)
    return {
        "id": entry.id,
        "seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "state": state,
        "reason": reason,
        "waits_for": list(waits_for),
        "intent": msgspec.to_builtins(entry.body),
        "plan": msgspec.to_builtins(entry.plan),
        "decisions": [msgspec.to_builtins(decision) for decision in entry.decisions],
        "commit": entry.commit.commit if entry.commit else None,
        "weak_changed": list(entry.commit.weak_changed or ()) if entry.commit else [],
        "undone_by": entry.undone_by or None,
        "verdict": msgspec.to_builtins(entry.verdict),
    }
