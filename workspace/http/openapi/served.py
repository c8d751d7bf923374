"""The description as it is served: as JSON for programs, as a page for people. It says nothing of anybody.

Nobody needs a key for it: it is the same for everybody on every server of this version, and what is told here of a
route is no secret that would hold anybody off.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse

from workspace.http.openapi.description import description
from workspace.http.openapi.operation import HTML, JSON, Reply, describe
from workspace.http.openapi.reader import page_of
from workspace.http.pages import HEADERS, NOT_CHANGED, VARY, best_encoding, has_it

ROOTS_MAX = 8
GZIP = frozenset({"gzip"})


@dataclass(frozen=True, slots=True)
class Kept:
    """One form of the description: its bytes, the same compressed, and the type they are of."""

    plain: bytes
    packed: bytes
    media: str

    def response(self, request: Request) -> Response:
        """Return it as a browser takes it; 304 where it has this form already."""
        is_packed = bool(best_encoding(request.headers.get("accept-encoding", ""), GZIP))
        sent = self.packed if is_packed else self.plain
        headers = {**HEADERS, **VARY, "etag": f'"{hashlib.blake2b(sent, digest_size=16).hexdigest()}"'}
        if is_packed:
            headers["content-encoding"] = "gzip"
        response = Response(sent, headers=headers, media_type=self.media)
        return NotModifiedResponse(response.headers) if has_it(request.headers, response.headers) else response


@describe(Reply(200, "this description, as OpenAPI 3.1", media=JSON), NOT_CHANGED, asks="anybody")
async def openapi(request: Request) -> Response:
    """`GET /openapi.json`: every route with what it takes and answers, for programs."""
    return _kept(request)[0].response(request)


@describe(Reply(200, "the page", media=HTML), NOT_CHANGED, asks="anybody")
async def reader(request: Request) -> Response:
    """`GET /api`: every route with what it takes and answers, to read."""
    return _kept(request)[1].response(request)


def _kept(request: Request) -> tuple[Kept, Kept]:
    return _made(request.app, request.scope.get("root_path", ""))


# By prefix: a proxy that is trusted says which it is, and there are few.
@lru_cache(maxsize=ROOTS_MAX)
def _made(app: Starlette, root: str) -> tuple[Kept, Kept]:
    told = description(app.routes, root=root)
    as_json = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    as_page = page_of(told).encode()
    return Kept(as_json, gzip.compress(as_json, mtime=0), JSON), Kept(as_page, gzip.compress(as_page, mtime=0), HTML)
