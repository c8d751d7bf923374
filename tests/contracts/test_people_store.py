"""One contract for every store: people, memberships, keys, invitations, the record of access."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from workspace.access import AccessRow, InvitationRow, LoginRow, MemberRow, PersonRow, TokenRow
from workspace.errors import InvitationSpent, KeyEnded, NameTaken, WorkspaceFault
from workspace.ports import Joining, Store, WorkspaceRow

replace = msgspec.structs.replace
TOKEN = TokenRow("t1", "w", "Zoë", "editor", "h", None, False, "1")
OFFER = InvitationRow("o1", "w", "editor", "h", uses=1, used=0, expires=100.5, revoked=False, by="ana", created_at="1")


def noted(act: str, at: str = "1", place: str = "w") -> AccessRow:
    return AccessRow(f"{act}{at}", place, at, "ana", act, "Zoë 😀", "")


def joining(name: str, person: str = "", now: float = 50.0) -> Joining:
    person = person or f"p-{name}"
    member = MemberRow("w", name, person, "editor", gone=False, changes=0, created_at="2")
    session = TokenRow(f"s-{person}", None, "", "", "h", 99.5, False, "2", person, "all", "Firefox", "2", "::1")
    return Joining("o1", now, member, (PersonRow(person, name, "", "2"), session, noted("joined", name)))


async def test_the_first_token_of_a_name_makes_a_member_and_a_person_and_the_next_none(store: Store) -> None:
    await store.put_token(TOKEN, noted=noted("token"))
    await store.put_token(replace(TOKEN, id="t2"))
    (member,) = await store.members("w")
    assert member == MemberRow("w", "Zoë", "t1", "", gone=False, changes=0, created_at="1")
    assert await store.memberships("t1") == [member]
    assert await store.person("t1") == PersonRow("t1", "Zoë", "", "1")
    assert await store.person("t2") is None
    assert await store.persons("w") == [PersonRow("t1", "Zoë", "", "1")]
    assert await store.persons("v") == []
    assert await store.accesses("w") == [noted("token")] == await store.accesses(None)
    assert await store.accesses("v") == []
    await store.put_token(replace(TOKEN, id="t3", ws=None, actor="op"))
    assert len(await store.members("w")) == 1, "a token of the whole server makes nobody a member"


async def test_a_token_takes_the_place_of_others_at_once(store: Store) -> None:
    for id in ("t1", "t2", "t3"):
        await store.put_token(replace(TOKEN, id=id))
    await store.put_token(replace(TOKEN, id="t4", scope="read", label="for the wall"), ends=["t1", "t3"])
    assert [(row.id, row.revoked, row.scope) for row in await store.tokens("w")] == [
        ("t1", True, "all"), ("t2", False, "all"), ("t3", True, "all"), ("t4", False, "read"),
    ]  # fmt: skip


async def test_of_many_that_come_instead_of_one_there_is_one_and_none_once_it_ended(store: Store) -> None:
    await store.put_token(TOKEN)
    made = [
        store.put_token(replace(TOKEN, id=f"n{at}"), noted=noted("rotated", str(at)), instead_of="t1")
        for at in range(4)
    ]
    results = await asyncio.gather(*made, return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [KeyEnded] * 3
    assert [row.id for row in await store.tokens("w") if not row.revoked] == [f"n{results.index(None)}"]
    assert len(await store.accesses("w")) == 1
    await store.change_member("w", "Zoë", None, noted("removed"))
    with pytest.raises(KeyEnded):
        await store.put_token(replace(TOKEN, id="back"), instead_of=f"n{results.index(None)}")
    assert all(row.revoked for row in await store.tokens("w"))
    assert [row.gone for row in await store.members("w")] == [True], "nor is anybody a member again by it"


async def test_another_role_is_that_of_all_tokens_there_and_of_none_elsewhere(store: Store) -> None:
    await store.create_workspace(WorkspaceRow("v", "v", "now"))
    for row in (TOKEN, replace(TOKEN, id="t2"), replace(TOKEN, id="t3", actor="ben"), replace(TOKEN, id="t4", ws="v")):
        await store.put_token(row)
    await store.revoke("w", token_id="t2")
    marks = {await store.token_mark()}
    assert await store.change_member("w", "Zoë", "viewer", noted("role")) == ["t1"]
    marks.add(await store.token_mark())
    assert [(row.id, row.role) for row in await store.tokens("w")] == [
        ("t1", "viewer"), ("t2", "editor"), ("t3", "editor"),
    ]  # fmt: skip
    assert [row.role for row in await store.tokens("v")] == ["editor"]
    assert [row.role for row in await store.members("w")] == ["", ""], "who is here by tokens stays so"
    assert await store.change_member("w", "Zoë", None, noted("removed", "2")) == ["t1"]
    marks.add(await store.token_mark())
    assert [(row.actor, row.gone) for row in await store.members("w")] == [("Zoë", True), ("ben", False)]
    await store.put_token(replace(TOKEN, id="t5"))
    marks.add(await store.token_mark())
    assert len(marks) == 4, "another server sees each of these"
    (zoe, _) = await store.members("w")
    assert (zoe.person, zoe.gone) == ("t1", False), "the name is whose it was"
    assert [row.act for row in await store.accesses("w")] == ["removed", "role"]


async def test_a_session_opens_the_workspaces_of_its_person_and_goes_with_a_membership(store: Store) -> None:
    await store.create_workspace(WorkspaceRow("v", "v", "now"))
    await store.write_people([OFFER])
    await store.join(joining("Zoë"))
    assert [row.id for row in await store.tokens("w")] == ["s-p-Zoë"]
    assert await store.tokens("v") == []
    await store.write_people([MemberRow("v", "zo", "p-Zoë", "viewer", False, 0, "3")])
    assert [row.ws for row in await store.memberships("p-Zoë")] == ["v", "w"]
    assert [row.id for row in await store.tokens("v")] == ["s-p-Zoë"]
    assert await store.change_member("w", "Zoë", None, noted("left")) == []
    assert await store.tokens("w") == []
    assert [row.label for row in await store.sessions("p-Zoë")] == ["Firefox"]
    await store.see({"s-p-Zoë": ("9", "::2"), "nobody": ("9", "")})
    (session,) = await store.sessions("p-Zoë")
    assert (session.used_at, session.used_from, session.expires) == ("9", "::2", 99.5)
    mark = await store.token_mark()
    await store.write_people([noted("ended")], ends=["s-p-Zoë"])
    assert await store.sessions("p-Zoë") == []
    assert await store.token_mark() != mark


async def test_of_those_who_take_up_the_last_use_at_once_one_gets_it(store: Store) -> None:
    await store.write_people([OFFER])
    outcomes = await asyncio.gather(
        *(store.join(joining(name)) for name in ("ann", "bob", "cem")), return_exceptions=True
    )
    members = [one for one in outcomes if isinstance(one, MemberRow)]
    assert len(members) == 1
    assert sum(isinstance(one, InvitationSpent) for one in outcomes) == 2
    assert await store.members("w") == members
    (offer,) = await store.invitations("w")
    assert offer.used == 1
    assert len(await store.accesses("w")) == 1, "of who was not let in nothing is left"


async def test_of_those_who_take_one_name_at_once_one_gets_it_and_no_use_is_lost(store: Store) -> None:
    await store.write_people([replace(OFFER, uses=5)])
    names = ("Zoë", "zoë", "ZOË", "Zoe\u0308")
    outcomes = await asyncio.gather(
        *(store.join(joining(name, person=f"p{at}")) for at, name in enumerate(names)), return_exceptions=True
    )
    assert sum(isinstance(one, MemberRow) for one in outcomes) == 1, outcomes
    assert sum(isinstance(one, NameTaken) for one in outcomes) == 3
    assert [row.used for row in await store.invitations(id="o1")] == [1]
    assert sum([await store.person(f"p{at}") is not None for at in range(4)]) == 1


@pytest.mark.parametrize(
    "offer",
    [replace(OFFER, revoked=True), replace(OFFER, used=1), replace(OFFER, expires=50.0), replace(OFFER, ws="v")],
)
async def test_an_invitation_that_is_over_lets_nobody_in(store: Store, offer: InvitationRow) -> None:
    await store.create_workspace(WorkspaceRow("v", "v", "now"))
    await store.write_people([offer])
    with pytest.raises(InvitationSpent):
        await store.join(joining("ann"))
    assert await store.invitations(id="o1") == [offer]
    assert (await store.members("w"), await store.sessions("p-ann"), await store.accesses(None)) == ([], [], [])


async def test_who_left_comes_back_under_the_own_name_and_nobody_else_does(store: Store) -> None:
    await store.write_people([replace(OFFER, uses=3)])
    await store.join(joining("ann"))
    await store.change_member("w", "ann", None, noted("left"))
    with pytest.raises(WorkspaceFault) as told:
        await store.join(joining("Ann", person="another"))
    assert told.value.code == "name_taken"
    assert not (await store.join(joining("ann"))).gone
    (member,) = await store.members("w")
    assert (member.gone, member.role, member.changes) == (False, "editor", 2)


async def test_logins_are_found_by_person_and_by_who_they_are_elsewhere(store: Store) -> None:
    one = LoginRow("https://a.example", "1", "p1", "zoë@a.example", "now")
    other = LoginRow("https://b.example", "1", "p1", "", "now")
    await store.write_people([one, other])
    assert await store.logins(person="p1") == [one, other]
    assert await store.logins(issuer="https://a.example", subject="1") == [one]
    assert await store.logins(issuer="https://a.example", subject="2") == []


async def test_what_belongs_to_a_workspace_goes_with_it_and_the_record_of_access_stays(store: Store) -> None:
    await store.put_token(TOKEN, noted=noted("token"))
    await store.write_people([OFFER])
    await store.delete_workspace("w")
    assert (await store.tokens("w"), await store.members("w"), await store.invitations("w")) == ([], [], [])
    assert await store.accesses(None) == [noted("token")]
    assert await store.person("t1") is not None


async def test_the_newest_of_the_record_come_first_and_only_so_many(store: Store) -> None:
    await store.write_people([noted("a", str(at)) for at in range(5)] + [noted("b", "9", "")])
    assert [row.at for row in await store.accesses("w", limit=2)] == ["4", "3"]
    assert [row.at for row in await store.accesses(None, limit=2)] == ["9", "4"]


async def test_the_record_is_read_by_pages_to_its_end_and_none_are_before_no_entry(store: Store) -> None:
    await store.write_people(
        [noted(act, "2") for act in "abc"] + [noted("a", "1"), noted("a", "3"), noted("d", "2", "elsewhere")]
    )
    whole = await store.accesses("w")
    pages, before = list[AccessRow](), ""
    while page := await store.accesses("w", limit=2, before=before):
        pages, before = [*pages, *page], page[-1].id
    assert (pages, len(pages)) == (whole, 5)
    assert await store.accesses("w", before="nothing") == []
