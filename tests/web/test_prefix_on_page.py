"""The page under a prefix that nobody has told it: people work in it, the operator's page links into it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import async_playwright, expect

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import running_server
from tests.web.test_page import WAIT
from workspace.settings import Settings

pytestmark = pytest.mark.browser
PREFIX = "/notes/team"


@pytest.mark.parametrize("page_of", ["/w/demo", "/w/demo/", "/w/demo//"])
async def test_people_work_on_a_page_under_a_prefix(page_of: str) -> None:
    async with running_server(planner=BuiltinPlanner(), settings=Settings(root_path=PREFIX)) as server:
        token = await server.token("ana", "owner")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = await browser.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("websocket", lambda socket: asked.append(socket.url.replace("ws://", "http://")))
            await page.goto(f"{server.url}{PREFIX}{page_of}#token={token}")
            await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
            assert page.url.partition("?")[0] == f"{server.url}{PREFIX}/w/demo"
            own = [url for url in asked if url.startswith(server.url) and not url.endswith("/favicon.ico")]
            assert any("/ws/demo" in url for url in own)
            assert [url for url in own if not url.startswith(f"{server.url}{PREFIX}/")] == []
            kept = await page.evaluate("Object.keys(sessionStorage).join()")
            assert f"folkmoot:{PREFIX}/demo:token" in kept
            await browser.close()


async def test_the_operators_page_leads_into_a_workspace_under_a_prefix() -> None:
    async with running_server(planner=BuiltinPlanner(), settings=Settings(root_path=PREFIX)) as server:
        key = await server.token("Ops", "owner", ws=None)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = await browser.new_page()
            await page.goto(f"{server.url}{PREFIX}/admin#token={key}")
            await page.get_by_role("link", name="Demo").click(timeout=WAIT)
            await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
            assert re.match(re.escape(f"{server.url}{PREFIX}/w/demo"), page.url)
            await browser.close()
