"""What members are and hold, without a server; over HTTP: `tests/workspace/http/test_people.py`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.workspace.room.stage import HandClock
from workspace.access import TOKEN, Identity, InvitationRow, MemberRow, format_key, parse_key, standings
from workspace.errors import Refusal
from workspace.intents.model.times import timestamp
from workspace.ports import WorkspaceRow
from workspace.registry.people import People
from workspace.registry.tokens import AccessTokens
from workspace.store.memory import MemoryStore


async def people_with(*tokens: tuple[str, str, float | None]) -> tuple[People, MemoryStore, HandClock, list[str]]:
    """Return people of `w` who hold tokens (name, role, end), and what is told of keys that ended."""
    store, clock, told = MemoryStore(), HandClock(), list[str]()
    await store.create_workspace(WorkspaceRow("w", "w", "now"))

    async def tell(ws: str, ids: Sequence[str]) -> None:
        told.extend((ws, *ids))

    access = AccessTokens(store, clock)
    for actor, role, expires in tokens:
        await access.make("w", actor=actor, role=role, expires=expires)  # type: ignore[arg-type]
    return People(store, clock, access, tell), store, clock, told


async def test_somebody_is_the_strongest_of_their_tokens_as_long_as_one_counts() -> None:
    people, _, clock, _ = await people_with(
        ("ana", "viewer", None), ("ana", "editor", 1_010.0), ("ben", "owner", 1_005.0)
    )
    assert await people.roles("w") == {"ana": "editor", "ben": "owner"}
    clock.at = 1_005.0
    assert await people.roles("w") == {"ana": "editor"}
    clock.at = 1_010.0
    assert await people.roles("w") == {"ana": "viewer"}


def test_a_member_stands_without_a_key_and_one_that_is_gone_does_not() -> None:
    member = MemberRow("w", "ana", "p", "editor", gone=False, changes=0, created_at="")
    gone = MemberRow("w", "ben", "q", "", gone=True, changes=1, created_at="")
    assert standings([], [member, gone], 0.0) == {"ana": "editor", "ben": None}


async def test_a_lost_link_ends_with_all_others_of_its_name_there() -> None:
    people, store, _, told = await people_with(("ana", "viewer", None), ("ana", "editor", None), ("ben", "owner", None))
    made = await people.new_link("w", "ana", expires=None, by="ben")
    assert not isinstance(made, Refusal)
    token, role = made
    parts = parse_key(token, TOKEN)
    assert parts is not None
    assert role == "editor"
    counting = [row.id for row in await store.tokens("w") if not row.revoked and row.actor == "ana"]
    assert counting == [parts[0]]
    assert len(told) == 3


async def test_a_token_is_exchanged_by_its_holder_alone_unless_any_may_be() -> None:
    people, store, _, _ = await people_with(("ana", "editor", 2_000.0), ("ben", "owner", None))
    ana, ben = await store.tokens("w")
    for holder in (ben.id, "nobody"):
        assert isinstance(await people.rotate("w", ana.id, by="x", holder=holder), Refusal)
    assert isinstance(await people.rotate("v", ana.id, by="x"), Refusal), "it is another workspace's"
    assert isinstance(await people.rotate("w", ana.id, by="ana", holder=ana.id), str)
    assert isinstance(await people.rotate("w", ana.id, by="ana"), Refusal), "what has ended is exchanged for nothing"
    (row,) = [row for row in await store.tokens("w") if row.actor == "ana" and not row.revoked]
    assert (row.role, row.expires, row.scope) == ("editor", 2_000.0, "all")


async def test_nobody_holds_anothers_keys() -> None:
    people, store, _, _ = await people_with(("ana", "editor", None), ("ben", "owner", None))
    ana, ben = await store.tokens("w")
    own = Identity("ana", "editor", ana.id)
    assert [row.id for row in await people.held(own, "w")] == [ana.id]
    assert isinstance(await people.end_held(own, "w", id=ben.id), Refusal)
    assert await people.end_held(own, "w") == []
    guest = Identity("ben", "owner")
    assert await people.held(guest, "w") == [], "a guest of an open server who says so is not Ben"


def test_who_only_reads_does_nothing_else_whatever_role_is_made_of_it() -> None:
    wall = Identity("wall", "owner", "t1", scope="read")
    assert [right for right in ("read", "edit", "instruct", "administer") if wall.may(right, 0.0)] == ["read"]  # type: ignore[arg-type]


def test_a_key_is_of_its_kind() -> None:
    key = format_key(TOKEN, "0" * 12, "1" * 32)
    assert parse_key(key, TOKEN) == ("0" * 12, "1" * 32)
    for odd in (key.replace("fm", "fs"), key.upper(), key + "0", key[:-1], " " + key, key + "\n", "fm_é_1"):
        assert parse_key(odd, TOKEN) is None


async def test_who_runs_the_server_ends_any_key_but_the_last_of_their_own_kind() -> None:
    people, store, clock, told = await people_with(("ana", "owner", None))
    access = AccessTokens(store, clock)
    (ana,) = [row.id for row in await store.tokens("w")]
    first = (parse_key(await access.make(None, actor="op", role="owner"), TOKEN) or ("",))[0]
    ended = await people.end_any(ana, by="op")
    assert not isinstance(ended, Refusal)
    assert (ended.actor, told) == ("ana", ["w", ana])
    for gone in (ana, "0" * 12):
        refused = await people.end_any(gone, by="op")
        assert isinstance(refused, Refusal)
        assert refused.code == "not_found"
    for role, expires in (("viewer", None), ("owner", clock.now())):
        await access.make(None, actor="other", role=role, expires=expires)  # type: ignore[arg-type]
    refused = await people.end_any(first, by="op")
    assert isinstance(refused, Refusal)
    assert refused.code == "last_owner"
    await access.make(None, actor="other", role="owner")
    assert not isinstance(await people.end_any(first, by="other"), Refusal)
    (entry,) = [row for row in await store.accesses("") if row.act == "ended"]
    assert (entry.by, entry.subject) == ("other", "op")


def invitation_of(by: str, clock: HandClock, id: str = "i") -> InvitationRow:
    at = clock.now()
    return InvitationRow(id, "w", "owner", "", 9, 0, at + 1_000, False, by, timestamp(at))


@pytest.mark.parametrize("how", ["role", "remove", "leave", "revoke_all", "revoke_one", "end", "end_held", "end_any"])
async def test_an_invitation_ends_for_good_when_its_maker_is_no_owner_any_more(how: str) -> None:
    people, store, clock, _ = await people_with(("ana", "owner", None), ("olga", "owner", None))
    await store.write_people((invitation_of("olga", clock), invitation_of("ana", clock, "j")))
    (key,) = [row.id for row in await store.tokens("w") if row.actor == "olga"]
    olga = Identity("olga", "owner", token_id=key)
    match how:
        case "role":
            done: object = await people.set_role("w", "olga", "editor", by="ana")
        case "remove" | "leave":
            done = await people.remove("w", "olga", by="ana" if how == "remove" else "olga")
        case "revoke_all":
            done = await people.revoke_all("w", "olga", by="ana")
        case "revoke_one":
            done = await people.revoke_one("w", key, by="ana")
        case "end":
            done = await people.end("w", [key], by="ana", subject="olga")
        case "end_held":
            done = await people.end_held(olga, "w", id=key)
        case _:
            done = await people.end_any(key, by="operator")
    assert not isinstance(done, Refusal)
    assert {row.id: row.revoked for row in await store.invitations("w")} == {"i": True, "j": False}
    assert [row.detail for row in await store.accesses("w") if row.act == "uninvited"] == ["i"]


async def test_who_stays_an_owner_by_another_token_keeps_their_invitations() -> None:
    people, store, clock, _ = await people_with(
        ("ana", "owner", None), ("olga", "owner", None), ("olga", "owner", None)
    )
    await store.write_people((invitation_of("olga", clock),))
    one = next(row.id for row in await store.tokens("w") if row.actor == "olga")
    assert await people.revoke_one("w", one, by="ana") == [one]
    assert await people.set_role("w", "ana", "editor", by="olga") is None
    assert [row.revoked for row in await store.invitations("w")] == [False]


async def test_with_a_key_of_the_whole_server_its_makers_invitations_end_in_every_workspace() -> None:
    people, store, clock, _ = await people_with(("ana", "owner", None))
    access = AccessTokens(store, clock)
    for actor in ("root", "other"):
        await access.make(None, actor=actor, role="owner")
    await store.write_people((invitation_of("root", clock),))
    (key,) = [row.id for row in await store.tokens("") if row.actor == "root"]
    assert not isinstance(await people.end_any(key, by="operator"), Refusal)
    assert [row.revoked for row in await store.invitations("w")] == [True]
