"""A model at work, as people see it: its steps in words, its draft as it streams, its cost, and that it stops."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.support.model import reply, scripted_model, use
from tests.web.test_page import WAIT, shoot, stage, text_of, visit

pytestmark = pytest.mark.browser

OLD = "Who brings the tent?"
LONG = "The choir brings the tent, and somebody with a van brings the choir. " * 6
SLOW = {"token_ms": 60}
REPLIES = [
    reply(use("view", document="plan"), turn=1, text="I look first.", latency_ms=150),
    reply(use("str_replace", document="plan", old_str=OLD, new_str=LONG), turn=2, when_text="at length", **SLOW),
    reply(use("str_replace", document="plan", old_str=OLD, new_str="The choir does."), turn=2, latency_ms=300),
    reply(use("finish", summary="Answered the open question."), turn=3),
]


async def test_a_draft_streams_beside_the_document_and_stops_on_a_click() -> None:
    async with scripted_model(REPLIES) as model:
        planner = model.planner()
        await planner._gateway.warm()
        async with stage(planner) as (server, browser):
            _, ana, problems = await visit(server, browser, "Ana")
            _, ben, _ = await visit(server, browser, "Ben", role="owner", scheme="dark")
            await ana.get_by_test_id("composer").fill("Answer the open question at length")
            await ana.get_by_test_id("send").click()
            await expect(ana.get_by_test_id("steps")).to_contain_text("Reads plan, lines 1 to", timeout=WAIT)
            await expect(ana.get_by_test_id("draft")).to_contain_text("The choir brings the tent, and", timeout=WAIT)
            await expect(ben.get_by_test_id("draft")).to_contain_text("The choir", timeout=WAIT)
            assert "The choir brings" not in await text_of(ana)
            await shoot(ana, "model-draft")
            await shoot(ben, "model-draft-dark")
            card = ana.get_by_test_id("intent-card").first
            await ana.get_by_test_id("stop-draft").click()
            await expect(card).to_have_attribute("data-state", "cancelled", timeout=1_000)
            await expect(ana.get_by_test_id("draft")).to_have_count(0, timeout=2_000)
            await expect(card.get_by_test_id("cost")).to_contain_text("1 stopped", timeout=2_000)
            room = await server.registry.room("demo")
            assert not room.sequencer.fold.usage.opened, "no call is left open"
            assert OLD in await text_of(ana)
            assert not problems


async def test_the_cost_of_an_instruction_and_the_account_are_shown() -> None:
    async with scripted_model(REPLIES) as model:
        planner = model.planner()
        await planner._gateway.warm()
        async with stage(planner) as (server, browser):
            _, ana, problems = await visit(server, browser, "Ana")
            await expect(ana.get_by_test_id("planner")).to_contain_text("Planned by model claude-opus-5-5/plan@1")
            await ana.get_by_test_id("composer").fill("Answer the open question")
            await ana.get_by_test_id("send").click()
            await expect(ana.locator(".cm-content")).to_contain_text("The choir does.", timeout=WAIT)
            cost = ana.get_by_test_id("intent-card").first.get_by_test_id("cost")
            await expect(cost).to_contain_text("3 calls", timeout=WAIT)
            await expect(cost).to_contain_text("$0.")
            await ana.get_by_test_id("usage").locator("summary").click()
            await expect(ana.get_by_test_id("usage")).to_contain_text("Routing saved", timeout=WAIT)
            await shoot(ana, "model-cost")
            assert not problems


async def test_who_sees_the_draft_may_add_to_it() -> None:
    async with scripted_model(
        [
            REPLIES[0],
            reply(use("str_replace", document="plan", old_str=OLD, new_str="Nobody knows."), turn=2,
                  when_text="added_while_you_worked"),
            REPLIES[1],
            reply(use("finish", summary="Answered the open question.", served=[1]), turn=3,
                  when_text="added_while_you_worked"),
            REPLIES[3],
        ]
    ) as model:  # fmt: skip
        planner = model.planner()
        await planner._gateway.warm()
        async with stage(planner) as (server, browser):
            _, ana, _ = await visit(server, browser, "Ana")
            _, ben, problems = await visit(server, browser, "Ben")
            await ana.get_by_test_id("composer").fill("Answer the open question at length")
            await ana.get_by_test_id("send").click()
            await expect(ben.get_by_test_id("draft")).to_contain_text("The choir", timeout=WAIT)
            await ben.get_by_test_id("steer").first.click()
            await ben.get_by_test_id("composer").fill("no, say that nobody knows")
            await shoot(ben, "model-steer")
            await ben.get_by_test_id("send").click()
            await expect(ben.locator(".cm-content")).to_contain_text("Nobody knows.", timeout=WAIT)
            cards = ben.get_by_test_id("intent-card")
            await expect(cards.and_(ben.locator("[data-state=done]"))).to_have_count(1, timeout=WAIT)
            await expect(cards.and_(ben.locator("[data-state=merged]"))).to_have_count(1, timeout=WAIT)
            await expect(cards).to_have_count(2)
            assert not problems
