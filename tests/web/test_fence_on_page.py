"""Where an instruction points is seen and sent; what lies outside is asked about; what was done can be read."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from agent.scripted.scenario import ReplyScript
from tests.support.model import reply, scripted_model, use
from tests.web.test_page import WAIT, shoot, stage, visit

pytestmark = pytest.mark.browser


async def test_documents_that_are_named_are_pointed_at_and_can_be_left_out() -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana")
        box, named = ana.get_by_test_id("composer"), ana.get_by_test_id("named-chip")
        await box.fill('append "the budget" to plan')
        await expect(named).to_have_count(0)
        await box.fill("set budget.travel to 280")
        await expect(named).to_have_text(["budget×"])
        await shoot(ana, "named-chip")
        await ana.get_by_test_id("send").click()
        card = ana.get_by_test_id("intent-card").first
        await expect(card).to_have_attribute("data-state", "done", timeout=WAIT)
        await card.get_by_text("What was done").click()
        await expect(card.get_by_test_id("did")).to_contain_text("budget.travel: set to 280")
        await shoot(ana, "did")
        await box.fill("set budget.travel to 290")
        await named.get_by_role("button").click()
        await expect(named).to_have_count(0)
        await ana.get_by_test_id("send").click()
        question = ana.get_by_test_id("question-card").first
        await expect(question).to_contain_text(
            "Ana pointed at plan. The agent would also write elsewhere: budget.travel: set to 290.", timeout=WAIT
        )
        await shoot(ana, "outside-scope")
        await question.get_by_role("button", name="No, do nothing").click()
        second = ana.get_by_test_id("intent-card").filter(has_text="290")
        await expect(second).to_have_attribute("data-state", "rejected", timeout=WAIT)
        await expect(second).to_contain_text("Nothing was changed")
        assert not problems


async def test_a_model_that_writes_elsewhere_waits_for_a_word() -> None:
    replies: list[ReplyScript] = [
        reply(use("set_value", document="budget", path=["April"], value="May"), turn=1),
        reply(use("finish", summary="Changed April to May."), turn=2),
    ]
    async with scripted_model(replies) as model:
        planner = model.planner()
        await planner._gateway.warm()
        async with stage(planner) as (server, browser):
            _, ana, problems = await visit(server, browser, "Ana")
            await ana.get_by_test_id("composer").fill("change April to May")
            await ana.get_by_test_id("send").click()
            question = ana.get_by_test_id("question-card").first
            await expect(question).to_contain_text("budget.April: set to May", timeout=WAIT)
            await question.get_by_role("button", name="Yes, do all of it").click()
            card = ana.get_by_test_id("intent-card").first
            await expect(card).to_have_attribute("data-state", "done", timeout=WAIT)
            calls = model.scripted.count
            assert calls == 2, "the plan that was shown is the one that runs: no model is asked again"
            assert not problems


@pytest.mark.parametrize("width", [1280, 390])
async def test_long_words_stay_inside_their_cards(width: int) -> None:
    long = "x" * 300
    replies: list[ReplyScript] = [
        reply(use("set_value", document="budget", path=[f"k{at}"], value=long), turn=at + 1) for at in range(7)
    ]
    async with scripted_model([*replies, reply(use("finish", summary=long), turn=8)]) as model:
        planner = model.planner()
        await planner._gateway.warm()
        async with stage(planner) as (server, browser):
            _, ana, problems = await visit(server, browser, "Ana", role="owner", width=width)
            await ana.get_by_test_id("composer").fill("tidy")
            await ana.get_by_test_id("send").click()
            question = ana.get_by_test_id("question-card").first
            await expect(question).to_contain_text("and 3 more, listed below", timeout=WAIT)
            await expect(question.get_by_test_id("does").locator("li")).to_have_count(7)
            await shoot(ana, f"long-question-{width}")
            assert await overflowing(ana) == []
            await question.get_by_role("button", name="Yes, do all of it").click()
            await expect(ana.get_by_test_id("intent-card").first).to_have_attribute("data-state", "done", timeout=WAIT)
            await ana.get_by_test_id("stop-agent").click()
            await ana.get_by_test_id("stop-reason").fill(long)
            await ana.keyboard.press("Enter")
            await expect(ana.get_by_test_id("stopped")).to_contain_text("xxx", timeout=WAIT)
            await shoot(ana, f"long-stop-{width}")
            assert await overflowing(ana) == []
            assert not problems


async def overflowing(page: Page) -> list[str]:
    """Return what is wider than the place it has: the page itself, or something beside the document."""
    found: list[str] = await page.evaluate(
        """() => {
            const wide = document.scrollingElement.scrollWidth > innerWidth ? ['the page'] : []
            for (const one of document.querySelectorAll('.rail *, .stop-banner *'))
                if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth && one.tagName !== 'TEXTAREA'
                    && getComputedStyle(one).display !== 'inline')
                    wide.push(one.tagName + '.' + one.className)
            return wide
        }"""
    )
    return found
