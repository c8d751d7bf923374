"""What a page keeps when its person's link ends, when a rule refuses what was typed, when it is closed half-way."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Dialog, Error, Page, expect

from tests.support.until import until
from tests.web.loss.stage import Stage
from tests.web.loss.story import KEPT_PAGE
from tests.web.test_page import SHOTS, WAIT, stage, visit

pytestmark = pytest.mark.browser


async def typed(page: Page, text: str) -> None:
    """Write at the end of the document that is shown."""
    editor = page.get_by_test_id("editor")
    await editor.focus()
    await page.keyboard.press("Control+End")
    await page.keyboard.insert_text(text)


async def test_a_new_link_goes_on_in_the_tab_whose_link_has_ended() -> None:
    async with stage() as (server, browser):
        context, page, _ = await visit(server, browser, "ana", scheme="dark", width=390)
        await typed(page, " before")
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=WAIT)
        await page.get_by_test_id("composer").fill("half an instruction")
        token = await page.evaluate("() => sessionStorage['folkmoot:demo:token']")
        await server.registry.revoke("demo", actor=None, token_id=token.split("_")[1])
        await expect(page.get_by_test_id("ended")).to_be_visible(timeout=WAIT)
        await typed(page, " meanwhile")
        await expect(page.get_by_test_id("ended")).to_be_in_viewport()
        if SHOTS:
            await page.screenshot(path=f"{SHOTS}/ended-dark-390.png")
        await page.get_by_label("Your new link").fill("nonsense")
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_test_id("ended")).to_contain_text("ends in #token=")
        await page.get_by_label("Your new link").fill(f"{server.url}/w/demo#token={await server.token('ana')}")
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=WAIT)
        assert "#" not in page.url, "the token does not stay in the address"
        await typed(page, " after")
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=WAIT)
        assert await page.get_by_test_id("composer").input_value() == "half an instruction"
        room = await server.registry.room("demo")
        assert room.sequencer.fold.documents["plan"].text().rstrip().endswith("before meanwhile after")
        await context.close()


async def test_what_a_rule_refuses_is_set_aside_and_what_comes_after_goes_on() -> None:
    async with stage() as (server, browser):
        _, page, _ = await visit(server, browser, "ana")
        _, olga, _ = await visit(server, browser, "olga", role="owner")
        await page.context.set_offline(True)
        await page.evaluate("() => dispatchEvent(new Event('offline'))")
        await expect(page.get_by_test_id("connection")).to_contain_text("offline", timeout=30_000)
        await typed(page, "\nmine, and not allowed\n")
        rules = '{"places": {"plan": [{"actor": "ana", "role": "viewer"}]}}'
        put = f"""() => fetch('/api/workspaces/demo/rights', {{ method: 'PUT', body: '{rules}', headers: {{
            'content-type': 'application/json', authorization: 'Bearer ' + sessionStorage['folkmoot:demo:token'] }} }})
            .then((answer) => answer.status)"""
        assert await olga.evaluate(put) == 200
        await page.context.set_offline(False)
        aside = page.get_by_test_id("set-aside")
        await expect(aside).to_contain_text("mine, and not allowed", timeout=WAIT)
        await expect(page.get_by_test_id("editor")).not_to_contain_text("mine, and not allowed")
        if SHOTS:
            await page.screenshot(path=f"{SHOTS}/set-aside-light-1280.png")
        await page.reload()
        await expect(aside).to_contain_text("mine, and not allowed", timeout=WAIT)
        await page.get_by_test_id("doc-tab").get_by_text("budget", exact=True).click()
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=WAIT)
        await aside.get_by_test_id("aside-done").click()
        await expect(aside).to_have_count(0)


async def test_a_tab_that_is_closed_offline_leaves_everything_to_the_next_one() -> None:
    async with stage() as (server, browser):
        context, page, _ = await visit(server, browser, "ana")
        await context.set_offline(True)
        await page.evaluate("() => dispatchEvent(new Event('offline'))")
        await expect(page.get_by_test_id("connection")).to_contain_text("offline", timeout=30_000)
        await typed(page, " typed offline")
        await page.get_by_test_id("composer").fill('append "asked offline" to plan')
        await page.get_by_test_id("send").click()
        await page.get_by_test_id("composer").fill("half of it")
        asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def agree(dialog: Dialog) -> None:
            asked.set_result(dialog.type)
            # The page may be gone before it has said that it heard this.
            with suppress(Error):
                await dialog.accept()

        page.once("dialog", agree)
        with suppress(Error):
            await page.close(run_before_unload=True)
        assert await asyncio.wait_for(asked, 10) == "beforeunload", "the browser asks before it closes"
        await until(page.is_closed)
        await context.set_offline(False)
        page = await context.new_page()
        await page.goto(f"{server.url}/w/demo#token={await server.token('ana')}")
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=WAIT)
        await expect(page.get_by_test_id("editor")).to_contain_text("typed offline")
        await expect(page.get_by_test_id("editor")).to_contain_text("asked offline", timeout=WAIT)
        assert await page.get_by_test_id("composer").input_value() == "half of it"
        room = await server.registry.room("demo")
        text = room.sequencer.fold.documents["plan"].text()
        assert (text.count("typed offline"), text.count("asked offline")) == (1, 1)


async def test_the_page_opens_and_writes_without_the_server_and_brings_it_all_along() -> None:
    async with stage() as (server, browser):
        context, page, _ = await visit(server, browser, "ana")
        await page.evaluate(KEPT_PAGE)
        await context.set_offline(True)
        await page.reload()
        await expect(page.get_by_test_id("editor")).to_contain_text("Spring gathering", timeout=WAIT)
        await expect(page.get_by_test_id("connection")).to_contain_text("offline", timeout=30_000)
        await typed(page, " written without a server")
        await page.get_by_test_id("composer").fill('append "asked without a server" to plan')
        await page.get_by_test_id("send").click()
        await page.reload()
        await expect(page.get_by_test_id("editor")).to_contain_text("written without a server", timeout=WAIT)
        await context.set_offline(False)
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=30_000)
        await expect(page.get_by_test_id("editor")).to_contain_text("asked without a server", timeout=WAIT)
        room = await server.registry.room("demo")
        text = room.sequencer.fold.documents["plan"].text()
        assert (text.count("written without a server"), text.count("asked without a server")) == (1, 1)


async def test_another_persons_link_says_nothing_of_what_was_written_before(tmp_path: Path) -> None:
    """While the server is gone nobody knows whose link it is: what the first one wrote waits, and stays theirs."""
    async with Stage(tmp_path) as stage:
        await stage.ask("POST", "/api/workspaces", {"id": "w", "documents": {"plan": "text"}})
        tokens = {}
        for who in ("Eve", "Fay"):
            made = await stage.ask("POST", "/api/workspaces/w/tokens", {"actor": who, "role": "editor"})
            tokens[who] = made["token"]
        context = await stage.browser.new_context()
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{stage.port}/w/w#token={tokens['Eve']}")
        await page.get_by_test_id("editor").wait_for(timeout=WAIT)
        await stage.kill()
        await expect(page.get_by_test_id("connection")).to_contain_text("offline", timeout=30_000)
        await typed(page, "EVES")
        await page.evaluate("(token) => { location.hash = `token=${token}` }", tokens["Fay"])
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await stage.start()
        # The page of the other one opens; those words came under the link that they were written under.
        await expect(page.get_by_text("Fay (you)")).to_be_visible(timeout=30_000)
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=WAIT)
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{stage.port}/w/w#token={tokens['Eve']}")
        await expect(page.get_by_test_id("editor")).to_contain_text("EVES", timeout=WAIT)
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=WAIT)
        blamed = await stage.ask("GET", "/api/workspaces/w/attribution/plan")
        assert {part["by"] for part in blamed["stretches"] if "EVES" in part["text"]} == {"Eve"}


async def test_a_page_without_a_link_takes_one_in_the_same_tab() -> None:
    async with stage() as (server, browser):
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{server.url}/w/demo")
        await expect(page.get_by_test_id("not-opened")).to_contain_text("needs a link", timeout=WAIT)
        await page.evaluate("(token) => { location.hash = `token=${token}` }", await server.token("ana"))
        await expect(page.get_by_test_id("editor")).to_be_visible(timeout=WAIT)


@pytest.mark.parametrize("store", ["full", "forbidden"])
async def test_a_browser_that_keeps_nothing_opens_the_page_all_the_same(store: str) -> None:
    full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }"
    forbidden = """for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } })"""
    async with stage() as (server, browser):
        context = await browser.new_context()
        await context.add_init_script(full if store == "full" else forbidden)
        page = await context.new_page()
        await page.goto(f"{server.url}/w/demo#token={await server.token('ana')}")
        await expect(page.get_by_test_id("editor")).to_be_visible(timeout=WAIT)
        await typed(page, " all the same")
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=WAIT)
        room = await server.registry.room("demo")
        assert "all the same" in room.sequencer.fold.documents["plan"].text()


async def test_a_disk_that_takes_nothing_any_more_is_told_of() -> None:
    broken = """const put = IDBObjectStore.prototype.add
        IDBObjectStore.prototype.add = function (...given) {
            const made = put.apply(this, given)
            if (window.isFull) queueMicrotask(() => { try { this.transaction.abort() } catch {} })
            return made
        }"""
    async with stage() as (server, browser):
        context = await browser.new_context()
        await context.add_init_script(broken)
        page = await context.new_page()
        await page.goto(f"{server.url}/w/demo#token={await server.token('ana')}")
        await expect(page.get_by_test_id("connection")).to_have_text("saved", timeout=WAIT)
        await page.evaluate("() => { window.isFull = true }")
        await context.set_offline(True)
        await page.evaluate("() => dispatchEvent(new Event('offline'))")
        await typed(page, " gone")
        await expect(page.get_by_test_id("connection")).to_contain_text("keep this page open", timeout=30_000)
