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
from workspace.http.openapi.board_answers import IntentNow, TakenIntent
from workspace.http.openapi.operation import Body, Parameter, Reply, describe
from workspace.http.openapi.parameters import AT
from workspace.http.problem import Problem, refuse
from workspace.http.request import answer, body_of, enter, number, word, write
from workspace.intents.audit.time_travel import StateAt, board_at
from workspace.intents.model.events import Acked, Nacked, Submitted
from workspace.intents.model.ids import intent_id
from workspace.intents.model.intent import LIVE, TERMINAL, IntentContent, frame_of
from workspace.intents.state.board import Entry
from workspace.intents.state.live_board import LiveBoard
from workspace.room.context import Handle
from workspace.room.room import Room
from workspace.sockets.guests import GUEST, IS_NEW

WAIT_SECONDS_MAX = 300
KEY_CHARS_MAX = 200
BOARD_MAX = 500


class NewIntent(IntentContent, frozen=True, kw_only=True):
    """Body of `POST …/intents`: as the socket's `intent`; without `n` the server counts for this token.

    `seen` left out is everything that is durable when the request comes: whoever instructs without reading acts on what
    is there.
    """

    n: int | None = None
    seen: int | None = None


@describe(
    Reply(202, "it is in the log; with its verdict where that came in time", TakenIntent),
    takes=(
        Parameter("wait", "seconds to wait for the verdict", low=0, high=WAIT_SECONDS_MAX, default=0, example=0),
        Parameter(
            "Idempotency-Key",
            f"the same again is answered again; at most {KEY_CHARS_MAX} characters",
            where="header",
            example="order-7",
        ),
    ),
    body=Body(NewIntent, {"text": "set budget.travel to 300"}),
    refuses=(
        "unnamed", "read_only", "document_read_only", "equivocation", "gap", "bad_clock", "bad_scope", "over_share",
        "over_budget", "document_renamed", "document_broken", "document_archived", "document_deleted",
    ),
    is_read=False,
)  # fmt: skip
async def create(request: Request) -> Response:
    """`POST …/intents`: give one; `?wait=30` waits for the verdict, `Idempotency-Key` allows repeats."""
    room, identity = await enter(request, "instruct")
    body = await body_of(request, NewIntent)
    key = request.headers.get("idempotency-key", "")
    if len(key) > KEY_CHARS_MAX:
        raise Problem("malformed", f"Idempotency-Key has at most {KEY_CHARS_MAX} characters.")
    if key and not identity.token_id and request.scope[IS_NEW] and identity.actor == request.scope[GUEST]:
        remedy = "Keep the cookie of this answer, or give a name: ?name=…"
        raise Problem("unnamed", "A repeat could not be told from another guest's request.", remedy=remedy)
    wait = number(request, "wait")
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
        board = room.sequencer.fold.board
        clock = board.lanes.clock(lane)
        n = body.n if body.n is not None else (1 if key else clock.n + 1)
        assert n >= 1 or body.n is not None, "the server counts from 1"
        # A repeat says what was said the first time, whatever has happened since.
        known = board.lanes.seq_of(lane, n)
        now = max(clock.seen, room.durable_seq) if known is None else board.entries[intent_id(known)].body.seen
        seen, delivered = (now, now) if body.seen is None else (body.seen, room.waiters.delivered(identity.actor))
        frame = frame_of(body, n=n, seen=seen)
        handle(Submitted(lane, identity.actor, identity.role, frame, delivered, name))

    try:
        await write(request, room, submit)
    except Exception:
        room.waiters.forget(name)
        raise
    return await future


@describe(
    Reply(200, "the intents", list[IntentNow]),
    Reply(200, "with `at`: how they stood after that record", list[StateAt]),
    takes=(Parameter("state", "only those that stand so", words=tuple(sorted(LIVE | TERMINAL)), example="done"), AT),
)
async def index(request: Request) -> Response:
    """`GET …/intents?state=&at=`: the newest 500, newest first; with `at` as they stood after that record."""
    room, identity = await enter(request, "read")
    state = word(request, "state") or None
    at = number(request, "at")
    if at:
        return answer(msgspec.to_builtins(await _past(room, at, state)))

    def listed() -> list[dict[str, Json]]:
        fold, lives = room.sequencer.fold, room.sequencer.lives
        room.waiters.sent(identity.actor, fold.seq)
        entries = [one for one in reversed(fold.board.entries.values()) if state in (None, lives.state_of(one))]
        return [described(entry, lives) for entry in entries[:BOARD_MAX]]

    return answer(await room.read(listed))


async def _past(room: Room, at: int, state: str | None) -> list[StateAt]:
    if at > room.durable_seq:
        raise Problem("malformed", f"The log ends at {room.durable_seq}.")

    def stood() -> list[StateAt]:
        found = board_at(room.sequencer.fold.board, at)
        return list(islice((standing for standing in found if state in (None, standing.state)), BOARD_MAX))

    return await room.read(stood)


@describe(Reply(200, "the intent", IntentNow))
async def show(request: Request) -> Response:
    """`GET …/intents/ID`: all that the board knows of one."""
    room, identity = await enter(request, "read")

    def found() -> dict[str, Json] | None:
        fold = room.sequencer.fold
        entry = fold.board.entries.get(request.path_params["id"])
        room.waiters.sent(identity.actor, fold.seq)
        return described(entry, room.sequencer.lives) if entry else None

    body = await room.read(found)
    if body is None:
        raise Problem("not_found", "There is no such intent.")
    return answer(body)


def described(entry: Entry, lives: LiveBoard) -> dict[str, Json]:
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
