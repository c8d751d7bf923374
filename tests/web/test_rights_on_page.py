"""Rules of rights on the page: who may not edit sees why, at once; owners give and take rules in a form."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.support.http import WS, client_of
from tests.support.until import until
from tests.web.test_documents_on_page import choose
from tests.web.test_names_on_page import text_on_server
from tests.web.test_page import WAIT, shoot, stage, text_of, visit

pytestmark = pytest.mark.browser
RIGHTS = f"{WS}/rights"
EVERYBODY = {"group": "everyone", "role": "viewer"}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
async def test_a_rule_makes_a_page_read_only_and_says_why_and_lets_go_again(scheme: str, width: int) -> None:
    async with stage() as (server, browser), client_of(server, "Olga", "owner") as owner:
        _, ana, problems = await visit(server, browser, "Ana", scheme=scheme, width=width)
        note = ana.get_by_test_id("rights-note")
        await expect(note).to_have_count(0)
        agent = {"group": "agent", "role": "commenter"}
        assert (await owner.put(RIGHTS, json={"places": {"plan": [EVERYBODY, agent]}})).is_success
        await expect(note).to_contain_text("Read-only for you.", timeout=WAIT)
        await expect(note).to_contain_text("by the rule for everybody at plan")
        await expect(note).to_contain_text("The agent may not change plan")
        await expect(ana.get_by_test_id("composer")).to_be_disabled()
        before = await text_of(ana)
        await ana.locator(".cm-line").first.click()
        await ana.keyboard.type("not taken")
        assert await text_of(ana) == before, "nothing is typed that would be nobody's"
        await shoot(ana, f"rights-note-{scheme}-{width}")
        assert (await owner.put(RIGHTS, json={"places": {"plan": []}})).is_success
        await expect(note).to_have_count(0, timeout=WAIT)
        await ana.locator(".cm-line").first.click()
        await ana.keyboard.press("Home")
        await ana.keyboard.type("taken ")
        await until(lambda: text_on_server(server, "plan"), lambda text: "taken " in text)
        assert problems == []


async def test_what_was_typed_out_of_sight_before_a_rule_is_not_shown_as_everybodys() -> None:
    async with stage() as (server, browser), client_of(server, "Olga", "owner") as owner:
        context, ana, _ = await visit(server, browser, "Ana")
        before = await text_of(ana)
        await context.set_offline(True)
        await expect(ana.get_by_test_id("connection")).to_contain_text("offline", timeout=40_000)
        await ana.locator(".cm-line").first.click()
        await ana.keyboard.press("End")
        for _ in range(3):
            await ana.keyboard.press("Backspace")
        await ana.keyboard.type("mine alone")
        assert (await owner.put(RIGHTS, json={"places": {"plan": [EVERYBODY]}})).is_success
        await context.set_offline(False)
        await expect(ana.get_by_test_id("rights-note")).to_contain_text("Read-only for you.", timeout=40_000)
        await until(lambda: text_of(ana), lambda now: now == before)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
async def test_an_owner_gives_and_takes_rules_in_the_documents_menu(scheme: str, width: int) -> None:
    async with stage() as (server, browser), client_of(server, "Olga", "owner") as owner:
        _, olga, problems = await visit(server, browser, "Olga", role="owner", scheme=scheme, width=width)
        await choose(olga, "Who may what")
        form = olga.get_by_test_id("rights-form")
        await expect(form).to_contain_text("No rule of its own")
        await form.get_by_role("button", name="Give").click()
        await expect(form.locator("li")).to_contain_text(["Everybody may only read"], timeout=WAIT)
        await form.get_by_label("For whom").select_option("person")
        await form.get_by_label("Name of the person").fill("Zoe")
        await form.get_by_label("What they are here").select_option("editor")
        await form.get_by_role("button", name="Give").click()
        await expect(form.locator("li")).to_have_count(2, timeout=WAIT)
        await expect(form.get_by_role("status")).to_contain_text("Nobody called Zoe is known here", timeout=WAIT)
        zoe = {"actor": "Zoe", "role": "editor"}
        assert (await owner.get(RIGHTS)).json()["places"] == {"plan": [EVERYBODY, zoe]}
        await expect(olga.get_by_test_id("rights-note")).to_contain_text("You are viewer in plan", timeout=WAIT)
        await shoot(olga, f"rights-form-{scheme}-{width}")
        await form.get_by_role("button", name="Take back: Everybody may only read").click()
        await expect(form.locator("li")).to_have_count(1, timeout=WAIT)
        await expect(olga.get_by_test_id("rights-note")).to_have_count(0, timeout=WAIT)
        assert (await owner.get(RIGHTS)).json()["places"] == {"plan": [zoe]}
        assert problems == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_an_open_page_is_told_at_once_that_its_role_is_another(scheme: str, width: int) -> None:
    async with stage() as (server, browser), client_of(server, "Olga", "owner") as owner:
        _, ana, problems = await visit(server, browser, "Ana", scheme=scheme, width=width)
        note, composer = ana.get_by_test_id("rights-note"), ana.get_by_test_id("composer")
        await expect(note).to_have_count(0)
        assert (await owner.patch(f"{WS}/members/Ana", json={"role": "viewer"})).is_success
        await expect(note).to_contain_text("Read-only for you. You are viewer in this workspace.", timeout=WAIT)
        await expect(composer).to_be_disabled()
        await expect(ana.get_by_title("New document")).to_have_count(0)
        before = await text_of(ana)
        await ana.locator(".cm-line").first.click()
        await ana.keyboard.type("not taken")
        assert await text_of(ana) == before
        await shoot(ana, f"rights-role-{scheme}-{width}")
        assert (await owner.patch(f"{WS}/members/Ana", json={"role": "owner"})).is_success
        await expect(note).to_have_count(0, timeout=WAIT)
        await expect(composer).to_be_enabled()
        await expect(ana.get_by_title("New document")).to_have_count(1)
        await choose(ana, "Who may what")
        assert problems == []
