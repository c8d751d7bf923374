"""Invitations end to end: made, looked at, taken up, used up, taken back; who is known, whose name is taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from tests.support.http import WS, client_of, http, problem
from tests.support.server import Running, running_server
from tests.workspace.http.test_people import WHO, closed, key_of, socket_of
from workspace.http.invitations import browser_words
from workspace.registry import invitations
from workspace.registry.attempts import Attempts
from workspace.settings import Settings

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
COOKIE = "folkmoot_session"


@asynccontextmanager
async def browser(server: Running) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a browser with cookies of its own, on the server's page."""
    headers = {"origin": server.url, "user-agent": FIREFOX}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=20) as page:
        yield page


async def invited(owner: httpx2.AsyncClient, ws: str = "demo", **more: Any) -> str:
    made = await owner.post(f"/api/workspaces/{ws}/invitations", json={"role": "editor", **more})
    assert made.status_code == 201, made.text
    key: str = made.json()["invitation"]
    return key


async def accept(page: httpx2.AsyncClient, key: str, name: str = "") -> httpx2.Response:
    return await page.post("/api/invitation/accept", json={"invitation": key, "name": name})


@pytest.mark.parametrize("who", WHO)
async def test_who_may_invite_is_who_may_give_tokens(who: str) -> None:
    async with running_server() as server:
        made = await server.registry.invitations.invite("demo", role="viewer", uses=1, expires=None, by="olga")
        assert isinstance(made, tuple)
        key = await key_of(server, who)
        headers = {"authorization": f"Bearer {key}"} if key else {}
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
            answers = [
                await client.post(f"{WS}/invitations", json={"role": "editor"}),
                await client.get(f"{WS}/invitations"),
                await client.request("DELETE", f"{WS}/invitations/{made[1].id}"),
            ]
        open_ones = await server.registry.invitations.open("demo")
        if who in ("owner", "owner of the server"):
            assert [answer.status_code for answer in answers] == [201, 200, 204]
            assert made[0].split("_")[2] not in answers[1].text
            assert [row.id for row in open_ones] == [answers[0].json()["id"]]
        else:
            assert {answer.status_code for answer in answers} <= {401, 403}
            assert [row.id for row in open_ones] == [made[1].id]


async def test_whoever_opens_the_link_says_a_name_and_is_a_member_with_a_session() -> None:
    async with http("owner") as (server, owner), browser(server) as page:
        key = await invited(owner)
        shown = (await page.post("/api/invitation", json={"invitation": key})).json()
        assert {name: shown[name] for name in ("ws", "name", "role", "by", "known", "member")} == {
            "ws": "demo", "name": "Demo", "role": "editor", "by": "ana", "known": None, "member": False,
        }  # fmt: skip
        joined = await accept(page, key, "Zoë")
        assert (joined.status_code, joined.json()) == (201, {"ws": "demo", "actor": "Zoë", "role": "editor"})
        cookie = joined.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert (await page.get("/api/me?ws=demo")).json()["actor"] == "Zoë"
        assert (await page.post(f"{WS}/intents", json={"text": "set budget.n to 1"})).status_code == 202
        (session,) = (await page.get("/api/sessions?ws=demo")).json()
        assert (session["kind"], session["label"], session["own"]) == ("session", "Firefox on Linux", True)
        assert (await accept(page, key)).status_code == 200, "by their own link they come in again"
        async with httpx2.AsyncClient(base_url=server.url) as program:
            bearer = {"authorization": f"Bearer {page.cookies[COOKIE]}"}
            assert (await program.get(WS, headers=bearer)).status_code == 200
        async with socket_of(server, page.cookies[COOKIE]) as socket:
            await owner.request("DELETE", f"{WS}/members/Zoë")
            assert await closed(socket) == 4401
        problem(await page.get(WS), 401, "unauthenticated")
        told = (await owner.get(f"{WS}/access")).text + (await owner.get(f"{WS}/log")).text
        assert key.split("_")[2] not in told
        assert page.cookies[COOKIE].split("_")[2] not in told


async def test_one_session_opens_every_workspace_of_its_person_and_each_owner_only_the_own() -> None:
    async with http("owner", ws=None) as (server, owner), browser(server) as zoe:
        await server.registry.create("other", name="Other", actor="ana")
        await accept(zoe, await invited(owner), "Zoë")
        key = await invited(owner, "other", role="owner")
        assert (await zoe.post("/api/invitation", json={"invitation": key})).json()["known"] == "Zoë"
        joined = await accept(zoe, key, "Zo")
        assert joined.json() == {"ws": "other", "actor": "Zo", "role": "owner"}
        assert "set-cookie" not in joined.headers
        assert [(await zoe.get(f"/api/me?ws={ws}")).json()["role"] for ws in ("demo", "other")] == ["editor", "owner"]
        async with client_of(server, "olga", "owner") as olga:
            # Who owns `demo` may speak as Zoë there, and nowhere else: such a token gives no session of hers.
            link = (await olga.post(f"{WS}/links", json={"actor": "Zoë"})).json()["token"]
            bearer = {"authorization": f"Bearer {link}"}
            problem(await olga.get("/api/workspaces/other", headers=bearer), 401, "unauthenticated")
            again = await invited(olga, uses=3)
            tried = await olga.post("/api/invitation/accept", json={"invitation": again, "name": "Zoë"}, headers=bearer)
            problem(tried, 409, "name_taken")
            assert [row["kind"] for row in (await olga.get("/api/sessions?ws=demo", headers=bearer)).json()] == [
                "token"
            ]
            await olga.request("DELETE", f"{WS}/members/Zoë")
        problem(await zoe.get(WS), 401, "unauthenticated")
        assert (await zoe.get("/api/workspaces/other")).status_code == 200


async def test_a_person_has_a_colour_everywhere_and_only_they_give_it() -> None:
    async with http("owner", ws=None) as (server, owner), browser(server) as zoe:
        await accept(zoe, await invited(owner), "Zoë")
        changed = await zoe.patch("/api/me?ws=demo", json={"colour": "#0e7490", "name": "Zoë K."})
        assert changed.json() == {"name": "Zoë K.", "colour": "#0e7490"}
        assert (await zoe.patch("/api/me?ws=demo", json={"colour": "#0E7490"})).json()["colour"] == "#0e7490"
        assert (await zoe.get("/api/me?ws=demo")).json()["actor"] == "Zoë", "the name in a workspace stays"
        (row,) = (await owner.get(f"{WS}/members")).json()
        assert (row["actor"], row["colour"]) == ("Zoë", "#0e7490")
        for odd in ({"colour": "red"}, {"colour": "#0e749g"}, {"colour": "#0e7490;"}, {"name": ""}, {"name": "agent"}):
            problem(await zoe.patch("/api/me?ws=demo", json=odd), 400, "malformed")
        async with client_of(server, "olga", "owner") as olga:
            link = (await olga.post(f"{WS}/links", json={"actor": "Zoë"})).json()["token"]
            bearer = {"authorization": f"Bearer {link}"}
            problem(await olga.patch("/api/me?ws=demo", json={"name": "x"}, headers=bearer), 403, "forbidden")
        problem(await owner.patch("/api/me?ws=demo", json={"name": "x"}), 404, "not_found")
        assert (await zoe.patch("/api/me?ws=demo", json={"colour": ""})).json()["colour"] == ""


async def test_a_name_is_refused_that_somebody_has_or_had_or_that_the_log_has() -> None:
    async with http("owner") as (server, owner), browser(server) as page:
        await server.token("ben")
        await owner.request("DELETE", f"{WS}/members/ben")
        key = await invited(owner)
        for taken in ("ana", "ANA", "ben", "Ben", "owner", "agent", "", " x", "x" * 65, "a\nb"):
            refused = await accept(page, key, taken)
            code = "malformed" if taken in ("agent", "", " x", "x" * 65, "a\nb") else "name_taken"
            problem(refused, 400 if code == "malformed" else 409, code)
            assert refused.json()["remedy"]
        assert (await accept(page, key, "Zoë")).status_code == 201, "no use was lost by it"


async def test_of_two_who_accept_the_last_use_at_once_one_is_in_and_of_two_of_one_name_too() -> None:
    async with http("owner") as (server, owner):
        async with browser(server) as one, browser(server) as other:
            key = await invited(owner)
            answers = await asyncio.gather(accept(one, key, "Zoë"), accept(other, key, "Yann"))
            assert sorted(answer.status_code for answer in answers) == [201, 410]
        async with browser(server) as one, browser(server) as other:
            key = await invited(owner, uses=2)
            answers = await asyncio.gather(accept(one, key, "Xue"), accept(other, key, "xue"))
            assert sorted(answer.status_code for answer in answers) == [201, 409]
        (left,) = (await owner.get(f"{WS}/invitations")).json()
        assert left["used"] == 1


async def test_a_member_comes_again_without_a_use_and_whoever_left_under_the_old_name() -> None:
    async with http("owner") as (server, owner), browser(server) as page:
        key = await invited(owner, uses=2)
        await accept(page, key, "Zoë")
        again = await accept(page, key, "Other")
        assert (again.status_code, again.json()["actor"]) == (200, "Zoë")
        assert (await page.request("DELETE", f"{WS}/members/Zoë")).status_code == 204
        problem(await page.get(WS), 401, "unauthenticated")
        back = await accept(page, key, "Other")
        assert (back.status_code, back.json()["actor"]) == (201, "Zoë")
        assert (await owner.get(f"{WS}/invitations")).json() == []


async def test_an_invitation_that_is_over_taken_back_or_invented_looks_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with http("owner") as (server, owner), browser(server) as page:
        over = await invited(owner, expires=time.time() + 3_600)
        back = await invited(owner)
        good = await invited(owner)
        await owner.request("DELETE", f"{WS}/invitations/{back.split('_')[1]}")
        problem(await owner.request("DELETE", f"{WS}/invitations/{back.split('_')[1]}"), 404, "not_found")
        forged = good[:-4] + ("0000" if good[-4:] != "0000" else "1111")
        (row,) = await server.registry.store.invitations(id=over.split("_")[1])
        monkeypatch.setattr(server.registry.invitations, "_clock", Later(row.expires))
        said = set()
        for key in (
            over,
            back,
            forged,
            good.replace("fi_", "fm_"),
            "",
            "x" * 10_000,
            "fi_" + "0" * 12 + "_" + "0" * 32,
        ):
            for path in ("/api/invitation", "/api/invitation/accept"):
                refused = await page.post(path, json={"invitation": key})
                problem(refused, 410, "invitation_spent")
                said.add(refused.text)
        assert len(said) == 1
        problem(await owner.request("DELETE", f"{WS}/invitations/{over.split('_')[1]}"), 404, "not_found")


class Later:
    """A clock that stands at a time."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def token(self, size: int) -> str:
        return "a" * 2 * size


async def test_invitations_are_bounded_in_number_uses_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "OPEN_MAX", 2)
    async with http("owner") as (_, owner):
        for odd in (
            {"role": "king"},
            {"role": "agent"},
            {"uses": 0},
            {"uses": 1001},
            {"expires": 1.0},
            {"expires": 1e12},
        ):
            problem(await owner.post(f"{WS}/invitations", json={"role": "editor", **odd}), 400, "malformed")
        keys = [await invited(owner) for _ in range(2)]
        problem(await owner.post(f"{WS}/invitations", json={"role": "editor"}), 413, "too_large")
        await owner.request("DELETE", f"{WS}/invitations/{keys[0].split('_')[1]}")
        await invited(owner)


async def test_attempts_from_one_address_have_a_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    async with http("owner") as (server, owner), browser(server) as page:
        monkeypatch.setattr(server.registry, "attempts", Attempts(server.registry.clock, at_once=3.0))
        codes = [(await accept(page, "fi_x", "Zoë")).json()["code"] for _ in range(6)]
        assert codes[:3] == ["invitation_spent"] * 3
        assert "rate_limited" in codes
        assert (await owner.get(WS)).status_code == 200


async def test_a_foreign_page_takes_up_nothing() -> None:
    async with http("owner") as (server, owner):
        key = await invited(owner)
        async with httpx2.AsyncClient(base_url=server.url, headers={"origin": "http://evil.example"}) as page:
            problem(await accept(page, key, "Zoë"), 403, "foreign_origin")
        assert len((await owner.get(f"{WS}/invitations")).json()) == 1


async def test_on_an_open_server_an_invitation_makes_a_guest_a_member() -> None:
    async with running_server(settings=Settings(is_open=True)) as server, browser(server) as page:
        owner = {"authorization": f"Bearer {await server.token('olga', 'owner')}"}
        key = (await page.post(f"{WS}/invitations", json={"role": "editor"}, headers=owner)).json()["invitation"]
        assert (await accept(page, key, "Zoë")).status_code == 201
        assert (await page.get("/api/me?ws=demo")).json()["actor"] == "Zoë"
        assert (await page.request("DELETE", "/api/session?ws=demo")).status_code == 204
        assert (await page.get("/api/me?ws=demo")).json()["actor"].startswith("guest-")


async def test_a_session_that_is_ended_elsewhere_is_over_and_all_others_of_a_person_at_once() -> None:
    async with http("owner") as (server, owner), browser(server) as page:
        await accept(page, await invited(owner), "Zoë")
        person = next(row.person for row in await server.registry.store.members("demo") if row.actor == "Zoë")
        row, second = server.registry.tokens.draw_session(person, expires=time.time() + 60, label="x", place="y")
        await server.registry.store.write_people((row,))
        async with socket_of(server, second) as socket:
            problem(await owner.request("DELETE", f"/api/sessions/{row.id}?ws=demo"), 404, "not_found")
            assert (await page.request("DELETE", "/api/sessions?ws=demo")).json() == {"ended": [row.id]}
            assert await closed(socket) == 4401
        assert (await page.get(WS)).status_code == 200
        assert (await page.request("DELETE", "/api/session?ws=demo")).status_code == 204
        problem(await page.get(WS), 401, "unauthenticated")


async def test_a_session_runs_out_while_a_socket_is_open() -> None:
    async with http("owner") as (server, owner), browser(server) as page:
        await accept(page, await invited(owner), "Zoë")
        person = next(row.person for row in await server.registry.store.members("demo") if row.actor == "Zoë")
        row, soon = server.registry.tokens.draw_session(person, expires=time.time() + 0.7, label="x", place="y")
        await server.registry.store.write_people((row,))
        async with socket_of(server, soon) as socket:
            assert await closed(socket) == 4401


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605 Version/18.0 Safari/604.1", "Safari on an iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.0 Firefox/1", "a program"),
        ("", "a program"),
        ("Mozilla/5.0 " + "Linux" * 10_000, "a program"),
    ],
)
def test_a_browser_is_told_in_words(agent: str, words: str) -> None:
    assert browser_words(agent) == words


async def test_ones_own_used_invitation_lets_one_in_and_nobody_else() -> None:
    async with http("owner") as (server, owner), browser(server) as page, browser(server) as other:
        key = await invited(owner)
        assert (await accept(page, key, "Zoë")).status_code == 201
        shown = (await page.post("/api/invitation", json={"invitation": key})).json()
        assert (shown["known"], shown["member"]) == ("Zoë", True)
        again = await accept(page, key)
        assert (again.status_code, again.json()["actor"]) == (200, "Zoë")
        problem(await accept(other, key, "Yann"), 410, "invitation_spent")
        assert (await owner.request("DELETE", f"{WS}/members/Zo%C3%AB")).status_code == 204
        problem(await accept(page, key), 410, "invitation_spent")


async def test_an_invitation_of_who_was_an_owner_does_not_come_back_with_their_role() -> None:
    async with http("owner") as (server, owner), browser(server) as page, client_of(server, "olga", "owner") as olga:
        key = await invited(olga, uses=9)
        assert (await owner.patch(f"{WS}/members/olga", json={"role": "editor"})).status_code == 200
        assert (await owner.patch(f"{WS}/members/olga", json={"role": "owner"})).status_code == 200
        problem(await accept(page, key, "Zoe"), 410, "invitation_spent")


async def test_an_invitation_is_taken_back_also_where_its_maker_is_no_owner() -> None:
    async with http("owner") as (server, owner):
        await server.token("olga", "owner")
        made = await server.registry.invitations.invite("demo", role="viewer", uses=2, expires=None, by="olga")
        assert isinstance(made, tuple)
        # Without the record of what ended: as databases have it whose invitations died with their makers' rights.
        await server.registry.tokens.revoke("demo", actor="olga", token_id=None)
        assert (await owner.get(f"{WS}/invitations")).json() == []
        assert (await owner.request("DELETE", f"{WS}/invitations/{made[1].id}")).status_code == 204
        problem(await owner.request("DELETE", f"{WS}/invitations/{made[1].id}"), 404, "not_found")


@pytest.mark.parametrize("how", ["removed", "left"])
async def test_who_was_taken_out_comes_in_by_a_new_invitation_alone_and_who_left_by_the_old(how: str) -> None:
    async with http("owner") as (server, owner), browser(server) as zoe:
        old = await invited(owner, uses=9)
        assert (await accept(zoe, old, "Zoe")).status_code == 201
        by = owner if how == "removed" else zoe
        assert (await by.request("DELETE", f"{WS}/members/Zoe")).status_code == 204
        again = await accept(zoe, old)
        if how == "removed":
            problem(again, 410, "invitation_spent")
            assert "taken out" in again.json()["detail"]
            again = await accept(zoe, await invited(owner))
        assert again.status_code == 201
