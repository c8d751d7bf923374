"""The operator's page in a browser: who comes in, what is shown, what is done there, at any width, in any colours."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.server import Running
from tests.support.until import until
from tests.web.test_page import WAIT, shoot, stage
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured
from workspace.registry.switches import throw

# A document that is put aside by hand is one that a verification objects to.
pytestmark = [pytest.mark.browser, pytest.mark.damages_logs]
LABEL = "the wall in the hall"
LOST = "journal row 3 (record 2): it does not decode"


async def opened(
    server: Running, browser: Browser, *, key: str = "", scheme: str = "light", width: int = 1280
) -> tuple[Page, list[str]]:
    """Open the operator's page in a window of its own, with the token in the link where there is one."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(f"{server.url}/admin{f'#token={key}' if key else ''}")
    return page, problems


async def fill(server: Running) -> str:
    """Give a server some workspaces, people and trouble; return its owner's token."""
    registry = server.registry
    for ws, name in (("launch", "Product launch 2027"), ("minutes", "Minutes of the board"), ("empty", "empty")):
        await registry.create(ws, name=name, actor="Ana", documents={"plan": "text"})
    for actor, role, ws in (("Ana", "owner", "demo"), ("Ben", "editor", "demo"), ("Ana", "owner", "launch")):
        await server.token(actor, role, ws=ws)
    await registry.tokens.make("launch", actor="TV", role="viewer", scope="read", label=LABEL)
    launch = await registry.room("launch")
    await throw(launch, is_on=True, actor="Ana", reason="the press is here")
    minutes = await registry.room("minutes")
    lost = Configured(
        "server", ConfigBody(quarantined={"plan": "journal row 3 (record 2): it does not decode"}), "owner"
    )
    await minutes.write(lambda handle: handle(lost))
    await registry.store.write_people((registry.people.note("", "cron", "backup", "", "pg_dump to tape 7"),))
    await registry.tallies.look()
    return await server.token("Ops", "owner", ws=None)


async def test_whoever_has_no_key_reads_nothing_and_is_told_how_to_come_in() -> None:
    async with stage() as (server, browser):
        page, problems = await opened(server, browser)
        await expect(page.get_by_role("heading", name="The whole server")).to_be_visible(timeout=WAIT)
        field = page.get_by_test_id("operator-key")
        await expect(field).to_be_focused()
        assert "demo" not in await page.content()
        await shoot(page, "admin-key")
        for key, said in (
            (await server.token("Ana", "owner"), "No valid token"),
            (await server.token("Vic", "viewer", ws=None), "Only the server's owner sees the whole server"),
        ):
            await field.fill(key)
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("alert")).to_contain_text(said, timeout=WAIT)
            assert "demo" not in await page.content()
        key = await server.token("Ops", "owner", ws=None)
        await field.fill(f"{server.url}/w/demo#token={key}")
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_test_id("workspace-demo")).to_contain_text("Demo", timeout=WAIT)
        assert key not in await page.content()
        await page.reload()
        await expect(page.get_by_test_id("workspace-demo")).to_be_visible(timeout=WAIT)
        await page.get_by_test_id("sign-out").click()
        await expect(field).to_be_visible()
        await page.reload()
        await expect(field).to_be_visible(timeout=WAIT)
        assert problems == []


async def test_a_link_with_the_token_opens_it_and_is_out_of_the_address() -> None:
    async with stage() as (server, browser):
        page, _ = await opened(server, browser, key=await server.token("Ops", "owner", ws=None))
        await expect(page.get_by_test_id("workspace-demo")).to_be_visible(timeout=WAIT)
        assert page.url == f"{server.url}/admin"
        await page.get_by_role("link", name="Demo").click()
        await expect(page.get_by_test_id("people")).to_contain_text("Ops (you)", timeout=WAIT)
        assert "token" not in page.url


async def test_workspaces_are_sorted_and_searched_and_trouble_is_flagged_in_place() -> None:
    async with stage() as (server, browser):
        page, problems = await opened(server, browser, key=await fill(server))
        table = page.get_by_test_id("workspaces")
        names = table.locator("tbody th a")
        await expect(names).to_have_count(4, timeout=WAIT)
        await expect(page.get_by_test_id("workspace-launch")).to_contain_text("Agent stopped by Ana: the press is here")
        minutes = page.get_by_test_id("workspace-minutes")
        await minutes.get_by_text("1 document cannot be read").click()
        await expect(minutes).to_contain_text(f"plan: {LOST}")
        await expect(page.get_by_test_id("summary")).to_contain_text("by cron: pg_dump to tape 7")
        await expect(page.get_by_test_id("summary")).to_contain_text("none known")
        head = table.get_by_role("columnheader", name="Workspace")
        await expect(head).to_have_attribute("aria-sort", "ascending")
        await head.get_by_role("button").focus()
        assert await names.all_inner_texts() == ["Demo", "empty", "Minutes of the board", "Product launch 2027"]
        await page.keyboard.press("Enter")
        await expect(head).to_have_attribute("aria-sort", "descending")
        await expect(names.first).to_have_text("Product launch 2027")
        await page.get_by_label("Search workspaces").fill("board")
        await expect(names).to_have_count(1, timeout=WAIT)
        await page.get_by_label("Search workspaces").fill("nowhere")
        await expect(table).to_contain_text("No workspace is called like “nowhere”", timeout=WAIT)
        await page.get_by_label("Search tokens and sessions").fill("WALL")
        await expect(page.get_by_test_id("sessions").locator("tbody tr")).to_have_count(1, timeout=WAIT)
        assert problems == []


async def test_what_changes_is_seen_within_seconds_and_the_focus_stays() -> None:
    async with stage() as (server, browser):
        page, _ = await opened(server, browser, key=await fill(server))
        search = page.get_by_label("Search workspaces")
        await search.click(timeout=WAIT)
        await server.registry.create("later", name="Made later", actor="Ana")
        await expect(page.get_by_test_id("workspace-later")).to_be_visible(timeout=WAIT)
        await expect(search).to_be_focused()


async def test_the_agent_is_stopped_everywhere_with_a_reason_and_let_go_on_from_the_keyboard() -> None:
    async with stage() as (server, browser):
        page, problems = await opened(server, browser, key=await fill(server))
        page.on("dialog", lambda dialog: dialog.accept())
        await page.get_by_test_id("server-stop").focus(timeout=WAIT)
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("server-stop-reason")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("server-stop")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("server-stop-reason")).to_be_focused()
        await page.keyboard.type("the model's bill")
        await page.keyboard.press("Enter")
        stopped = page.get_by_test_id("server-stopped")
        await expect(stopped).to_contain_text("stopped on the whole server by Ops: the model's bill", timeout=WAIT)
        switch = server.registry.switches.server
        assert (switch.is_on, switch.actor, switch.reason) == (True, "Ops", "the model's bill")
        await page.get_by_test_id("server-go-on").click()
        await expect(page.get_by_test_id("server-working")).to_be_visible(timeout=WAIT)
        assert not server.registry.switches.server.is_on
        await expect(page.get_by_role("status")).to_have_text("The agent goes on.")
        assert problems == []


async def test_a_key_is_ended_after_a_question_and_the_last_of_the_server_is_not() -> None:
    async with stage() as (server, browser):
        page, _ = await opened(server, browser, key=await fill(server))
        asked: list[str] = []
        says = [False, True, True]

        async def reply(dialog: object) -> None:
            asked.append(dialog.message)  # type: ignore[attr-defined]
            await (dialog.accept() if says.pop(0) else dialog.dismiss())  # type: ignore[attr-defined]

        page.on("dialog", reply)
        row = page.get_by_test_id("sessions").locator("tr", has_text="Ben")
        await row.get_by_role("button", name="End the token of Ben").click(timeout=WAIT)
        await until(lambda: len(asked) == 1)
        await expect(row).to_be_visible()
        await row.get_by_role("button").click()
        await expect(row).to_have_count(0, timeout=WAIT)
        await expect(page.get_by_role("status")).to_have_text("The token of Ben has ended.")
        (entry,) = [entry for entry in await server.registry.store.accesses("demo") if entry.act == "ended"]
        assert (entry.by, entry.subject) == ("Ops", "Ben")
        await page.get_by_role("button", name="End the token of Ops").click()
        await expect(page.get_by_test_id("refusal")).to_contain_text(
            "the last key with which somebody runs", timeout=WAIT
        )
        assert "the token of Ben (demo)" in asked[0]
        assert "you are using now" in asked[2]


async def test_a_token_that_ends_meanwhile_leads_back_to_the_question_for_one() -> None:
    async with stage() as (server, browser):
        key = await fill(server)
        page, _ = await opened(server, browser, key=key)
        await expect(page.get_by_test_id("workspace-demo")).to_be_visible(timeout=WAIT)
        await server.token("Other", "owner", ws=None)
        await server.registry.people.end_any(key.split("_")[1], by="Other")
        await expect(page.get_by_role("alert")).to_contain_text("No valid token", timeout=WAIT)
        await expect(page.get_by_test_id("operator-key")).to_be_visible()
        assert "Product launch" not in await page.content()


async def test_a_server_that_does_not_answer_leaves_what_was_shown() -> None:
    async with stage() as (server, browser):
        page, _ = await opened(server, browser, key=await fill(server))
        await expect(page.get_by_test_id("workspace-demo")).to_be_visible(timeout=WAIT)
        await page.route("**/api/admin**", lambda route: route.abort())
        await expect(page.get_by_test_id("away")).to_contain_text("does not answer", timeout=WAIT)
        await expect(page.get_by_test_id("workspace-demo")).to_be_visible()
        await expect(page.get_by_test_id("fresh")).to_have_text("Not up to date")
        await page.unroute("**/api/admin**")
        await expect(page.get_by_test_id("away")).to_have_count(0, timeout=WAIT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_it_is_read_at_any_width_in_any_colours(scheme: str, width: int) -> None:
    async with stage() as (server, browser):
        page, problems = await opened(server, browser, key=await fill(server), scheme=scheme, width=width)
        await expect(page.get_by_test_id("workspace-minutes")).to_be_visible(timeout=WAIT)
        await page.get_by_text("1 document cannot be read").click()
        await shoot(page, f"admin-{scheme}-{width}")
        await page.get_by_test_id("sessions").scroll_into_view_if_needed()
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        await shoot(page, f"admin-sessions-{scheme}-{width}")
        await page.evaluate("scrollTo(0, 0)")
        await server.registry.switches.throw(is_on=True, actor="Ops", reason="an outage at the model’s, back at noon")
        await expect(page.get_by_test_id("server-stopped")).to_be_visible(timeout=WAIT)
        await shoot(page, f"admin-stopped-{scheme}-{width}")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, "nothing is cut off"
        assert problems == []
