"""Every answer carries the headers of all: each route, each file, each error, whoever made it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
from starlette.routing import Mount, Route

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import WS, problem
from tests.support.server import running_server
from workspace.app import API, OPERATIONS, create_app
from workspace.clock import SystemClock
from workspace.http import pages
from workspace.http.headers import CSP, completed
from workspace.settings import Settings
from workspace.store.memory import MemoryStore

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
YEAR = "max-age=31536000"


def every_path() -> Iterator[str]:
    """Yield a path for every route that an application has, and for every file it mounts."""
    app = create_app(Settings(), store=MemoryStore(), planner=None, clock=SystemClock())
    for route in app.routes:
        if isinstance(route, Route):
            yield route.path.replace("{ws}", "demo").replace("{doc:path}", "plan").replace("{id}", "i1")
        else:
            assert isinstance(route, Mount), f"a route of another kind: {route}"
            folder = Path(route.app.directory)  # type: ignore[attr-defined]
            files = [path for path in folder.rglob("*") if path.is_file()]
            yield from (f"{route.path}/{path.relative_to(folder)}" for path in files)


PATHS = sorted(set(every_path()))
MISSES = [
    "/nothing",
    "/api/nothing",
    "/static/",
    "/static/index.html",
    "/static/assets",
    "/static/assets/",
    "/static/assets/none.js",
    "/static/../x",
    "/healthz/",
    "/w/",
    "/%",
    "/w/a%0d%0ab",
]


def check(answer: httpx2.Response) -> None:
    """Check the headers of one answer by what it is, not by how it came about."""
    told, request = answer.headers, answer.request
    where = f"{request.method} {request.url} {answer.status_code} {dict(told)}"
    assert told["x-content-type-options"] == "nosniff", where
    assert told["referrer-policy"] == "no-referrer", where
    assert told["x-frame-options"] == "DENY", where
    assert told["cross-origin-resource-policy"] == "same-origin", where
    csp = told["content-security-policy"]
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(csp.split("; ")), where
    assert ("script-src 'self'" in csp) == told.get("content-type", "").startswith("text/html"), where
    for name in ("content-security-policy", "cache-control", "x-content-type-options"):
        assert len(told.get_list(name)) == 1, where
    path = request.url.path
    is_hashed = re.fullmatch(r"/static/assets/.+-[\w-]{8}\.\w+", path) and answer.is_success
    is_page = (
        path in ("/", "/admin", "/api", "/openapi.json", "/service-worker.js") or path.startswith(("/static/", "/w/"))
    ) and answer.is_success
    wanted = f"public, {YEAR}, immutable" if is_hashed else "no-cache" if is_page else "no-store"
    assert told["cache-control"] == ("no-store" if "set-cookie" in told else wanted), where


def test_all_routes_and_the_pages_files_are_walked() -> None:
    assert len(PATHS) >= len({route.path for route in (*API, *OPERATIONS)}) + 3
    assert any(path.endswith(".js") for path in PATHS)
    assert any(path.endswith(".js.gz") for path in PATHS), "compressed forms have no address, which is an answer too"


@pytest.mark.parametrize(("who", "is_open"), [("nobody", False), ("owner", False), ("nobody", True)])
async def test_every_route_file_and_error_has_the_headers_under_every_method(who: str, is_open: bool) -> None:
    settings = Settings(is_open=is_open)
    async with running_server(planner=BuiltinPlanner(), settings=settings) as server:
        token = await server.token("ana", "owner", ws=None)
        headers = {"authorization": f"Bearer {token}"} if who == "owner" else {}
        seen: set[int] = set()
        async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=20) as client:
            for path in [*PATHS, *MISSES]:
                for method in METHODS:
                    if method == "DELETE" and path == WS:
                        continue  # last of all
                    client.cookies.clear()
                    answer = await client.request(method, path)
                    check(answer)
                    seen.add(answer.status_code)
            check(await client.delete(WS))
            check(await client.post(f"{WS}/intents", headers={"origin": "http://evil.example"}))
            check(await client.post(f"{WS}/intents", content=b"{"))
            check(await client.post(f"{WS}/intents", content=b"x" * (2 << 20)))
        assert {200, 404, 405} <= seen
        assert who == "owner" or is_open or 401 in seen


async def test_an_answer_of_a_bug_and_a_stream_have_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_server() as server:
        headers = {"authorization": f"Bearer {await server.token('ana', 'owner')}"}
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
            for accept in ("application/x-ndjson", "text/event-stream"):
                check(await client.get(f"{WS}/log", headers={"accept": accept}))

            def breaks() -> None:
                raise RuntimeError("a bug")

            monkeypatch.setattr(server.registry.metrics, "text", breaks)
            answer = await client.get("/metrics", headers={"authorization": ""})
            assert answer.status_code == 500
            check(answer)


async def test_a_file_that_has_not_changed_says_nothing_that_would_replace_its_policy() -> None:
    async with running_server() as server, httpx2.AsyncClient(base_url=server.url) as client:
        first = await client.get("/w/demo")
        again = await client.get("/w/demo", headers={"if-none-match": first.headers["etag"]})
        assert again.status_code == 304
        assert "content-security-policy" not in again.headers
        assert again.headers["x-content-type-options"] == "nosniff"
        assert again.headers["cache-control"] == "no-cache"


async def test_the_page_loads_what_it_names_and_nothing_from_elsewhere() -> None:
    async with running_server() as server, httpx2.AsyncClient(base_url=server.url) as client:
        for path in ("/", "/w/demo", "/admin"):
            answer = await client.get(path)
            assert answer.headers["content-security-policy"].split("; ").count("script-src 'self'") == 1
            names = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', answer.text)
            assert len(names) >= 3
            for named in names:
                assert not re.match(r"/|\w+:", named), f"{named} is relative: a prefix may stand before it"
                asset = await client.get(urljoin(str(answer.url), named))
                assert (asset.status_code, YEAR in asset.headers["cache-control"]) == (200, True), named


def test_a_guests_page_is_kept_by_nobody() -> None:
    told = dict(completed("/", 200, [(b"cache-control", b"no-cache"), (b"set-cookie", b"a=b")]))
    assert told[b"cache-control"] == b"no-store"


def test_what_an_answer_says_itself_stands() -> None:
    told = completed("/x", 200, [(b"Content-Security-Policy", b"sandbox"), (b"Cache-Control", b"max-age=5")])
    assert [value for name, value in told if name.lower() == b"content-security-policy"] == [b"sandbox"]
    assert [value for name, value in told if name.lower() == b"cache-control"] == [b"max-age=5"]


async def test_the_page_that_is_not_built_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "assets", lambda: None)
    async with running_server() as server, httpx2.AsyncClient(base_url=server.url) as client:
        for path in ("/", "/admin"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert answer.headers["content-security-policy"] == CSP
        problem(await client.get("/static/index.html"), 404, "not_found")
