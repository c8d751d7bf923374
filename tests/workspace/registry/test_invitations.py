"""An invitation without a server; over HTTP: `tests/workspace/http/test_invitations.py`."""

from __future__ import annotations

from collections.abc import Sequence

from tests.workspace.room.stage import HandClock
from workspace.errors import Refusal
from workspace.ports import WorkspaceRow
from workspace.registry.invitations import INVITATION_SECONDS, Accepted, Invitations
from workspace.registry.tokens import AccessTokens
from workspace.store.memory import MemoryStore


async def test_it_is_open_for_its_time_and_uses_and_a_session_is_given_with_the_name() -> None:
    store, clock, told = MemoryStore(), HandClock(), list[str]()
    await store.create_workspace(WorkspaceRow("w", "w", "now"))

    async def tell(ws: str, _: Sequence[str]) -> None:
        told.append(ws)

    tokens = AccessTokens(store, clock)
    offers = Invitations(store, clock, tokens, tell)
    made = await offers.invite("w", role="commenter", uses=2, expires=None, by="ana")
    assert isinstance(made, tuple)
    key, row = made
    assert row.expires == clock.now() + INVITATION_SECONDS
    done = await offers.accept(key, name="Zoë", session=None, label="Firefox", place="::1", known=["ben"])
    assert isinstance(done, Accepted)
    identity = await tokens.identify(done.session, "w")
    assert identity is not None
    assert (identity.actor, identity.role, identity.person) == ("Zoë", "commenter", done.member.person)
    assert await tokens.identify(done.session, "v") is None
    assert await tokens.identify(done.session, None) is None
    assert told == ["w"]
    assert isinstance(await offers.accept(key, name="BEN", session=None, label="", place="", known=["ben"]), Refusal)
    assert await offers.look(key) is not None
    clock.at = row.expires
    assert await offers.look(key) is None
    assert await offers.open("w") == []
    assert [entry.act for entry in await store.accesses("w")] == ["joined", "invited"]


async def test_an_invitation_ends_with_the_rights_of_whoever_made_it() -> None:
    store, clock = MemoryStore(), HandClock()
    await store.create_workspace(WorkspaceRow("w", "w", "now"))

    async def tell(ws: str, _: Sequence[str]) -> None:
        assert ws == "w"

    tokens = AccessTokens(store, clock)
    offers = Invitations(store, clock, tokens, tell)
    await tokens.make("w", actor="ana", role="owner", expires=clock.now() + 10)
    await tokens.make("w", actor="ben", role="editor")
    made = {
        by: await offers.invite("w", role="owner", uses=1, expires=None, by=by) for by in ("ana", "ben", "operator")
    }
    assert isinstance(made["ben"], Refusal), "who gives rights is an owner when it is written"
    keys = {by: one[0] for by, one in made.items() if isinstance(one, tuple)}
    assert {by: await offers.look(key) is not None for by, key in keys.items()} == {
        "ana": True, "operator": True,
    }  # fmt: skip
    clock.at += 10
    assert {row.by for row in await offers.open("w")} == {"operator"}
    refused = await offers.accept(keys["ana"], name="Ana again", session=None, label="", place="", known=[])
    assert isinstance(refused, Refusal)
    assert refused.code == "invitation_spent"
