"""Who asks, the page's cookie, and signing out; what people hold is in `test_people.py`."""

from __future__ import annotations

import httpx2

from tests.support.http import WS, http, problem


async def test_signing_out_takes_the_cookie_away_and_a_token_goes_on() -> None:
    async with http() as (server, client):
        opened = await client.post("/api/session?ws=demo")
        name, _, value = opened.headers["set-cookie"].partition(";")[0].partition("=")
        async with httpx2.AsyncClient(base_url=server.url, headers={"origin": server.url}) as page:
            page.cookies.set(name, value)
            assert (await page.get(WS)).status_code == 200
            out = await page.request("DELETE", "/api/session?ws=demo")
            assert out.status_code == 204
            assert "Max-Age=0" in out.headers["set-cookie"]
        assert (await client.get(WS)).status_code == 200
        problem(await client.get("/api/me"), 401, "unauthenticated")
