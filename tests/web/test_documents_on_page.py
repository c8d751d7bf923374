"""Documents as a whole on the page: renamed under somebody's hands, deleted while they type, kept and restored."""

from __future__ import annotations

import pytest
from playwright.async_api import Dialog, Page, expect

from tests.support.http import WS, client_of
from tests.support.until import until
from tests.web.test_names_on_page import text_on_server
from tests.web.test_page import WAIT, shoot, stage, text_of, visit

pytestmark = pytest.mark.browser


async def tabs(page: Page, *names: str) -> None:
    """Wait until the page lists these documents."""
    await expect(page.get_by_test_id("doc-tab")).to_have_text(list(names), timeout=WAIT)


async def choose(page: Page, item: str, *, answer: str | None = None) -> None:
    """Choose from the menu of the open document; a dialog that comes is answered."""

    async def reply(dialog: Dialog) -> None:
        await (dialog.accept(answer) if answer is not None else dialog.accept())

    page.once("dialog", reply)
    await page.get_by_test_id("doc-menu").click()
    await page.get_by_role("menuitem").filter(has_text=item).click()


async def test_a_rename_costs_nobody_a_keystroke() -> None:
    async with stage() as (server, browser):
        _, olga, problems = await visit(server, browser, "Olga", role="owner")
        _, ana, _ = await visit(server, browser, "Ana")
        await ana.locator(".cm-line").first.click()
        await ana.keyboard.press("Home")
        await ana.keyboard.type("before ")
        await choose(olga, "Rename", answer="specs/the plan?")
        await ana.keyboard.type("and on ")
        for page in (olga, ana):
            await tabs(page, "budget", "specs/the plan?")
            await expect(page.locator("[data-testid=doc-tab][aria-current=page]")).to_have_text("specs/the plan?")
            await expect(page).to_have_url(f"{server.url}/w/demo?doc=specs%2Fthe+plan%3F", timeout=WAIT)
        await ana.keyboard.type("after ")
        await until(lambda: text_on_server(server, "plan"), lambda text: "before and on after " in text)
        await ana.get_by_test_id("composer").fill('append "by the agent"')
        await ana.get_by_test_id("send").click()
        await expect(ana.locator(".cm-content")).to_contain_text("by the agent", timeout=WAIT)
        await ana.reload()
        await expect(ana.locator(".cm-content")).to_contain_text("before and on after", timeout=WAIT)
        # A link with the old name leads there, too.
        await ana.goto(f"{server.url}/w/demo?doc=plan")
        await expect(ana.locator("[data-testid=doc-tab][aria-current=page]")).to_have_text(
            "specs/the plan?", timeout=WAIT
        )
        assert problems == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
async def test_who_types_in_what_is_deleted_is_told_and_keeps_it(scheme: str, width: int) -> None:
    async with stage() as (server, browser), client_of(server, "Olga", "owner") as owner:
        context, ana, _ = await visit(server, browser, "Ana", scheme=scheme, width=width)
        before = await text_of(ana)
        await context.set_offline(True)
        await expect(ana.get_by_test_id("connection")).to_contain_text("offline", timeout=40_000)
        await ana.locator(".cm-line").first.click()
        await ana.keyboard.press("Home")
        await ana.keyboard.type("never saved ")
        assert (await owner.delete(f"{WS}/documents/plan")).status_code == 200
        await context.set_offline(False)
        banner = ana.get_by_test_id("put-away")
        await expect(banner).to_contain_text("“plan” was deleted", timeout=40_000)
        await expect(banner).to_contain_text("not saved")
        await until(lambda: text_of(ana), lambda now: now == f"never saved {before}")
        await shoot(ana, f"put-away-{scheme}-{width}")
        async with ana.expect_download() as downloading:
            await ana.get_by_test_id("download-copy").click()
        download = await downloading.value
        assert download.suggested_filename == "plan.md"
        assert (await download.path()).read_text() == f"never saved {before}"
        await ana.get_by_test_id("keep-copy").click()
        current = ana.locator("[data-testid=doc-tab][aria-current=page]")
        await expect(current).to_have_text("plan (copy)", timeout=WAIT)
        await expect(ana.locator(".cm-content")).to_contain_text("never saved", timeout=WAIT)
        await until(lambda: text_of(ana), lambda now: now == f"never saved {before}")
        assert await text_on_server(server, "plan") == before, "nothing was written in what was deleted"


async def test_an_owner_puts_away_and_takes_back_and_others_see_it_at_once() -> None:
    async with stage() as (server, browser):
        _, olga, problems = await visit(server, browser, "Olga", role="owner")
        _, ana, _ = await visit(server, browser, "Ana")
        await choose(olga, "Delete", answer="")
        for page in (olga, ana):
            await expect(page.get_by_test_id("put-away")).to_contain_text("was deleted by", timeout=WAIT)
            await tabs(page, "budget")
        await expect(ana.get_by_test_id("put-away")).to_contain_text("deleted by Olga. Everything here was saved")
        await ana.get_by_test_id("doc-tab").click()
        await expect(ana.locator("[data-testid=doc-tab][aria-current=page]")).to_have_text("budget")
        await olga.get_by_test_id("restore").click()
        for page in (olga, ana):
            await tabs(page, "budget", "plan")
        await expect(olga.get_by_test_id("put-away")).to_have_count(0)
        await expect(olga.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        await choose(olga, "Archive")
        for page in (olga, ana):
            await tabs(page, "budget")
        await olga.get_by_test_id("doc-tab").click()
        await choose(ana, "Rename", answer="costs")
        await tabs(olga, "costs")
        await olga.get_by_test_id("doc-menu").click()
        await shoot(olga, "document-menu")
        await olga.get_by_role("menuitem").filter(has_text="Restore plan").click()
        await tabs(ana, "costs", "plan")
        assert problems == []
