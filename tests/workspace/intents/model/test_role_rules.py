"""Rules of rights as values: what is in a record, and for whom one is."""

from __future__ import annotations

import msgspec
import pytest

from workspace.access import RIGHTS
from workspace.intents.model.intent import RANKS
from workspace.intents.model.role_rules import LEAST, OWNERS_ALWAYS, RoleRule, is_folder


def test_a_rule_says_in_words_for_whom_it_is() -> None:
    assert RoleRule("viewer", actor="everyone").who == "everyone", "somebody may be called so"
    assert [RoleRule("viewer", group=group).who for group in ("everyone", "agent", "editor")] == [
        "everybody", "the agent", "every editor",
    ]  # fmt: skip


def test_what_a_record_holds_is_short_and_strict() -> None:
    rule = RoleRule("viewer", group="agent")
    assert msgspec.json.encode(rule) == b'{"role":"viewer","group":"agent"}'
    assert msgspec.json.decode(msgspec.json.encode(rule), type=RoleRule) == rule
    for wrong in ({"role": "owner", "actor": "a"}, {"role": "viewer", "group": "all"}, {"role": "none", "actor": "a"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, RoleRule)


def test_a_folder_ends_with_a_slash() -> None:
    assert (is_folder("a/"), is_folder("a"), is_folder("a/b")) == (True, False, False)


def test_one_table_of_verbs_says_what_each_role_may() -> None:
    table = {role: {verb for verb, least in LEAST.items() if RANKS[role] >= RANKS[least]} for role in RIGHTS}
    assert table == {
        "owner": set(LEAST),
        "guest": set(LEAST),
        "editor": {"read", "instruct", "undo", "edit", "approve", "rename"},
        "commenter": {"read", "instruct", "undo"},
        "viewer": {"read"},
    }
    assert {role: set(rights) for role, rights in RIGHTS.items()} == {
        role: verbs & {"read", "edit", "instruct", "administer", *([] if role == "guest" else ["grant"])}
        for role, verbs in table.items()
    }
    assert {"read", "administer", "grant", "rename", "archive", "delete", "restore"} == OWNERS_ALWAYS
