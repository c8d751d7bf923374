"""The log over HTTP: read, follow, verify, replay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from crdt.digest import Json
from workspace.access import person_in
from workspace.history.blob_names import names_in_log, names_told_only
from workspace.history.read import read_all, verify_log
from workspace.history.redact import redact_intent
from workspace.http.entitlement import check as check_entitlement
from workspace.http.entitlement import end_of
from workspace.http.fields import unknown_field
from workspace.http.openapi.operation import Body, Parameter, Reply, describe
from workspace.http.openapi.parameters import SEQ_MAX
from workspace.http.openapi.workspace_answers import LogLine, Redacted, Replayed
from workspace.http.problem import Problem, refuse
from workspace.http.request import answer, body_of, enter, number, registry_of, whole_number, word
from workspace.intents.audit.decision_review import changed
from workspace.intents.audit.verify import Report, verify
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.blobs import Losses
from workspace.intents.model.bodies import BODIES, PolicyConfig
from workspace.intents.rules.policy import check as check_policy
from workspace.ports import Store
from workspace.protocol.messages import encode_record
from workspace.room.room import Room
from workspace.threads import compute

PAGE = 500
KEEP_ALIVE_SECONDS = 15.0


class ReplayOrder(msgspec.Struct, frozen=True):
    """Body of `POST …/replay`; `policy` holds the fields of the policy that are to be others."""

    mode: str = "audit"
    to: int | None = None
    policy: dict[str, Json] | None = None


class Redact(msgspec.Struct, frozen=True):
    """Body of `POST …/redact`; with `blobs` the files go too that nothing but the words named."""

    intent: str
    blobs: bool = False


@describe(
    Reply(200, "one record a line", LogLine, media="application/x-ndjson"),
    Reply(200, "one record an event, where `Accept` names this form", media="text/event-stream"),
    takes=(
        Parameter("from", "the first record", low=1, high=SEQ_MAX, example=1),
        Parameter("to", "the last record", low=0, high=SEQ_MAX, default=SEQ_MAX, example=40),
        Parameter("kind", "records of this kind alone", words=tuple(map(str, BODIES)), example="intent"),
        Parameter("follow", "go on as they come", words=("true", "false", "1", "0"), default="false", example="false"),
        Parameter("Last-Event-ID", "of events: the last record one has", where="header", example="40"),
    ),
)
async def show(request: Request) -> Response:
    """`GET …/log?from=&to=&kind=&follow=`: its records, as NDJSON, or as SSE where the client accepts it."""
    room, identity = await enter(request, "read")
    is_sse = "text/event-stream" in request.headers.get("accept", "")
    after = whole_number(request.headers.get("last-event-id", ""))
    first = number(request, "from", default=1 if after is None else after + 1)
    last = number(request, "to")
    kind = word(request, "kind") or None
    follow = word(request, "follow") in ("1", "true")
    lines = _lines(
        room, identity.actor, first=first, last=last, kind=kind, follow=follow, is_sse=is_sse, over=end_of(request)
    )
    return StreamingResponse(lines, media_type="text/event-stream" if is_sse else "application/x-ndjson")


async def _lines(
    room: Room,
    actor: str,
    *,
    first: int,
    last: int,
    kind: str | None,
    follow: bool,
    is_sse: bool,
    over: asyncio.Future[None],
) -> AsyncIterator[bytes]:
    """Yield records in order as they become durable; a keep-alive line where nothing comes for 15 s.

    Ends once `over` is done: the rights under which it was asked for.
    """
    cursor = first
    while True:
        # No further than the disk: what is shown must still be there after a crash.
        top = min(last, room.durable_seq)
        while cursor <= top:
            rows = await room.store.rows(room.ws, first=cursor, last=min(top, cursor + PAGE - 1), limit=PAGE)
            for row in rows:
                if over.done():
                    return
                if kind in (None, row.kind):
                    line = encode_record(row)
                    yield b"id: %d\ndata: %s\n\n" % (row.seq, line) if is_sse else line + b"\n"
            assert not rows or cursor <= rows[-1].seq <= top, "a page is inside what was asked for"
            cursor = rows[-1].seq + 1 if rows else top + 1
            room.waiters.sent(actor, cursor - 1)
        if not follow or cursor > last or not room.is_open or over.done():
            return
        if not await room.waiters.await_records(cursor, KEEP_ALIVE_SECONDS, over) and not over.done():
            yield b": still here\n\n" if is_sse else b"\n"


@describe(Reply(200, "what verifying found", Report), refuses=("too_many_reads",))
async def check(request: Request) -> Response:
    """`GET …/verify`: the whole log again, beside the loop; for as long as nothing is written, the last report."""
    room, identity = await enter(request, "read")
    registry = registry_of(request)
    reads, ws = registry.reads, room.ws
    key = ("verify", *await reads.head(ws))
    report = await reads.once(key, person_in(ws, identity.actor), lambda: verify_log(registry.store, ws), is_kept=True)
    return answer(report)


@describe(Reply(200, "the words are gone", Redacted), body=Body(Redact, {"intent": "i7"}), is_read=False)
async def redact(request: Request) -> Response:
    """`POST …/redact`: take an intent's words out of log and archive; the chain stays valid. Sockets reconnect."""
    room, identity = await enter(request, "grant")
    body = await body_of(request, Redact)
    told = await names_told_only(room.store, room.ws, body.intent) if body.blobs else frozenset[str]()
    changed = await redact_intent(room, body.intent, actor=identity.actor)
    if changed is None:
        raise Problem("not_found", "There is no such intent.")
    if not body.blobs:
        return answer({"intent": body.intent, "records": changed})
    named = await names_in_log(room.store, room.ws) if told else frozenset[str]()
    # Where a document cannot be read, nobody knows what it names.
    lost = told - named if named is not None else frozenset[str]()
    taken = await room.store.lose_blobs(room.ws, sorted(lost), Losses.REDACTED)
    return answer({"intent": body.intent, "records": changed, "blobs": list[Json](taken)})


@describe(
    Reply(200, "how each decision comes out", Replayed),
    body=Body(ReplayOrder, {"mode": "what-if", "policy": {"chain": ["first"]}}),
    refuses=("too_many_reads",),
    is_read=False,
)
async def replay(request: Request) -> Response:
    """`POST …/replay`: `audit` verifies, checks every commit's conditions and decides everything again.

    `what-if` decides by a policy of which some fields are others; the rest is the log's own, as it was at each record.
    """
    room, identity = await enter(request, "read")
    order = await body_of(request, ReplayOrder)
    if order.mode not in ("audit", "what-if") or (order.mode == "what-if" and order.policy is None):
        raise Problem("malformed", "mode is 'audit', or 'what-if' with a policy.")
    _check_changes(order.policy or {})
    reads, ws = registry_of(request).reads, room.ws
    key = ("replay", *await reads.head(ws), msgspec.json.encode(order, order="deterministic"))
    body = await reads.once(key, person_in(ws, identity.actor), lambda: _replayed(reads.store, ws, order), is_kept=True)
    check_entitlement(request)  # it is read, though it is a POST, and may take long
    return answer(body)


async def _replayed(store: Store, ws: str, order: ReplayOrder) -> dict[str, Json]:
    """Return what a replay came to."""
    rows, journal = await read_all(store, ws)
    kept = [row for row in rows if order.to is None or row.seq <= order.to]
    again = await compute(decide_again, kept, journal, changes=order.policy)
    body: dict[str, Json] = {"mode": order.mode, "decisions": msgspec.to_builtins(again)}
    if order.mode == "audit":
        body["report"] = msgspec.to_builtins(await compute(verify, kept, journal))
    return body


def _check_changes(changes: dict[str, Json]) -> None:
    unknown = unknown_field(changes, PolicyConfig)
    if unknown:
        raise Problem("unknown_field", unknown, remedy="Leave it out, or spell it as one of these.")
    try:
        refusal = check_policy(changed(PolicyConfig(), changes))
    except ValueError as error:
        raise Problem("malformed", f"The policy does not fit: {error}.") from error
    if refusal is not None:
        refuse(refusal)
