"""The inbox on the page: what ended while its author was away waits, in every window, until somebody has read it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import expect

from tests.support.server import Running
from tests.web.test_acts import give
from tests.web.test_page import WAIT, shoot, stage, visit
from workspace.client import RoomClient, connect

HIDDEN = "Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })"


@asynccontextmanager
async def away(server: Running, who: str, role: str = "editor") -> AsyncIterator[RoomClient]:
    """Somebody without a page."""
    async with connect(f"{server.ws_url}/ws/demo", token=await server.token(who, role)) as room:
        yield room


async def leave_four_verdicts(server: Running) -> None:
    """Ana asks for four things; one is cancelled by the owner and one cannot be done."""
    async with away(server, "Ana") as ana, away(server, "Olga", "owner") as olga:
        given = [
            await ana.intent(text, doc=doc)
            for text, doc in (
                ("increase budget.food by 50", "budget"),
                ("polish the second paragraph until it shines", "plan"),
                ('append "Bring a rope." to plan', "plan"),
            )
        ]
        for intent in given:
            await intent.verdict()
        asked = await ana.intent('ask "Which of the two dates is the right one for the boat?"', doc="plan")
        await ana.question()
        await (await olga.cancel(asked.id)).verdict()
        await asked.verdict()


async def test_what_ended_while_away_waits_in_every_window_until_it_is_read_in_one() -> None:
    async with stage() as (server, browser):
        await leave_four_verdicts(server)
        _, ana, problems = await visit(server, browser, "Ana")
        _, other, _ = await visit(server, browser, "Ana", scheme="dark")
        _, ben, _ = await visit(server, browser, "Ben")
        for page in (ana, other):
            await expect(page.get_by_test_id("inbox-said")).to_have_text(
                "While you were away, 4 of your instructions ended", timeout=WAIT
            )
            await expect(page.get_by_test_id("inbox-entry")).to_have_count(4)
        await shoot(ana, "inbox-light")
        await shoot(other, "inbox-dark")
        cancelled = other.locator('[data-testid=inbox-entry][data-state="cancelled"]')
        await expect(cancelled).to_contain_text("Olga cancelled it")
        await cancelled.get_by_test_id("got-it").click()
        await expect(ana.get_by_test_id("inbox-entry")).to_have_count(3, timeout=WAIT)
        await expect(ana.locator('[data-testid=inbox-entry][data-state="cancelled"]')).to_have_count(0)

        # By keyboard: the next one takes the place of the one put away, and at last the composer.
        await ana.get_by_test_id("got-it").first.focus()
        await ana.keyboard.press("Enter")
        await expect(ana.get_by_test_id("inbox-entry")).to_have_count(2)
        await expect(ana.get_by_test_id("got-it").first).to_be_focused()
        await ana.get_by_test_id("got-all").focus()
        await ana.keyboard.press("Enter")
        await expect(ana.get_by_test_id("inbox")).to_have_count(0)
        await expect(ana.get_by_test_id("composer")).to_be_focused()
        await expect(other.get_by_test_id("inbox")).to_have_count(0, timeout=WAIT)
        await expect(other.get_by_test_id("inbox-said")).to_have_text("")

        await ana.reload()
        await expect(ana.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        await expect(ana.get_by_test_id("intent-card")).to_have_count(4, timeout=WAIT)
        await expect(ana.get_by_test_id("inbox")).to_have_count(0)
        await expect(ben.get_by_test_id("inbox")).to_have_count(0)
        assert problems == []


async def test_what_is_simply_done_before_watching_eyes_is_read_and_all_else_waits() -> None:
    async with stage() as (server, browser):
        context, ana, problems = await visit(server, browser, "Ana")
        await give(ana, 'append "Seen." to plan')
        await expect(ana.locator('[data-testid=intent-card][data-state="done"]')).to_have_count(1, timeout=WAIT)
        await give(ana, 'append "Never." to plan after 60 seconds')
        await ana.get_by_test_id("stop").click()
        await expect(ana.locator('[data-testid=intent-card][data-state="cancelled"]')).to_have_count(1, timeout=WAIT)
        await give(ana, "polish it until it shines")
        await expect(ana.get_by_test_id("inbox-said")).to_have_text("1 of your instructions ended", timeout=WAIT)
        await expect(ana.get_by_test_id("inbox-entry")).to_have_count(1)

        await context.add_init_script(HIDDEN)
        await ana.reload()
        await expect(ana.get_by_test_id("inbox-entry")).to_have_count(1, timeout=WAIT)
        await give(ana, 'append "Unseen." to plan')
        await expect(ana.locator('[data-testid=inbox-entry][data-state="done"]')).to_have_count(1, timeout=WAIT)
        await ana.locator('[data-testid=inbox-entry][data-state="done"]').get_by_test_id("inbox-undo").click()
        await expect(ana.locator('[data-testid=inbox-entry][data-state="done"]')).to_contain_text(
            "Take back", timeout=WAIT
        )
        assert problems == []
