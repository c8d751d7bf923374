"""Documents of any name on the page: made, opened by tab and by link, reloaded, gone back to; texts with `\\r\\n`."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import httpx2
import pytest
from playwright.async_api import Dialog, Page, expect

from tests.stock.test_y_websocket import stock_peer
from tests.support.server import Running
from tests.web.test_page import WAIT, shoot, stage, visit
from workspace.errors import CLOSE_RESTART

pytestmark = pytest.mark.browser
NAMES = ("FAQ?", "a\\b", "C#", "100%", "50%25", "a b", "ü/é", "x%2Fy", "a;b+c&d:e", "😀", "שלום", "$&", "=")


def tab(page: Page, name: str) -> object:
    return page.get_by_test_id("doc-tab").get_by_text(name, exact=True)


async def make(page: Page, name: str, *, is_refused: bool = False) -> str:
    """Type a name where the page asks for one; return what the page says where it is refused."""
    said: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def reply(dialog: Dialog) -> None:
        if dialog.type == "prompt":
            await dialog.accept(name)
        else:
            said.set_result(dialog.message)
            await dialog.dismiss()

    page.on("dialog", reply)
    await page.get_by_role("button", name="New document").click()
    if is_refused:
        async with asyncio.timeout(20):
            await said
    else:
        await is_open(page, name)
    page.remove_listener("dialog", reply)
    return said.result() if said.done() else ""


async def is_open(page: Page, name: str) -> None:
    """Wait until a document is open and saved: its tab is the current one."""
    current = page.locator("[data-testid=doc-tab][aria-current=page]")
    await expect(current).to_have_text(name, timeout=WAIT)
    await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)


async def text_on_server(server: Running, name: str) -> str:
    room = await server.registry.room("demo")
    return await room.read(lambda: room.sequencer.fold.documents[name].text())


async def until_text(server: Running, name: str, text: str) -> None:
    room = await server.registry.room("demo")
    async with asyncio.timeout(20):
        while (now := await text_on_server(server, name)) != text:
            assert await room.waiters.await_records(room.durable_seq + 1, 10), (now, text)


async def test_every_name_is_made_opened_reloaded_and_linked_to() -> None:
    async with stage() as (server, browser):
        _, page, problems = await visit(server, browser, "Ana")
        for name in NAMES:
            assert await make(page, name) == ""
            await page.locator(".cm-content").click()
            await page.keyboard.type(f"this is {name}")
            await until_text(server, name, f"this is {name}")
            await page.reload()
            await is_open(page, name)
            await expect(page.locator(".cm-content")).to_have_text(f"this is {name}", timeout=WAIT)
        await shoot(page, "names")
        for name in NAMES:
            await page.goto(f"{server.url}/w/demo?doc={quote(name, safe='')}")
            await is_open(page, name)
            await expect(page.locator(".cm-content")).to_have_text(f"this is {name}", timeout=WAIT)
            assert await text_on_server(server, name) == f"this is {name}"
        assert problems == []


async def test_the_address_follows_the_tabs_and_back_goes_back() -> None:
    async with stage() as (server, browser):
        _, page, _ = await visit(server, browser, "Ana")
        assert await make(page, "specs/api v1?") == ""
        await page.get_by_test_id("composer").fill('append "by the agent" to "specs/api v1?"')
        await page.get_by_test_id("scope-chip").get_by_text("specs/api v1?").wait_for()
        await page.get_by_test_id("composer").fill("")
        await tab(page, "budget").click()  # type: ignore[attr-defined]
        await is_open(page, "budget")
        await page.go_back()
        await is_open(page, "specs/api v1?")
        await page.go_back()
        await is_open(page, "plan")
        await page.go_forward()
        await is_open(page, "specs/api v1?")
        assert page.url.endswith("/w/demo?doc=specs%2Fapi+v1%3F")


async def test_an_instruction_on_a_document_with_an_odd_name_reaches_it() -> None:
    async with stage() as (server, browser):
        _, page, _ = await visit(server, browser, "Ana")
        await make(page, "50%25")
        await page.get_by_test_id("composer").fill('append "from the agent"')
        await page.get_by_test_id("send").click()
        await expect(page.locator(".cm-content")).to_contain_text("from the agent", timeout=WAIT)
        assert "from the agent" in await text_on_server(server, "50%25")


async def test_a_name_that_cannot_be_made_is_told_by_its_rule_and_makes_nothing() -> None:
    async with stage() as (server, browser):
        _, page, _ = await visit(server, browser, "Ana")
        for name, rule in (("a/../b", "“..”"), ("a/./b", "“.”"), ("a//b", "“/”"), ("_own", "'_'"), ("a..b", "'..'")):
            assert rule in await make(page, name, is_refused=True)
        room = await server.registry.room("demo")
        assert await room.read(lambda: sorted(room.sequencer.fold.kinds)) == ["budget", "plan"]


async def lines_of(page: Page) -> list[str]:
    lines: list[str] = await page.evaluate(
        "() => [...document.querySelectorAll('.cm-line')].map((line) => line.textContent)"
    )
    return lines


async def test_a_text_with_other_line_ends_is_edited_where_it_is_shown() -> None:
    async with stage() as (server, browser):
        headers = {"authorization": f"Bearer {await server.token('olga', 'owner')}"}
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as http:
            await http.put("/api/workspaces/demo/documents/dos", json={"kind": "text"})
        async with stock_peer(server, "dee", "dos") as dee:
            await dee.tell("insert", at=0, words="one\r\ntwo\r\nthree\rdrei\r\nfour")
            await until_text(server, "dos", "one\r\ntwo\r\nthree\rdrei\r\nfour")
        _, page, problems = await visit(server, browser, "Ana")
        await page.goto(f"{server.url}/w/demo?doc=dos")
        await is_open(page, "dos")
        # The welcome says "saved" before the text has come.
        await expect(page.locator(".cm-line")).to_have_count(4, timeout=WAIT)
        assert await lines_of(page) == ["one", "two", "three␍drei", "four"]
        await page.locator(".cm-line").first.click()
        for keys, text in (
            (["Control+Home", "End", "1"], "one1\r\ntwo\r\nthree\rdrei\r\nfour"),
            (["ArrowRight", "2"], "one1\r\n2two\r\nthree\rdrei\r\nfour"),
            (["Backspace", "Backspace", "3"], "one13two\r\nthree\rdrei\r\nfour"),
            (["End", "Delete", "4"], "one13two4three\rdrei\r\nfour"),
            (["End", "Enter", "5"], "one13two4three\rdrei\n5\r\nfour"),
            (["ArrowDown", "End", "6"], "one13two4three\rdrei\n5\r\nfour6"),
            (["ArrowUp", "Shift+End", "Shift+ArrowRight", "7"], "one13two4three\rdrei\n57four6"),
        ):
            for key in keys:
                await page.keyboard.press(key)
            await until_text(server, "dos", text)
        assert problems == []


async def test_what_is_pasted_comes_in_with_plain_line_ends() -> None:
    async with stage() as (server, browser):
        _, page, _ = await visit(server, browser, "Ana")
        await make(page, "pasted")
        await page.locator(".cm-content").click()
        await page.evaluate(
            """() => {
                const data = new DataTransfer()
                data.setData('text/plain', 'a\\r\\nb\\rc\\nd')
                const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
                document.querySelector('.cm-content').dispatchEvent(paste)
            }"""
        )
        await until_text(server, "pasted", "a\nb\nc\nd")
        await page.keyboard.type("!")
        await until_text(server, "pasted", "a\nb\nc\nd!")


async def test_a_guest_of_an_open_server_is_one_person_through_reloads_and_breaks() -> None:
    async with stage(is_open=True) as (server, browser):
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{server.url}/w/demo")
        await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        (cookie,) = await page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        await page.locator(".cm-content").click()
        await page.keyboard.type("hello from a guest ")
        room = await server.registry.room("demo")
        actors: set[str] = set()
        for at in range(3):
            actors |= await room.read(lambda: {peer.session.identity.actor for peer in room.hub.peers})
            await room.read(lambda: room.hub.close_all(CLOSE_RESTART))
            await page.keyboard.type(f"{at} ")
            await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=40_000)
        await page.reload()
        await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        actors |= await room.read(lambda: {peer.session.identity.actor for peer in room.hub.peers})
        assert actors == {cookie["value"]}
        assert "hello from a guest 0 1 2 " in await text_on_server(server, "plan")
