"""Whether who asked may still have the answer: rights are looked at when a request comes, and until it is answered.

A request holds the identity it came with (`registry.authority`). What is read is not handed out once that is over; what
is written is looked at again behind the body, which may be long in coming. What was written while it was allowed is
answered as it was done.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.types import Message, Scope, Send

from workspace.access import Identity
from workspace.http.problem import Problem
from workspace.intents.model.intent import rank_of
from workspace.registry.authority import Authority

HOLDS = "folkmoot.holds"
READS = frozenset({"GET", "HEAD"})


def hold(request: Request, authority: Authority, identity: Identity, ws: str | None) -> None:
    """Hold an identity that was just established until the request is over."""
    request.scope.setdefault(HOLDS, []).append((authority.hold(identity, ws), rank_of(identity.role)))


def is_over(scope: Scope) -> bool:
    """Tell whether the rights are over under which a request came: they ended, or have become fewer."""
    return any(held.is_over or rank_of(held.identity.role) < rank for held, rank in scope.get(HOLDS, ()))


def check(request: Request) -> None:
    """Raise `Problem` where the rights are over under which a request came; called behind each wait.

    That is unauthenticated, or forbidden for who may less than when they asked: their key is as good as before.
    """
    if is_over(request.scope):
        raise ended(request.scope)


def ended(scope: Scope) -> Problem:
    """Return the problem of somebody whose rights ended, or became fewer, while they were answered."""
    if not any(held.is_over for held, _ in scope.get(HOLDS, ())):
        reason = "You may less here now than when you asked this."
        return Problem("forbidden", reason, remedy="Ask again, for what you may now.")
    reason = "The rights with which this was asked ended before it was answered."
    return Problem("unauthenticated", reason, remedy="Ask again; where nothing is left, ask the owner for a link.")


def end_of(request: Request) -> asyncio.Future[None]:
    """Return a future that is done once the rights are over under which a request came."""
    end = _End()
    for held, _ in request.scope.get(HOLDS, ()):
        held.tell(end)
    return end.over


class _End:
    """Waits for the end of rights; whether they change meanwhile is asked where an answer is given."""

    def __init__(self) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def rights_are_over(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def rights_are(self, identity: Identity) -> None:
        pass


def guard(scope: Scope, send: Send) -> Send:
    """Return a `send` that hands nothing out that was read for somebody whose rights ended meanwhile."""
    if scope["method"] not in READS:
        return send
    is_refused = False

    async def send_while_allowed(message: Message) -> None:
        nonlocal is_refused
        if message["type"] == "http.response.start" and message["status"] < 400 and is_over(scope):
            is_refused = True
            response = ended(scope).response()
            await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
            await send({"type": "http.response.body", "body": response.body})
        elif not is_refused:
            await send(message)

    return send_while_allowed


def release(scope: Scope, authority: Authority) -> None:
    """Let go of what a request held: it was answered, or is gone."""
    for held, _ in scope.pop(HOLDS, ()):
        authority.release(held)
