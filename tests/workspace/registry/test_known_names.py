"""Who is known by name in a workspace, and what is told of rules for anybody else."""

from __future__ import annotations

from tests.workspace.room.stage import stage
from workspace.access import MemberRow, TokenRow
from workspace.intents.model.role_rules import RoleRule
from workspace.registry.known_names import NOTES_MAX, names_in, notes_on, people_of
from workspace.store.memory import MemoryStore


async def test_members_of_before_and_holders_of_keys_are_known_and_sessions_name_nobody() -> None:
    store = MemoryStore()
    await store.put_token(TokenRow("t1", "w", "ana", "editor", "h", None, False, "now"))
    await store.put_token(TokenRow("t2", None, "olga", "owner", "h", None, False, "now"))
    session = TokenRow("s1", None, "", "", "h", None, False, "now", person="p1")
    await store.write_people((MemberRow("w", "gone", "p1", "editor", gone=True, changes=1, created_at="now"), session))
    assert await people_of(store, "w") == {"ana", "olga", "gone"}


async def test_whoever_typed_or_is_in_the_set_up_is_known_by_the_log() -> None:
    async with stage() as one:
        assert "ana" not in names_in(one.room.sequencer.fold)
        one.room.sequencer.fold.owners[("plan", 7)] = "ana"
        assert "ana" in names_in(one.room.sequencer.fold)


def test_of_each_unknown_name_is_told_once_and_of_so_many_at_most() -> None:
    rules = [RoleRule("viewer", actor=name) for name in ("ben", "ben", "Ana")] + [RoleRule("viewer", group="everyone")]
    ben, ana = notes_on(rules, {"ana"})
    assert "Nobody called ben" in ben
    assert "ana is: names differ by capital letters" in ana
    assert notes_on([RoleRule("viewer", actor="ana")], {"ana"}) == []
    assert len(notes_on([RoleRule("viewer", actor=str(at)) for at in range(99)], ())) == NOTES_MAX
