"""Who runs the server, over HTTP: whoever holds an owner's token of all of it. One question, asked in one place.

A token of a workspace is nobody's here, as everywhere outside of it (401); one of the server with less is somebody's
who may not (403).
"""

from __future__ import annotations

from starlette.requests import Request

from workspace.access import Identity
from workspace.http.problem import Problem
from workspace.http.request import check_query, identity_of, registry_of


async def operator(request: Request, does: str) -> Identity:
    """Return who asks, if they own the server; `does` is what only they do.

    On an open server everybody is an owner, of this too; see `keyed_operator`.

    Raises:
        Problem: nobody is known by what came with the request, or they may less.
    """
    identity = await identity_of(request, None)
    if not identity.may("administer", registry_of(request).clock.now()):
        raise Problem("forbidden", f"Only the server's owner {does}.", remedy="Ask the server's owner.")
    check_query(request)
    return identity


async def keyed_operator(request: Request, does: str) -> Identity:
    """Return who asks, if they hold a key that makes them the server's owner: a guest of an open server has none.

    Where people are, and with which keys, is told to nobody else. Raises as `operator` does.
    """
    identity = await operator(request, does)
    if not identity.token_id:
        remedy = "Come with an owner's token of the whole server, as Authorization: Bearer TOKEN."
        raise Problem("unauthenticated", "A guest of an open server does not run it.", remedy=remedy)
    return identity
