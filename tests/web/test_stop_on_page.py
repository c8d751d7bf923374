"""The owner stops the agent on the page; everybody reads by whom and why, and it goes on where the owner says so."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.web.test_page import WAIT, shoot, stage, visit
from workspace.intents.audit.verify import verify
from workspace.history.read import read_all

pytestmark = pytest.mark.browser
WHY = "checking the numbers"


async def instruct(page: Page, words: str) -> None:
    await page.get_by_test_id("composer").fill(words)
    await page.get_by_test_id("send").click()


async def stop(page: Page, reason: str) -> None:
    await page.get_by_test_id("stop-agent").click()
    await page.get_by_test_id("stop-reason").fill(reason)
    await page.get_by_test_id("stop-now").click()


async def test_the_owner_stops_the_agent_and_everybody_knows() -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana", role="owner")
        _, ben, _ = await visit(server, browser, "Ben")
        await expect(ben.get_by_test_id("stop-agent")).to_have_count(0)
        await instruct(ben, 'append "Here it is" to plan after 2 seconds')
        card = ben.get_by_test_id("intent-card").first
        await expect(card).to_have_attribute("data-state", "planning", timeout=WAIT)
        await stop(ana, WHY)
        banner = ben.get_by_test_id("stopped")
        await expect(banner).to_contain_text(f"The agent is stopped by Ana: {WHY}", timeout=WAIT)
        await expect(ana.get_by_test_id("stopped")).to_contain_text("stopped by you", timeout=WAIT)
        await expect(card).to_have_attribute("data-state", "queued", timeout=WAIT)
        await expect(card).to_contain_text(f"The agent is stopped by Ana: {WHY}")
        await expect(ben.get_by_test_id("go-on")).to_have_count(0)
        await expect(ana.get_by_test_id("stop-agent")).to_have_count(0)
        await expect(ben.get_by_test_id("people")).to_contain_text("Agent is stopped")
        _, late, _ = await visit(server, browser, "Chen")
        await expect(late.get_by_test_id("stopped")).to_contain_text(WHY, timeout=WAIT)
        await ben.locator(".cm-line").nth(2).click()
        await ben.keyboard.type("Ben types on. ")
        await expect(ana.locator(".cm-content")).to_contain_text("Ben types on.", timeout=WAIT)
        await ana.get_by_test_id("go-on").click()
        await expect(banner).to_have_count(0, timeout=WAIT)
        await expect(card).to_have_attribute("data-state", "done", timeout=WAIT)
        await expect(late.locator(".cm-content")).to_contain_text("Here it is", timeout=WAIT)
        assert problems == []
        assert verify(*await read_all(server.registry.store, "demo")).ok


async def test_a_question_shows_that_its_time_stands_still() -> None:
    async with stage() as (server, browser):
        _, ana, _ = await visit(server, browser, "Ana", role="owner")
        await instruct(ana, 'ask "Which room?"')
        clock = ana.get_by_test_id("question-card").locator("time")
        await expect(clock).to_contain_text(" s", timeout=WAIT)
        await stop(ana, "")
        await expect(ana.get_by_test_id("stopped")).to_contain_text("The agent is stopped by you since", timeout=WAIT)
        await expect(clock).to_have_text("time stands still")
        await ana.get_by_test_id("go-on").click()
        await expect(clock).to_contain_text(" s", timeout=WAIT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_who_has_stopped_it_and_why_is_read_at_any_width(scheme: str, width: int) -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana", role="owner", scheme=scheme, width=width)
        await ana.get_by_test_id("stop-agent").click()
        await expect(ana.get_by_test_id("stop-reason")).to_be_focused()
        await shoot(ana, f"stop-form-{scheme}-{width}")
        await ana.keyboard.press("Escape")
        await expect(ana.get_by_test_id("stop-form")).to_have_count(0)
        await server.registry.switches.throw(is_on=True, actor="Ops", reason="an outage at the model’s, back at noon")
        await stop(ana, WHY)
        await instruct(ana, 'append "Later" to plan')
        await expect(ana.get_by_test_id("stopped-workspace")).to_contain_text(WHY, timeout=WAIT)
        server_wide = ana.get_by_test_id("stopped-server")
        await expect(server_wide).to_contain_text("stopped on the whole server by Ops: an outage", timeout=WAIT)
        await expect(server_wide.get_by_test_id("go-on")).to_have_count(0)
        await expect(ana.get_by_test_id("intent-card").first).to_contain_text("stopped on the whole server", timeout=WAIT)
        await ana.evaluate("scrollTo(0, 0)")
        await shoot(ana, f"stopped-{scheme}-{width}")
        wide = await ana.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, "nothing is cut off"
        assert problems == []
