"""What a page opened late says of what waits, asks, was done, refused, stopped or put away is what an old one says."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from agent.builtin.judge import BuiltinJudge
from agent.builtin.planner import BuiltinPlanner
from agent.demo.seed import write_seed
from tests.support.server import Running, running_server
from tests.support.until import NotInTime, until
from tests.web.test_documents_on_page import choose, tabs
from tests.web.test_late import rail_of
from tests.web.test_page import CHROMIUM, FLAGS, WAIT, stage, visit
from tests.web.test_stop_on_page import instruct, stop
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.events import Configured
from workspace.intents.model.oracle import Merged, MergeTask
from workspace.ports import PlanContext

pytestmark = pytest.mark.browser


async def said_of(page: Page) -> dict[str, Any]:
    """Return what a page says that others have brought about: cards, banners, documents, the agent."""
    return {
        "cards": await rail_of(page),
        "stopped": await page.get_by_test_id("stopped").all_inner_texts(),
        "documents": await page.get_by_test_id("doc-tab").all_inner_texts(),
        "agent": await page.locator(".person.agent").all_inner_texts(),
    }


async def alike(old: Page, server: Running, browser: Browser, step: str) -> None:
    """Open a page at this moment: it comes to say what the old one says."""
    context, late, _ = await visit(server, browser, "Vic", role="commenter")
    seen: list[dict[str, Any]] = []

    async def both() -> bool:
        seen[:] = [await said_of(late), await said_of(old)]
        return seen[0] == seen[1]

    with contextlib.suppress(NotInTime):  # how they differ says more
        await until(both, seconds=10)
    assert seen[0] == seen[1], step
    await context.close()


class MergingJudge(BuiltinJudge):
    """A judge that writes one instruction for several."""

    async def merge(self, task: MergeTask, context: PlanContext) -> Merged:
        return Merged(tuple(item.intent for item in task.items), "set budget.food to 8")


async def test_one_that_was_merged_is_so_on_a_page_opened_since() -> None:
    policy = PolicyConfig(chain=("merge", "first"))
    async with running_server(planner=BuiltinPlanner(), judge=MergingJudge(), policy=policy) as server:
        await write_seed(await server.registry.room("demo"))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, old, problems = await visit(server, browser, "Vic", role="commenter")
            pages = [(await visit(server, browser, name))[1] for name in ("Ana", "Ben")]
            for page, price in zip(pages, (7, 9), strict=True):
                await page.get_by_test_id("composer").fill(f"set budget.food to {price} after 1 seconds")
            for page in pages:
                await page.get_by_test_id("send").click()
            await expect(old.get_by_test_id("question-card")).to_contain_text("set budget.food to 8", timeout=WAIT)
            await alike(old, server, browser, "asked whether to merge")
            for page in pages:
                await page.get_by_test_id("answer-option").filter(has_text="set budget.food to 8").click()
            await expect(old.locator('[data-state="merged"]')).to_have_count(2, timeout=WAIT)
            await alike(old, server, browser, "merged")
            assert problems == []
            await browser.close()


async def test_after_every_step_a_page_opened_now_says_what_the_old_one_says() -> None:
    line = "A short walk, then the talks."
    async with stage(BuiltinPlanner()) as (server, browser):
        room = await server.registry.room("demo")
        policy = PolicyConfig(chain=("ask", "first"), ask_seconds=300)
        await room.submit(Configured("owner", ConfigBody(policy=policy)))
        _, old, problems = await visit(server, browser, "Vic", role="commenter")
        _, olga, _ = await visit(server, browser, "Olga", role="owner")
        _, ben, _ = await visit(server, browser, "Ben")

        async def state(of: str, name: str) -> None:
            await expect(old.locator(f'[data-actor="{of}"]').first).to_have_attribute("data-state", name, timeout=WAIT)

        await instruct(ben, 'append "Done." to plan')
        await state("Ben", "done")
        await alike(old, server, browser, "done")
        await instruct(ben, 'replace "no such words" with "others" in plan')
        await expect(old.get_by_test_id("intent-card")).to_have_count(2, timeout=WAIT)
        await state("Ben", "rejected")
        await alike(old, server, browser, "refused")
        await instruct(ben, 'ask "Which room?"')
        await expect(old.get_by_test_id("question-card")).to_be_visible(timeout=WAIT)
        await alike(old, server, browser, "asked")
        await ben.get_by_test_id("question-card").get_by_role("textbox").fill("The blue one")
        await ben.get_by_test_id("question-card").get_by_role("textbox").press("Enter")
        await expect(old.get_by_test_id("question-card")).to_have_count(0, timeout=WAIT)
        await alike(old, server, browser, "answered")
        for page, words in ((olga, "Guests walk."), (ben, "We stroll!")):
            await page.get_by_test_id("composer").fill(f'replace "{line}" with "{words}" in plan after 1 seconds')
        for page in (olga, ben):
            await page.get_by_test_id("send").click()
        await expect(old.get_by_test_id("question-card")).to_be_visible(timeout=WAIT)
        await alike(old, server, browser, "held")
        await olga.get_by_test_id("answer-option").filter(has_text="Run Ben").click()
        await state("Ben", "done")
        await state("Olga", "overruled")
        await alike(old, server, browser, "overruled")
        await instruct(ben, 'append "Later." to plan after 2 seconds')
        await state("Ben", "planning")
        await stop(olga, "checking the numbers")
        await state("Ben", "queued")
        await alike(old, server, browser, "stopped")
        await olga.get_by_test_id("go-on").click()
        await expect(old.get_by_test_id("stopped")).to_have_count(0, timeout=WAIT)
        await state("Ben", "done")
        await alike(old, server, browser, "goes on")
        await olga.get_by_test_id("doc-tab").filter(has_text="budget").click()
        await choose(olga, "Archive")
        await tabs(old, "plan")
        await alike(old, server, browser, "archived")
        assert problems == []
