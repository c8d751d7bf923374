"""Errors as `application/problem+json` (RFC 9457): status, stable code, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from crdt.digest import canonical
from crdt.errors import BrokenDocument, CrdtError
from workspace.errors import LogNewer, ReadsFull, RecordUnknown, Refusal, StoreBusy, TooMuchWork, WorkspaceFault
from workspace.intents.rules.gate import LOST_REMEDY

ASK_OWNER = "Ask for something else, or ask the owner to look at the server's log."
STATUS = {
    "document_renamed": 301,
    "malformed": 400,
    "bad_name": 400,
    "unknown_field": 400,
    "unknown_parameter": 400,
    "unnamed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "foreign_host": 403,
    "foreign_origin": 403,
    "read_only": 403,
    "document_read_only": 403,
    "not_found": 404,
    "sign_in_over": 400,
    "login_taken": 409,
    "sign_in_failed": 502,
    "method_not_allowed": 405,
    "timeout": 408,
    "exists": 409,
    "ambiguous": 409,
    "last_owner": 409,
    "name_taken": 409,
    "invitation_spent": 410,
    "bad_content": 422,
    "equivocation": 409,
    "gap": 409,
    "bad_clock": 409,
    "bad_scope": 422,
    "too_large": 413,
    "not_json": 415,
    "range_not_satisfiable": 416,
    "digest_mismatch": 422,
    "blob_gone": 410,
    "blob_named": 409,
    "blob_too_large": 413,
    "blobs_full": 507,
    "blob_share_full": 507,
    "too_many_uploads": 429,
    "upload_ended": 409,
    "rate_limited": 429,
    "head_too_large": 431,
    "over_budget": 429,
    "over_share": 429,
    "too_many_reads": 429,
    "too_much_work": 429,
    "store_busy": 503,
    "store_fault": 503,
    "no_sequencer": 503,
    "document_broken": 409,
    "document_archived": 409,
    "document_deleted": 410,
    "internal": 500,
    "log_corrupt": 500,
    "segment_corrupt": 500,
    "log_newer": 500,
    "record_unknown": 500,
}


class ProblemDetails(msgspec.Struct, frozen=True):
    """The body of a problem: `code` is for programs, `detail` for people, `remedy` what they can do, where there is."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str | msgspec.UnsetType = msgspec.UNSET


class Problem(Exception):
    """A request that cannot be served; becomes a problem response."""

    def __init__(
        self,
        code: str,
        reason: str,
        *,
        remedy: str = "",
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.remedy = remedy
        self.status = status or STATUS.get(code, 400)
        self.headers = dict(headers or {})
        assert 300 <= self.status < 600, "a problem is no success"

    def response(self) -> Response:
        """Return the problem as a response."""
        body = ProblemDetails(
            "about:blank",
            self.code.replace("_", " "),
            self.status,
            self.reason,
            self.code,
            self.remedy or msgspec.UNSET,
        )
        headers = {**({"retry-after": "1"} if self.status in (429, 503) else {}), **self.headers}
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        return Response(canonical(msgspec.to_builtins(body)), self.status, headers, "application/problem+json")


def problem_of(refusal: Refusal) -> Problem:
    """Return the problem that says what a refusal says."""
    return Problem(refusal.code, refusal.reason, remedy=refusal.remedy)


def refuse(refusal: Refusal) -> NoReturn:
    """Raise the problem that says what a refusal says."""
    raise problem_of(refusal)


async def on_problem(_: Request, error: Exception) -> Response:
    """Starlette handler for `Problem`."""
    assert isinstance(error, Problem), "registered for Problem only"
    return error.response()


async def on_fault(_: Request, error: Exception) -> Response:
    """Starlette handler for faults below: what failed, and whether to try again."""
    assert isinstance(error, WorkspaceFault), "registered for WorkspaceFault only"
    remedy = "Try again shortly." if error.retry or isinstance(error, StoreBusy) else ""
    if isinstance(error, LogNewer | RecordUnknown):
        remedy = "Open it with the Folkmoot that wrote it, or a newer one."
    if isinstance(error, TooMuchWork):
        remedy = "Wait a while, and ask for less at once."
    if isinstance(error, ReadsFull):
        remedy = "Wait until some of them have been answered."
    return Problem(error.code, error.reason, remedy=remedy).response()


async def on_unreadable(_: Request, error: Exception) -> Response:
    """Starlette handler for what a document says of itself while it is read."""
    assert isinstance(error, CrdtError), "registered for CrdtError only"
    if error.code == BrokenDocument.code:
        return Problem("document_broken", "This document cannot be read any more.", remedy=LOST_REMEDY).response()
    return Problem("internal", f"The document cannot be read so: {error.reason}", remedy=ASK_OWNER).response()


async def on_bug(_: Request, error: Exception) -> Response:
    """Starlette handler for everything else: the server logs what it was, the one who asked learns that it was."""
    # Its class alone: a message may hold what somebody else has written.
    reason = f"The server could not answer this ({type(error).__name__})."
    return Problem("internal", reason, remedy=ASK_OWNER).response()


async def on_missing(request: Request, error: Exception) -> Response:
    """Starlette handler for unknown paths and methods; a path says which methods it has."""
    status = getattr(error, "status_code", 404)
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "malformed")
    reason = getattr(error, "detail", "") or "There is nothing here."
    if status != 405:
        return Problem(code, reason, status=status).response()
    methods = ", ".join(_methods_at(request))
    reason, remedy = f"{request.method[:40]} is not answered here.", f"There are: {methods}."
    return Problem(code, reason, remedy=remedy, headers={"allow": methods}).response()


def _methods_at(request: Request) -> list[str]:
    """Return the methods of a path, whichever of its routes answers them."""
    # Within a folder of files the path is told from there on.
    whole = {**request.scope, "root_path": request.scope.get("app_root_path", request.scope.get("root_path", ""))}
    found = [route for route in request.app.routes if route.matches(whole)[0] is not Match.NONE]
    assert found, "a method is missing where something is"
    methods = {method for route in found for method in getattr(route, "methods", None) or ("GET", "HEAD")}
    return sorted(methods)
