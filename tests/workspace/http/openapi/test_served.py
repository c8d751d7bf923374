"""The description is for anybody, compressed where that is taken, and not sent again to whoever has it."""

from __future__ import annotations

import gzip

import httpx2
import pytest

from tests.support.http import problem
from tests.support.server import running_server
from workspace.settings import Settings


@pytest.mark.parametrize("path", ["/openapi.json", "/api"])
async def test_it_is_for_anybody_and_is_not_sent_twice(path: str) -> None:
    async with running_server(settings=Settings(is_open=True)) as server:
        async with httpx2.AsyncClient(base_url=server.url) as client:
            plain = await client.get(path, headers={"accept-encoding": "identity"})
            packed = await client.get(path, headers={"accept-encoding": "gzip"})
            assert plain.content == packed.content, "the client has unpacked it"
            assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 4
            assert plain.headers["etag"] != packed.headers["etag"]
            assert packed.headers["vary"] == "accept-encoding"
            assert "set-cookie" not in plain.headers, "nobody edits there"
            for told in (plain, packed):
                asked = {"if-none-match": told.headers["etag"]}
                encoding = told.headers.get("content-encoding", "identity")
                again = await client.get(path, headers={**asked, "accept-encoding": encoding})
                assert (again.status_code, again.content) == (304, b"")
            assert (await client.head(path)).status_code == 200
            refused = await client.post(path)
            problem(refused, 405, "method_not_allowed")
            assert refused.headers["allow"] == "GET, HEAD"


async def test_a_path_says_all_the_methods_it_has_whichever_route_answers_them() -> None:
    async with running_server() as server, httpx2.AsyncClient(base_url=server.url) as client:
        for path, methods in {
            "/api/workspaces": "GET, HEAD, POST",
            "/api/workspaces/demo/documents/plan": "DELETE, GET, HEAD, PATCH, PUT",
            "/static/assets/x.js": "GET, HEAD",
        }.items():
            refused = await client.request("TRACE", path)
            problem(refused, 405, "method_not_allowed")
            assert refused.headers["allow"] == methods


def test_the_compressed_form_is_the_same_each_time() -> None:
    assert gzip.compress(b"x", mtime=0) == gzip.compress(b"x", mtime=0), "its tag is of what is sent"
