"""Rules as people give them: places by name, each refused with words where it is none; and shown by today's names."""

from __future__ import annotations

import pytest

from workspace.errors import Refusal
from workspace.intents.model.document_acts import DocumentAct, new_id
from workspace.intents.model.role_rules import RoleRule
from workspace.intents.state.fold import WorkspaceState
from workspace.registry.given_rules import rules_by_id, rules_by_name

VIEWER = RoleRule("viewer", group="everyone")
COMPOSED, SPLIT = "caf\u00e9", "cafe\u0301"


def fold() -> WorkspaceState:
    """Return a state with `plan`, `old` that is called `new` by now, and `café`."""
    found = WorkspaceState(client=1)
    for doc in ("plan", "old", COMPOSED):
        found.catalog.make(doc)
    found.catalog.enter(DocumentAct("rename", "old", "new"), seq=3, at="", actor="olga")
    return found


@pytest.mark.parametrize(
    ("name", "place"),
    [("plan", "plan"), ("new", "old"), ("_id/old", "old"), ("a/", "a/"), ("nobody/there/", "nobody/there/"),
     (SPLIT, COMPOSED), (f"{SPLIT}/", f"{COMPOSED}/")],
)  # fmt: skip
def test_a_place_is_known_by_its_name(name: str, place: str) -> None:
    assert rules_by_id(fold(), {name: (VIEWER,)}) == {place: (VIEWER,)}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"nowhere": (VIEWER,)}, "not_found"),
        ({"old": (VIEWER,)}, "document_renamed"),
        ({"_id/new": (VIEWER,)}, "not_found"),
        ({"/": (VIEWER,)}, "bad_name"),
        ({"a//": (VIEWER,)}, "bad_name"),
        ({"_secret/": (VIEWER,)}, "bad_name"),
        ({f"{'x' * 201}/": (VIEWER,)}, "bad_name"),
        ({"": (VIEWER,)}, "not_found"),
        ({"plan": (RoleRule("viewer", actor="\n"),)}, "malformed"),
        ({"plan": (RoleRule("viewer", actor="agent"),)}, "malformed"),
        ({"plan": (RoleRule("viewer"),)}, "malformed"),
        ({f"{SPLIT}/": (VIEWER,), f"{COMPOSED}/": ()}, "malformed"),
        ({"a/": tuple(RoleRule("viewer", actor=f"u{n}") for n in range(1_001))}, "too_large"),
    ],
)
def test_what_is_no_place_or_no_rule_is_refused_in_words(given: dict[str, tuple[RoleRule, ...]], code: str) -> None:
    refused = rules_by_id(fold(), given)
    assert isinstance(refused, Refusal)
    assert (refused.code, bool(refused.reason), bool(refused.remedy)) == (code, True, True)


def test_what_stands_already_is_no_change() -> None:
    state = fold()
    state.rights.enter({"plan": (VIEWER,)})
    assert rules_by_id(state, {"plan": (VIEWER,), "a/": ()}) == {}
    assert rules_by_id(state, {"plan": ()}) == {"plan": ()}


def test_rules_are_shown_by_the_names_of_today_and_two_never_as_one() -> None:
    state = fold()
    state.rights.enter({"old": (VIEWER,), "a/": (VIEWER,), "plan": (VIEWER,)})
    assert list(rules_by_name(state)) == ["a/", "new", "plan"]
    state.catalog.enter(DocumentAct("delete", "plan"), seq=4, at="", actor="olga")
    again = new_id("plan", state.catalog.ids, 5)
    state.catalog.make(again)
    state.rights.enter({again: (RoleRule("editor", actor="ana"),)})
    shown = rules_by_name(state)
    assert shown["plan"] == (RoleRule("editor", actor="ana"),)
    assert shown["_id/plan"] == (VIEWER,), "that of the deleted one goes by its id"
    assert rules_by_id(state, shown) == {}, "what is shown can be given back"
