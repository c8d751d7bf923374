"""The browser application and what operations ask for: health, metrics.

The page's files go compressed as the build has left them beside, by what a browser takes: `web/pack.mjs` puts `x.js.br`
and `x.js.gz` beside `x.js`, where they are smaller.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from workspace.http.headers import CSP_OF_OTHERS
from workspace.http.openapi.operation import HTML, TEXT, Reply, describe
from workspace.http.problem import Problem
from workspace.http.request import registry_of
from workspace.sockets.origins import is_at_home

HEADERS = {"cache-control": "no-cache"}
# What a worker may load is said with its script.
WORKER_HEADERS = {**HEADERS, "content-security-policy": f"{CSP_OF_OTHERS}; connect-src 'self'"}
# By name, as HTTP has it, what its file ends with; the one that is preferred where a browser takes both comes first.
ENCODINGS = {"br": ".br", "gzip": ".gz"}
# What is spelt otherwise in an old `Accept-Encoding`.
SAME = {"x-gzip": "gzip"}
NOT_CHANGED = Reply(304, "as it was, by the tag in `If-None-Match`", headers={"etag": "the tag of this form"})
NOT_BUILT = Reply(503, "the page is not built", media=HTML)

VARY = {"vary": "accept-encoding"}
METRICS_REMEDY = (
    "Send the token in FOLKMOOT_METRICS_TOKEN, or an owner's of the whole server, as Authorization: Bearer TOKEN;"
    " without one they are read on the server's own machine, at 127.0.0.1."
)
MISSING = """<!doctype html><meta charset="utf-8"><title>Folkmoot</title>
<body style="font:16px system-ui;max-width:36em;margin:4em auto;padding:0 1em">
<h1>The page is not built yet</h1><p>The server runs, but the browser application is missing.
Run <code>make web</code> in the project (Node 20 is needed), then reload.</p>"""


def file_replies(meaning: str, media: str) -> tuple[Reply, ...]:
    """Return what may come of asking for a file: it, a range of it, that it is as it was, that the range is none."""
    return (
        Reply(200, meaning, media=media, headers={"etag": "the tag of this form"}),
        Reply(206, "the range that `Range` names; several as `multipart/byteranges`", media=media),
        Reply(206, "several ranges", media="multipart/byteranges"),
        NOT_CHANGED,
        Reply(400, "`Range` is none", media=TEXT),
        Reply(416, "it does not have that range", media=TEXT),
    )


def assets() -> Path | None:
    """Return the folder of the built page: inside the wheel, or `web/dist` of a checkout; None when not built."""
    here = Path(__file__).resolve().parent.parent
    for folder in (here / "static", here.parent / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None


@describe(*file_replies("the page", HTML), NOT_BUILT, asks="anybody")
async def page(request: Request) -> Response:
    """`GET /`: the application."""
    return await _page(request, "index.html")


@describe(*file_replies("the page", HTML), NOT_BUILT, asks="anybody")
async def workspace(request: Request) -> Response:
    """`GET /w/WS`: the application in a workspace; it names its files one level higher, and is built so."""
    return await _page(request, "workspace.html")


@describe(*file_replies("the page", HTML), NOT_BUILT, asks="anybody")
async def admin(request: Request) -> Response:
    """`GET /admin`: the operator's page; whoever has no key for it reads how to come in, and nothing of the server."""
    return await _page(request, "admin.html")


async def _page(request: Request, name: str) -> Response:
    folder = assets()
    if folder is None or not (folder / name).is_file():
        return HTMLResponse(MISSING, 503, HEADERS)
    return await asyncio.to_thread(file_for, folder / name, request.headers, HEADERS)


@describe(*file_replies("the script", "text/javascript"), asks="anybody", refuses=("not_found",))
async def service_worker(request: Request) -> Response:
    """`GET /service-worker.js`: what opens the page without the server; its own policy lets it load that."""
    folder = assets()
    if folder is None or not (folder / "service-worker.js").is_file():
        raise Problem("not_found", "The page is not built.", remedy="Run 'make web' in the project.")
    return await asyncio.to_thread(file_for, folder / "service-worker.js", request.headers, WORKER_HEADERS)


@describe(
    Reply(307, "on to the page", headers={"location": "the page's own address"}), asks="anybody", refuses=("not_found",)
)
async def without_slashes(request: Request) -> Response:
    """`GET /w/WS/` and `/admin/`: leads to the page itself, whose files are named from its own address."""
    slashes = request.path_params.get("slashes", "")
    if slashes.strip("/"):
        raise Problem("not_found", "There is nothing under this address.")
    name = quote(request.path_params.get("ws", "admin"), safe="")
    query = f"?{request.url.query}" if request.url.query else ""
    # Relative: what a proxy has stripped of the address is not to be guessed.
    return RedirectResponse("../" * (len(slashes) + 1) + name + query, 307)


@describe(Reply(200, "it does", media=TEXT), asks="anybody")
async def healthz(_: Request) -> Response:
    """`GET /healthz`: the process answers."""
    return PlainTextResponse("ok\n")


@describe(Reply(200, "it does", media=TEXT), Reply(503, "why it does not", media=TEXT), asks="anybody")
async def readyz(request: Request) -> Response:
    """`GET /readyz`: the database answers, and makes a write durable; 503 with the reason where it does not."""
    problem = await registry_of(request).readiness.problem()
    return PlainTextResponse(f"{problem}\n", 503) if problem else PlainTextResponse("ready\n")


@describe(Reply(200, "the counters", media=TEXT), asks="maybe_holder", refuses=("unauthenticated",))
async def metrics(request: Request) -> Response:
    """`GET /metrics`: counters in Prometheus text, and where the agent is stopped; for who looks after the server."""
    registry = registry_of(request)
    if not await _may_measure(request):
        raise Problem("unauthenticated", "Counters are for who looks after the server.", remedy=METRICS_REMEDY)
    text = registry.metrics.text() + f"# TYPE folkmoot_rooms gauge\nfolkmoot_rooms {len(registry.rooms)}\n"
    # Of the rooms that are open: to count the others their logs would have to be read.
    stopped = sum("workspace" in room.sequencer.fold.stops.by_scope for room in registry.rooms.values())
    text += "# TYPE folkmoot_agent_stopped gauge\n"
    text += f'folkmoot_agent_stopped{{scope="server"}} {int(registry.switches.server.is_on)}\n'
    text += f'folkmoot_agent_stopped{{scope="workspace"}} {stopped}\n'
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


async def _may_measure(request: Request) -> bool:
    """Tell whether somebody may see the counters: by a token, or at home where none has been set for this alone."""
    registry, own = registry_of(request), registry_of(request).settings.metrics_token
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer":
        return not own and is_at_home(request.scope, registry.settings)
    if own and hmac.compare_digest(token.encode(), own.encode()):
        return True
    identity = await registry.tokens.identify(token, None)
    return identity is not None and identity.may("administer", registry.clock.now())


# ------------------------------------------------------------ the files of the page


@describe(*file_replies("the file", "*/*"), asks="anybody", refuses=("not_found",))
class PageFiles(StaticFiles):
    """The files that a page loads. What lies compressed beside one is that one, and has no address of its own."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return a file; none for what is another's compressed form."""
        if path.endswith(tuple(ENCODINGS.values())):
            return "", None
        return super().lookup_path(path)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer GET and HEAD; anything that is no file of the page's is not found."""
        if path in ("", "."):
            raise HTTPException(404)
        return await super().get_response(path, scope)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return a file as the browser takes it."""
        assert stat.S_ISREG(stat_result.st_mode), "what is asked for is a file"
        return file_for(Path(full_path), Headers(scope=scope), {})


def file_for(path: Path, asked: Headers, more: Mapping[str, str]) -> Response:
    """Return a file in the best form that is there and that a browser takes; 304 where it has that one already.

    Whoever asks for a range of a file is answered by the file itself: the bytes that were counted are its own.
    """
    encoding = "" if "range" in asked else best_encoding(asked.get("accept-encoding", ""), present_beside(path))
    sent = Path(f"{path}{ENCODINGS[encoding]}") if encoding else path
    kept = os.stat(sent)
    headers = {**more, **VARY, "etag": f'"{_digest(sent, (kept.st_mtime_ns, kept.st_ctime_ns, kept.st_size))}"'}
    if encoding:
        headers["content-encoding"] = encoding
    kind = guess_type(path.name)[0] or "application/octet-stream"
    response = FileResponse(sent, headers=headers, media_type=kind, stat_result=kept)
    return NotModifiedResponse(response.headers) if has_it(asked, response.headers) else response


def present_beside(path: Path) -> frozenset[str]:
    """Return the names of the forms in which a file lies beside itself."""
    return frozenset(name for name, ending in ENCODINGS.items() if Path(f"{path}{ending}").is_file())


def best_encoding(accepted: str, present: frozenset[str]) -> str:
    """Return the form to send, of those that are there, by an `Accept-Encoding` (RFC 9110 §12.5.3); empty for none."""
    wanted = dict[str, float]()
    for part in accepted.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        weights = [word[2:].strip() for word in parameters if word.startswith("q=")]
        wanted[SAME.get(name, name)] = _weight(weights[-1]) if weights else 1.0
    others = wanted.get("*", 0.0)
    weighed = {name: wanted.get(name, others) for name in ENCODINGS if name in present}
    best = max(weighed, key=weighed.__getitem__, default="")
    return best if best and weighed[best] > 0 and weighed[best] >= wanted.get("identity", 0.0) else ""


def _weight(text: str) -> float:
    """Return a weight; 0 for what is none, so that nobody is sent what they may not have asked for."""
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if 0 <= found <= 1 else 0.0


@functools.lru_cache(maxsize=256)
def _digest(path: Path, _: tuple[int, ...]) -> str:
    """Return what tells the bytes of a file from all others, read again where it was written meanwhile.

    Not its age and size: a wheel gives one date to all of its files, and a page that names other files is as long.
    """
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def has_it(asked: Headers, told: Headers) -> bool:
    """Tell whether a browser has this very form of a file, by its tag; its age says nothing, as above."""
    tags = [tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")]
    return told["etag"] in tags or "*" in tags
