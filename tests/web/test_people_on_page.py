"""Somebody opens an invitation in a browser, says a name, and is in; whose name is taken, is told."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.issuer import CLIENT, SECRET, issuer
from tests.support.server import Running
from tests.support.until import until
from tests.web.test_page import WAIT, shoot, stage, visit
from workspace.delivery.late_oidc import LateIssuer
from workspace.settings import Settings

pytestmark = pytest.mark.browser


async def invitation(server: Running, uses: int = 1) -> str:
    made = await server.registry.invitations.invite("demo", role="editor", uses=uses, expires=None, by="Ana")
    assert isinstance(made, tuple)
    return f"{server.url}/w/demo#invitation={made[0]}"


async def opened(browser: Browser, url: str, *, scheme: str = "light", width: int = 1280) -> tuple[Page, list[str]]:
    context = await browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(url)
    return page, problems


async def test_whoever_opens_the_link_says_a_name_and_is_there() -> None:
    async with stage() as (server, browser):
        await server.token("Zoë")
        link = await invitation(server, uses=2)
        page, problems = await opened(browser, link)
        await expect(page.get_by_role("heading")).to_have_text("Join Demo", timeout=WAIT)
        assert "#" not in page.url, "it is read over no shoulder"
        await shoot(page, "invitation-light")
        await expect(page.get_by_role("button", name="Join")).to_be_disabled()
        await page.get_by_test_id("name").fill("zoë")
        await page.get_by_role("button", name="Join").click()
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("Somebody in this workspace is, or was, called zoë.", timeout=WAIT)
        await expect(alert).to_contain_text("Choose another name")
        await shoot(page, "invitation-taken")
        await page.get_by_test_id("name").fill("Yann")
        await page.get_by_role("button", name="Join").click()
        await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        await expect(page.get_by_test_id("people")).to_contain_text("Yann (you)", timeout=WAIT)
        await page.locator(".cm-content").click()
        await page.keyboard.type("Yann was here. ")
        await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        again = await page.context.new_page()
        await again.goto(f"{server.url}/w/demo")
        await expect(again.get_by_test_id("people")).to_contain_text("Yann (you)", timeout=WAIT)
        await again.get_by_test_id("people-menu").click()
        await again.get_by_role("button", name="Sign out").click()
        await expect(again.get_by_role("heading", name="This workspace needs a link")).to_be_visible(timeout=WAIT)
        await expect(page.get_by_test_id("connection")).to_contain_text("No valid token", timeout=WAIT)
        assert not problems


async def test_whoever_signs_in_elsewhere_comes_back_to_the_invitation_and_is_known() -> None:
    async with stage() as (server, browser), issuer() as said:
        made: Any = LateIssuer(
            Settings(oidc_issuer=said.url, oidc_client=CLIENT, oidc_secret=SECRET, oidc_name="Example", url=server.url)
        )
        server.registry.sign_ins.provider = made
        page, problems = await opened(browser, await invitation(server))
        await expect(page.get_by_test_id("sign-in")).to_have_text("Or sign in with Example first", timeout=WAIT)
        await shoot(page, "invitation-or-sign-in")
        said.answer = {"error": "access_denied"}
        await page.get_by_test_id("sign-in").click()
        await expect(page.get_by_role("alert")).to_contain_text("You were not signed in", timeout=WAIT)
        said.answer = {}
        await page.get_by_test_id("sign-in").click()
        await expect(page.get_by_text("You are Zoë on this server.")).to_be_visible(timeout=WAIT)
        await shoot(page, "invitation-known")
        await page.get_by_role("button", name="Join").click()
        await expect(page.get_by_test_id("people")).to_contain_text("Zoë (you)", timeout=WAIT)
        stranger, _ = await opened(browser, f"{server.url}/w/demo#problem=sign_in_over", scheme="dark", width=390)
        await expect(stranger.get_by_test_id("sign-in")).to_have_text("Sign in with Example", timeout=WAIT)
        await expect(stranger.get_by_role("alert")).to_contain_text("Begin again")
        assert "#" not in stranger.url
        await shoot(stranger, "sign-in-dark-390")
        assert not problems


async def test_an_owner_invites_by_the_page_changes_a_role_and_takes_back() -> None:
    async with stage() as (server, browser):
        _, olga, problems = await visit(server, browser, "Olga", role="owner")
        await olga.get_by_test_id("people-menu").click()
        sheet = olga.get_by_role("dialog", name="People and sessions")
        await sheet.get_by_label("As").select_option("commenter")
        await sheet.get_by_role("button", name="Make a link").click()
        link = await sheet.get_by_test_id("invitation-link").input_value()
        await expect(sheet).to_contain_text("commenter, for one person", timeout=WAIT)
        page, _ = await opened(browser, link)
        await page.get_by_test_id("name").fill("Yann")
        await page.get_by_role("button", name="Join").click()
        await expect(page.get_by_test_id("people")).to_contain_text("Yann (you)", timeout=WAIT)
        await olga.keyboard.press("Escape")
        await olga.get_by_test_id("people-menu").click()
        await sheet.get_by_label("Role of Yann").select_option("editor")
        await until(lambda: roles(server), lambda found: found.get("Yann") == "editor")
        await sheet.get_by_role("button", name="#0e7490").click()
        await expect(sheet.get_by_role("button", name="#0e7490")).to_have_attribute(
            "aria-pressed", "true", timeout=WAIT
        )
        await sheet.get_by_role("button", name="Make a link").click()
        await expect(sheet.get_by_role("button", name="Take back")).to_have_count(1, timeout=WAIT)
        await shoot(olga, "people-light")
        await sheet.get_by_role("button", name="Take back").click()
        await expect(sheet.get_by_role("button", name="Take back")).to_have_count(0, timeout=WAIT)
        olga.on("dialog", lambda dialog: dialog.accept())
        yann = sheet.locator(".row", has_text="Yann")
        await yann.get_by_role("button", name="Remove").click()
        await expect(sheet.get_by_label("Role of Yann")).to_have_count(0, timeout=WAIT)
        await expect(page.get_by_test_id("connection")).to_contain_text("No valid token", timeout=WAIT)
        assert not problems


async def test_a_small_dark_page_shows_people_whole_and_whoever_is_no_owner_changes_nobody() -> None:
    async with stage() as (server, browser):
        second = await server.token("Ana")
        _, ana, _ = await visit(server, browser, "Ana", scheme="dark", width=390)
        await ana.get_by_test_id("people-menu").click()
        sheet = ana.get_by_role("dialog", name="People and sessions")
        await expect(sheet.get_by_role("button", name="End", exact=True)).to_have_count(1, timeout=WAIT)
        await shoot(ana, "people-dark-390")
        assert await sheet.get_by_role("button", name="Make a link").count() == 0
        assert await sheet.get_by_role("combobox").count() == 0
        assert await ana.evaluate("document.documentElement.scrollWidth") <= 390
        await sheet.get_by_role("button", name="End", exact=True).click()
        await expect(sheet.get_by_role("button", name="End", exact=True)).to_have_count(0, timeout=WAIT)
        assert await server.registry.tokens.identify(second, "demo") is None


async def roles(server: Running) -> dict[str, str]:
    return dict(await server.registry.people.roles("demo"))


async def test_an_invitation_that_is_over_says_what_to_do_and_small_and_dark_pages_show_it_whole() -> None:
    async with stage() as (server, browser):
        link = await invitation(server)
        page, _ = await opened(browser, link, scheme="dark", width=390)
        await expect(page.get_by_role("heading")).to_have_text("Join Demo", timeout=WAIT)
        await shoot(page, "invitation-dark-390")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        (row,) = await server.registry.invitations.open("demo")
        await server.registry.invitations.take_back("demo", row.id, by="Ana")
        await page.get_by_test_id("name").fill("Yann")
        await page.get_by_role("button", name="Join").click()
        await expect(page.get_by_role("alert")).to_contain_text("taken back", timeout=WAIT)
        await page.reload()
        await expect(page.get_by_role("heading")).to_have_text("This invitation does not open", timeout=WAIT)
        await expect(page.get_by_role("alert")).to_contain_text("Ask whoever sent it for another.")
        await shoot(page, "invitation-over-dark-390")
        await page.get_by_role("button", name="Go on without it").click()
        await expect(page.get_by_role("heading")).to_have_text("This workspace needs a link", timeout=WAIT)


async def test_whoever_came_in_by_a_link_comes_in_by_it_again() -> None:
    async with stage() as (server, browser):
        link = await invitation(server)
        page, problems = await opened(browser, link)
        await page.get_by_test_id("name").fill("Yann")
        await page.get_by_role("button", name="Join").click()
        await expect(page.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        again = await page.context.new_page()
        await again.goto(link)
        await expect(again.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        await expect(again.get_by_test_id("people")).to_contain_text("Yann", timeout=WAIT)
        assert not problems
