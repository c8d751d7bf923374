"""One's own inbox over HTTP: the verdicts that are not acknowledged yet, and their acknowledgement."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from workspace.http.openapi.board_answers import OwnInbox
from workspace.http.openapi.operation import Body, Reply, describe
from workspace.http.problem import Problem
from workspace.http.request import answer, body_of, enter
from workspace.protocol.messages import Acknowledge, InboxMessage


@describe(Reply(200, "one's own verdicts", OwnInbox))
async def show(request: Request) -> Response:
    """`GET …/inbox`: the newest 100 of one's own verdicts that are not acknowledged, and how many more."""
    room, identity = await enter(request, "read")
    return _answer(await room.hub.log.inbox.of(identity.actor))


@describe(Reply(200, "what is left", OwnInbox), body=Body(Acknowledge, {"intents": ["i7"]}), is_read=False)
async def acknowledge(request: Request) -> Response:
    """`POST …/inbox`: acknowledge the verdicts on one's own `intents`, all or none; answers with what is left."""
    room, identity = await enter(request, "read")
    if identity.only_reads:
        raise Problem("forbidden", "This token only reads.", remedy="Ask with one that carries your role.")
    body = await body_of(request, Acknowledge)
    problem = room.hub.log.inbox.problem(identity.actor, body.intents)
    if problem is not None:
        raise Problem(problem.code, problem.reason)
    await room.hub.log.inbox.acknowledge(identity.actor, frozenset(body.intents))
    return _answer(await room.hub.log.inbox.of(identity.actor))


def _answer(message: InboxMessage) -> Response:
    return answer({"intents": message.intents, "more": message.more})
