"""What people may do to each other's instructions, on the page as on the server: undo, override, stop, vote, pick."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.support.server import Running
from tests.web.test_page import WAIT, shoot, stage, visit
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.events import Configured

pytestmark = pytest.mark.browser
LINE = "A short walk, then the talks."


async def give(page: Page, words: str) -> None:
    await page.get_by_test_id("composer").fill(words)
    await page.get_by_test_id("send").click()


async def settle_by(server: Running, *chain: str) -> None:
    room = await server.registry.room("demo")
    policy = PolicyConfig(chain=chain)
    await room.submit(Configured("owner", ConfigBody(policy=policy)))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_undo_shows_what_it_would_leave_and_waits_for_a_yes(scheme: str) -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana", scheme=scheme)
        _, ben, _ = await visit(server, browser, "Ben")
        await give(ana, 'append "Bring boots." to plan')
        await expect(ben.locator(".cm-content")).to_contain_text("Bring boots.", timeout=WAIT)
        await ben.locator(".cm-line", has_text="Bring boots.").click()
        await ben.keyboard.press("Home")
        for _ in "Bring ":
            await ben.keyboard.press("ArrowRight")
        await ben.keyboard.type("(warm!) ")
        await expect(ana.locator(".cm-content")).to_contain_text("(warm!)", timeout=WAIT)
        await expect(ben.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        await ana.get_by_test_id("undo").click()
        card = ana.get_by_test_id("question-card")
        await expect(card).to_contain_text("Stays: “(warm!) ” in plan, typed inside it by Ben. Do it?", timeout=WAIT)
        await expect(ana.locator(".cm-content")).to_contain_text("boots.")
        await shoot(ana, f"undo-asks-{scheme}")
        await card.get_by_role("button", name="Yes, take it back").click()
        await expect(ana.locator(".cm-content")).not_to_contain_text("boots", timeout=WAIT)
        await expect(ana.locator(".cm-content")).to_contain_text("(warm!)")
        await expect(ana.get_by_test_id("intent-card").nth(1)).to_contain_text("taken back by you", timeout=WAIT)
        await expect(card).to_have_count(0)
        assert problems == []


async def test_who_lost_overrides_with_a_click_and_is_not_asked_again() -> None:
    async with stage() as (server, browser):
        await settle_by(server, "first")
        _, ben, problems = await visit(server, browser, "Ben")
        _, chen, _ = await visit(server, browser, "Chen")
        for page, words in ((ben, "Guests walk."), (chen, "We stroll!")):
            await page.get_by_test_id("composer").fill(f'replace "{LINE}" with "{words}" in plan after 1 seconds')
        for page in (ben, chen):
            await page.get_by_test_id("send").click()
        lost = chen.locator('[data-actor="Chen"][data-state="overruled"]')
        await expect(lost).to_contain_text("its author may override it", timeout=WAIT)
        await lost.get_by_test_id("override").click()
        await expect(chen.get_by_test_id("override-chip")).to_contain_text("in place of your instruction")
        await chen.get_by_test_id("composer").fill('replace "Guests walk." with "Guests stroll." in plan')
        await expect(chen.get_by_test_id("unseen")).to_have_count(0)
        await shoot(chen, "override")
        await chen.get_by_test_id("send").click()
        await expect(chen.get_by_test_id("override-chip")).to_have_count(0)
        await expect(ben.locator(".cm-content")).to_contain_text("Guests stroll.", timeout=WAIT)
        room = await server.registry.room("demo")
        last = list(room.sequencer.fold.board.entries.values())[-1]
        assert (last.body.kind, last.state) == ("override", "done")
        assert room.sequencer.fold.board.entries[last.body.refs[0]].actor == "Chen"
        assert problems == []


async def test_whoever_stands_above_may_stop_and_nobody_beside() -> None:
    async with stage() as (server, browser):
        _, ida, _ = await visit(server, browser, "Ida", role="commenter")
        _, ben, _ = await visit(server, browser, "Ben")
        await give(ben, 'append "slow" to plan after 20 seconds')
        await expect(ida.locator('[data-actor="Ben"]')).to_be_visible(timeout=WAIT)
        await expect(ida.locator('[data-actor="Ben"]').get_by_test_id("stop")).to_have_count(0)
        await give(ida, 'append "slower" to plan after 20 seconds')
        hers = ben.locator('[data-actor="Ida"]')
        await hers.get_by_test_id("stop").click(timeout=WAIT)
        await expect(hers).to_have_attribute("data-state", "cancelled", timeout=WAIT)


async def test_everybody_who_may_instruct_votes_on_the_page() -> None:
    async with stage() as (server, browser):
        await settle_by(server, "vote", "fair")
        pages = {}
        for who, role in (("Ben", "editor"), ("Chen", "editor"), ("Ida", "commenter"), ("Vic", "viewer")):
            _, pages[who], _ = await visit(server, browser, who, role=role)
        for who in ("Ben", "Chen"):
            await (
                pages[who]
                .get_by_test_id("composer")
                .fill(f'replace "{LINE}" with "{who} walks." in plan after 1 seconds')
            )
        for who in ("Ben", "Chen"):
            await pages[who].get_by_test_id("send").click()
        options = {who: page.get_by_test_id("answer-option").filter(has_text="Ben") for who, page in pages.items()}
        await expect(pages["Vic"].get_by_test_id("answer-option").first).to_be_disabled(timeout=WAIT)
        for who in ("Ida", "Chen"):
            await options[who].click(timeout=WAIT)
        await pages["Ben"].get_by_test_id("answer-option").filter(has_text="Run mine").click()
        await expect(pages["Vic"].locator(".cm-content")).to_contain_text("Ben walks.", timeout=WAIT)


async def test_variants_that_nobody_picked_leave_the_list_and_who_looks_at_one_is_taken_back() -> None:
    async with stage() as (server, browser):
        await settle_by(server, "branch")
        _, ben, problems = await visit(server, browser, "Ben")
        _, chen, _ = await visit(server, browser, "Chen")
        for page, words in ((ben, "Guests walk."), (chen, "We stroll!")):
            await page.get_by_test_id("composer").fill(f'replace "{LINE}" with "{words}" in plan after 1 seconds')
        for page in (ben, chen):
            await page.get_by_test_id("send").click()
        tabs = chen.get_by_test_id("doc-tab")
        await expect(tabs.filter(has_text="plan.i")).to_have_count(2, timeout=WAIT)
        await tabs.filter(has_text="plan.i").first.click()
        await expect(chen.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        await ben.locator('[data-actor="Ben"]').get_by_test_id("approve").click()
        for page in (ben, chen):
            await expect(page.get_by_test_id("doc-tab").filter(has_text="plan.i")).to_have_count(0, timeout=WAIT)
            await expect(page.get_by_test_id("doc-tab").filter(has_text="plan")).to_have_attribute(
                "aria-current", "page"
            )
            await expect(page.locator(".cm-content")).to_contain_text("Guests walk.", timeout=WAIT)
        assert problems == []


async def test_one_click_stops_what_is_mine_and_another_all_that_i_may() -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana")
        _, ben, _ = await visit(server, browser, "Ben")
        for at in range(2):
            await give(ana, f'append "line {at}" to plan after 60 seconds')
        await give(ben, 'append "his" to plan after 60 seconds')
        await expect(ana.get_by_test_id("intent-card")).to_have_count(3, timeout=WAIT)
        await expect(ana.get_by_test_id("stop-mine")).to_have_text("Stop mine (2)", timeout=WAIT)
        await shoot(ana, "stop-scopes")
        await ana.get_by_test_id("stop-mine").click()
        await expect(ben.locator('[data-actor="Ana"][data-state="cancelled"]')).to_have_count(2, timeout=WAIT)
        await expect(ana.get_by_test_id("stop-mine")).to_have_count(0)
        await expect(ben.locator('[data-actor="Ben"]').get_by_test_id("stop")).to_be_visible()
        assert problems == []
