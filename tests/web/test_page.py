"""Two people in two browsers, one agent: what they type, ask, answer and see."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from agent.builtin.planner import BuiltinPlanner
from agent.demo.seed import write_seed
from tests.stock.test_y_websocket import stock_peer
from tests.support.server import Running, running_server
from workspace.http.pages import assets
from workspace.ports import Planner
from workspace.settings import Settings

pytestmark = pytest.mark.browser
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOTS = os.environ.get("FOLKMOOT_SCREENSHOTS")
WAIT = 15_000


@asynccontextmanager
async def stage(planner: Planner | None = None, *, is_open: bool = False) -> AsyncIterator[tuple[Running, Browser]]:
    """A seeded server and a browser. The page must be built: `make web`."""
    assert assets() is not None, "the page is not built: run 'make web'"
    settings = Settings(is_open=is_open)
    async with running_server(planner=planner or BuiltinPlanner(), settings=settings, policy=None) as server:
        await write_seed(await server.registry.room("demo"))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield server, browser
            await browser.close()


async def visit(
    server: Running, browser: Browser, who: str, *, role: str = "editor", scheme: str = "light", width: int = 1280
) -> tuple[BrowserContext, Page, list[str]]:
    """Open the page as somebody in a window of their own; returns what the browser complained about."""
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    await page.goto(f"{server.url}/w/demo#token={await server.token(who, role)}")
    await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
    return context, page, problems


async def shoot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


async def text_of(page: Page) -> str:
    """Return the editor's own text, without the flags of other people's cursors."""
    text: str = await page.evaluate(
        """() => [...document.querySelectorAll('.cm-line')].map((line) => {
            const own = line.cloneNode(true)
            for (const flag of own.querySelectorAll('.cm-ySelectionCaret')) flag.remove()
            return own.textContent
        }).join('\\n')"""
    )
    return text


async def test_browsers_and_two_stock_clients_converge_with_the_agent() -> None:
    async with stage() as (server, browser), stock_peer(server, "dee") as dee, stock_peer(server, "eli") as eli:
        context, ana, problems = await visit(server, browser, "Ana")
        _, ben, _ = await visit(server, browser, "Ben")
        await ana.locator(".cm-line").nth(2).click()
        await ana.keyboard.press("Home")
        await ana.keyboard.type("Ana wrote é😀 ")
        await dee.tell("insert", at=0, words="Dee: e\u0301👩‍👩‍👧 ")
        await eli.tell("offline")
        await eli.tell("insert", at=0, words="Eli: 漢字 ")
        await context.set_offline(True)
        await expect(ana.get_by_test_id("connection")).to_contain_text("offline", timeout=40_000)
        await ana.keyboard.type("(offline)")
        await ben.get_by_test_id("composer").fill('append "the agent was here 🌲" to plan')
        await ben.get_by_test_id("send").click()
        await expect(ben.locator(".cm-content")).to_contain_text("the agent was here 🌲", timeout=WAIT)
        await dee.tell("delete", at=0, count=4)
        await eli.tell("online")
        await context.set_offline(False)
        await expect(ana.locator(".cm-content")).to_contain_text("the agent was here 🌲", timeout=40_000)
        for page in (ana, ben):
            for words in ("Ana wrote é😀", "(offline)", " e\u0301👩‍👩‍👧", "Eli: 漢字"):
                await expect(page.locator(".cm-content")).to_contain_text(words, timeout=WAIT)
        room = await server.registry.room("demo")
        live = await room.read(lambda: room.sequencer.fold.documents["plan"].text())
        await expect(ben.get_by_test_id("people")).to_contain_text("Ana", timeout=WAIT)
        assert (await text_of(ben)).split() == (await text_of(ana)).split() == live.split()
        for peer in (dee, eli):
            await peer.until(lambda state: state["text"] == live)
        assert [p for p in problems if "ERR_INTERNET_DISCONNECTED" not in p] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_conflict_is_shown_to_both_and_settled_by_giving_way(scheme: str) -> None:
    async with stage() as (server, browser), AsyncExitStack() as _:
        _, ben, problems = await visit(server, browser, "Ben", scheme=scheme)
        _, chen, _ = await visit(server, browser, "Chen", scheme=scheme)
        await shoot(ben, f"page-{scheme}")
        line = "A short walk, then the talks."
        requests = {"Ben": (ben, "Guests are invited to a walk."), "Chen": (chen, "We stroll and chat!")}
        for page, words in requests.values():
            await page.get_by_test_id("composer").fill(f'replace "{line}" with "{words}" in plan after 1 seconds')
        for page, _words in requests.values():
            await page.get_by_test_id("send").click()
        for page in (ben, chen):
            card = page.get_by_test_id("question-card")
            await expect(card).to_be_visible(timeout=WAIT)
            for who, (_, words) in requests.items():
                await expect(card).to_contain_text(who)
                await expect(card).to_contain_text(words)
            await expect(card).to_contain_text("had seen")
            await expect(card.locator("time")).to_contain_text(" s")
            await expect(page.locator(".cm-content")).to_contain_text(line)
        await shoot(ben, f"conflict-{scheme}-ben")
        await shoot(chen, f"conflict-{scheme}-chen")
        await chen.get_by_test_id("answer-option").filter(has_text="Run Ben").click()
        for page in (ben, chen):
            await expect(page.locator('[data-actor="Ben"][data-state="done"]')).to_be_visible(timeout=WAIT)
            loser = page.locator('[data-actor="Chen"][data-state="overruled"]')
            await expect(loser).to_contain_text("Ben's instruction runs instead")
            await expect(loser).to_contain_text("override")
            await expect(page.locator(".cm-content")).to_contain_text("Guests are invited to a walk.")
        await shoot(chen, f"verdict-{scheme}")
        assert problems == []


async def test_what_came_since_the_first_keystroke_is_said_and_counts_only_when_acknowledged() -> None:
    async with stage() as (server, browser):
        _, ben, _ = await visit(server, browser, "Ben")
        _, chen, _ = await visit(server, browser, "Chen")
        await ben.get_by_test_id("composer").fill("append")
        await chen.get_by_test_id("composer").fill('append "Chen was first" to plan')
        await chen.get_by_test_id("send").click()
        await expect(ben.get_by_test_id("unseen")).to_contain_text("Chen asked for something", timeout=WAIT)
        await ben.get_by_test_id("unseen").get_by_role("button").click()
        await expect(ben.get_by_test_id("unseen")).to_be_hidden()


async def test_values_are_edited_by_hand_and_by_instruction() -> None:
    async with stage() as (server, browser):
        _, ben, _ = await visit(server, browser, "Ben")
        await ben.get_by_test_id("doc-tab").filter(has_text="budget").click()
        box = ben.get_by_test_id("value-food")
        await expect(box).to_have_value("420", timeout=WAIT)
        await box.fill("500")
        await box.press("Enter")
        await expect(ben.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        await ben.get_by_test_id("composer").fill("increase budget.food by 5")
        await ben.get_by_test_id("send").click()
        await expect(box).to_have_value("505", timeout=WAIT)
        await shoot(ben, "values")


async def test_without_a_link_the_page_says_what_to_do() -> None:
    async with stage() as (server, browser):
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{server.url}/w/demo")
        await expect(page.locator("body")).to_contain_text("needs a link", timeout=WAIT)


async def test_the_token_leaves_the_address_and_a_phone_shows_everything() -> None:
    async with stage() as (server, browser):
        _, ben, problems = await visit(server, browser, "Ben", width=390)
        assert "token" not in ben.url
        await expect(ben.get_by_test_id("composer")).to_be_visible()
        width = await ben.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, "nothing is wider than the phone"
        await shoot(ben, "phone")
        assert problems == []


async def test_a_commit_is_taken_back_on_a_click_and_what_was_typed_since_stays() -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana")
        await ana.get_by_test_id("composer").fill('replace "A short walk" with "A long march" in plan')
        await ana.get_by_test_id("send").click()
        await expect(ana.locator(".cm-content")).to_contain_text("A long march", timeout=WAIT)
        await ana.locator(".cm-line", has_text="A long march").click()
        await ana.keyboard.press("End")
        await ana.keyboard.type(" Bring boots.")
        await ana.get_by_test_id("undo").click()
        await expect(ana.locator(".cm-content")).to_contain_text(
            "A short walk, then the talks. Bring boots.", timeout=WAIT
        )
        await expect(ana.get_by_test_id("intent-card").nth(1)).to_contain_text("taken back by you", timeout=WAIT)
        assert not problems
