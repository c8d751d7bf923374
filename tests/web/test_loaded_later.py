"""What a page loads when it is first shown: the shell does not wait for it, and says where it does not come."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.web.loss.story import KEPT_PAGE
from tests.web.test_page import WAIT, stage, visit

pytestmark = pytest.mark.browser


async def test_the_shell_is_there_before_the_editor_and_says_that_this_did_not_come() -> None:
    async with stage() as (server, browser):
        # As a server of another release does, which has no such file.
        refused: list[str] = []

        async def refuse(route: Route) -> None:
            refused.append(route.request.url)
            await route.fulfill(status=404, body="")

        fresh = await browser.new_context(service_workers="block")
        await fresh.route("**/assets/editor-*.js", refuse)
        page = await fresh.new_page()
        await page.goto(f"{server.url}/w/demo#token={await server.token('ben')}")
        await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        await expect(page.get_by_test_id("not-loaded")).to_contain_text(
            "The server did not send the editor", timeout=WAIT
        )
        assert refused
        await page.get_by_test_id("composer").fill('append "asked all the same" to plan')
        await page.get_by_test_id("send").click()
        await page.get_by_test_id("doc-tab").get_by_text("budget", exact=True).click()
        await expect(page.get_by_test_id("values")).to_be_visible(timeout=WAIT)
        await page.get_by_test_id("doc-tab").get_by_text("plan", exact=True).click()
        await expect(page.get_by_test_id("not-loaded")).to_be_visible(timeout=WAIT)
        await fresh.unroute("**/assets/editor-*.js")
        # It is asked for again, as long as it is missed: this very page has it then.
        await expect(page.get_by_test_id("editor")).to_contain_text("asked all the same", timeout=WAIT)
        await fresh.route("**/assets/editor-*.js", refuse)
        await page.reload()
        await expect(page.get_by_test_id("not-loaded")).to_be_visible(timeout=WAIT)
        await fresh.unroute("**/assets/editor-*.js")
        await page.get_by_role("button", name="Reload the page").click()
        await expect(page.get_by_test_id("editor")).to_contain_text("asked all the same", timeout=WAIT)
        await fresh.close()


async def test_every_part_opens_without_the_server() -> None:
    async with stage() as (server, browser):
        context, page, _ = await visit(server, browser, "olga", role="owner")
        await page.evaluate(KEPT_PAGE)
        await context.set_offline(True)
        await page.reload()
        await expect(page.get_by_test_id("editor")).to_be_visible(timeout=WAIT)
        await page.get_by_test_id("doc-menu").click()
        await expect(page.get_by_role("menuitem", name="Rename…")).to_be_visible(timeout=WAIT)
        await page.get_by_test_id("log").locator("summary").click()
        await expect(page.get_by_test_id("log").locator("ol")).to_have_count(1, timeout=WAIT)
        await page.get_by_test_id("people-menu").click()
        await expect(page.get_by_role("heading", name="Members")).to_be_visible(timeout=WAIT)
        await page.get_by_test_id("doc-tab").get_by_text("budget", exact=True).click()
        await expect(page.get_by_test_id("values")).to_be_visible(timeout=WAIT)
        await expect(page.get_by_test_id("not-loaded")).to_have_count(0)
        await context.close()
