"""What somebody is at a place, held against the words of the specification written down a second time."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.operations.ops import Check, CreateDocument, Insert
from tests.support.rights_oracle import PlainRule, is_agent_let, is_least, role_of
from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import ConfigBody, PlanBody
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.intent import Role
from workspace.intents.model.role_rules import LEAST, RULES_MAX, RoleRule, RuleRole, folders_of
from workspace.intents.rules.places import (
    AGENT_DENIED,
    READ_ONLY,
    may,
    rank_over,
    refuse_act_at,
    refuse_agent,
    refuse_agent_at,
    refuse_edit,
    refuse_instruct,
    refuse_reader,
    refuse_rules,
    role_at,
    role_somewhere,
    short_of,
    spot,
)
from workspace.intents.state.fold import WorkspaceState

ROLES: tuple[Role, ...] = ("owner", "guest", "editor", "commenter", "viewer")
NAMES = ("plan", "a/plan", "a/b/plan", "a/bc", "ab/plan")
PLACES = (*NAMES, "a/", "a/b/", "ab/", "b/")
WHO = ("ana", "ben", "@everyone", "@agent", "@owner", "@guest", "@editor", "@commenter", "@viewer")
# An actor may be called like a group: that is no group.
ACTORS = ("ana", "ben", "editor", "everyone")


def rule_of(who: str, role: str) -> RoleRule:
    group = who[1:] if who.startswith("@") else None
    return RoleRule(role=role, group=group) if group else RoleRule(role=role, actor=who)  # type: ignore[arg-type]


def fold_with(rules: list[PlainRule], names: dict[str, str] | None = None) -> WorkspaceState:
    """Return a state in which documents have these names (by id) and these rules stand."""
    fold = WorkspaceState(client=1)
    for doc, name in (names or {name: name for name in NAMES}).items():
        fold.catalog.make(doc)
        if name != doc:
            fold.catalog.enter(DocumentAct("rename", doc, name), seq=1, at="", actor="olga")
    places: dict[str, tuple[RoleRule, ...]] = {}
    for place, who, role in rules:
        places[place] = (*places.get(place, ()), rule_of(who, role))
    fold.rights.enter(places)
    return fold


RULES = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(WHO), st.sampled_from(get_args(RuleRole))),
    max_size=12,
    unique_by=lambda rule: rule[:2],
)


@given(rules=RULES, actor=st.sampled_from(ACTORS), role=st.sampled_from(ROLES), moved=st.permutations(NAMES))
def test_a_role_is_that_of_the_most_specific_rule(
    rules: list[PlainRule], actor: str, role: Role, moved: list[str]
) -> None:
    names = dict(zip(NAMES, moved, strict=True))
    # Renames that swap two names need a free one between: the catalog here is told only the outcome.
    fold = fold_with(rules, names)
    for doc, name in names.items():
        at = spot(fold, doc, name)
        here = role_of(rules, doc=doc, name=name, actor=actor, role=role)
        assert role_at(fold, at, actor=actor, role=role) == here
        assert (refuse_agent_at(fold, at) is None) == is_agent_let(rules, doc=doc, name=name)
        for verb, least in LEAST.items():
            always = role == "owner" and verb not in ("edit", "instruct", "approve", "undo")
            wanted = always or is_least(here, least)
            assert may(fold, verb, at, actor=actor, role=role) == wanted, (verb, doc, rules)
        assert is_least(role_somewhere(fold, actor=actor, role=role), here), "nothing is more than the most"


def test_without_rules_everybody_is_everywhere_what_they_are() -> None:
    fold = fold_with([])
    assert not fold.rights
    assert [role_at(fold, spot(fold, "plan"), actor="ana", role=role) for role in ROLES] == list(ROLES)


def test_a_document_keeps_its_rules_through_a_rename_and_takes_on_those_of_its_folder() -> None:
    rules = [("plan", "ana", "editor"), ("a/", "@everyone", "viewer")]
    fold = fold_with(rules, {"plan": "a/plan", "note": "a/note", "free": "free"})
    assert role_at(fold, spot(fold, "plan"), actor="ana", role="viewer") == "editor"
    assert role_at(fold, spot(fold, "plan"), actor="ben", role="editor") == "viewer"
    assert role_at(fold, spot(fold, "note"), actor="ben", role="owner") == "viewer"
    assert role_at(fold, spot(fold, "free"), actor="ben", role="editor") == "editor"
    into = DocumentAct("rename", "free", "a/free")
    refused = refuse_act_at(fold, into, actor="ben", role="editor")
    assert refused is not None
    assert refused.code == READ_ONLY
    assert "a/" in refused.reason
    assert refused.remedy
    assert refuse_act_at(fold, into, actor="olga", role="owner") is None, "an owner is not locked out"
    out = DocumentAct("rename", "note", "note")
    assert refuse_act_at(fold, out, actor="ben", role="editor") is not None, "nor out of it"


def test_a_refusal_names_the_rule_by_the_names_of_today() -> None:
    fold = fold_with([("plan", "@commenter", "viewer")], {"plan": "prices"})
    for refused in (
        refuse_edit(fold, spot(fold, "plan"), actor="cy", role="commenter"),
        refuse_instruct(fold, ["plan"], actor="cy", role="commenter"),
    ):
        assert refused is not None
        assert (refused.code, bool(refused.remedy)) == (READ_ONLY, True)
        assert "cy is viewer in prices, by the rule for every commenter at prices" in refused.reason


def plan_of(*ops: object, acts: tuple[DocumentAct, ...] = (), effects: tuple[object, ...] = ()) -> PlanBody:
    return PlanBody("p1", ("i1",), 1, 0, ops, (), "does", effects, acts=acts)  # type: ignore[arg-type]


def test_a_plan_is_held_against_every_document_that_it_writes() -> None:
    fold = fold_with([("a/", "@agent", "commenter"), ("plan", "@everyone", "commenter"), ("ab/", "ben", "viewer")])

    def put(doc: str) -> Insert:
        return Insert(doc, "AQdjb250ZW50QQ==", "x")

    refused = refuse_agent(fold, plan_of(put("ab/plan"), put("a/plan")))
    assert refused is not None
    assert refused.code == AGENT_DENIED
    assert refuse_agent(fold, plan_of(put("ab/plan"))) is None
    made = refuse_agent(fold, plan_of(CreateDocument("a/new", "text")))
    assert made is not None, "a new document obeys its folder"
    moved = refuse_agent(fold, plan_of(acts=(DocumentAct("rename", "plan", "a/there", was="plan"),)))
    assert moved is not None, "so does one that is moved there"
    assert refuse_agent(fold, plan_of(Check("a/plan", 0))) is None, "what is only looked at is not changed"
    ben = {"actor": "ben", "role": "editor"}
    assert short_of(fold, plan_of(put("plan")), **ben) is not None  # type: ignore[arg-type]
    assert short_of(fold, plan_of(put("a/plan")), **ben) is None  # type: ignore[arg-type]
    assert refuse_reader(fold, plan_of(put("ab/plan")), **ben) is not None  # type: ignore[arg-type]
    assert refuse_reader(fold, plan_of(put("plan")), **ben) is None, "who may suggest is no reader"  # type: ignore[arg-type]


def test_no_rule_gives_the_right_to_send() -> None:
    fold = fold_with([("plan", "vic", "editor")])
    words = plan_of(Insert("plan", "AQdjb250ZW50QQ==", "x"))
    assert short_of(fold, words, actor="vic", role="viewer") is None
    sends = plan_of(Insert("plan", "AQdjb250ZW50QQ==", "x"), effects=("mail",))
    assert short_of(fold, sends, actor="vic", role="viewer") is not None
    assert short_of(fold, sends, actor="ana", role="editor") is None


def test_over_others_instructions_a_rule_takes_and_never_adds() -> None:
    story = Story.begun()
    target = story.intent("Ana", scope=None)
    story.append(
        ConfigBody(rights={"plan": (rule_of("ben", "viewer"), rule_of("vic", "editor"))}, role="owner"), "Olga"
    )
    pointed = story.planned("Ana")
    docs = {op.doc for op in pointed.plan.ops} if pointed.plan is not None else set()
    story.append(ConfigBody(rights={doc: (rule_of("ben", "viewer"), rule_of("vic", "editor")) for doc in docs}), "Olga")
    assert rank_over(story.fold, [target], actor="ben", role="editor") == 20, "nobody knows yet where it works"
    assert rank_over(story.fold, [pointed], actor="ben", role="editor") == 5
    assert rank_over(story.fold, [pointed], actor="vic", role="viewer") == 5
    assert rank_over(story.fold, [pointed], actor="ben", role="owner") == 30, "an owner is not locked out"


@pytest.mark.parametrize(
    ("given_rules", "code"),
    [
        ({"nowhere": (rule_of("ana", "viewer"),)}, "not_found"),
        ({"plan": (RoleRule("viewer"),)}, "malformed"),
        ({"plan": (RoleRule("viewer", actor="ana", group="agent"),)}, "malformed"),
        ({"plan": (rule_of("ana", "viewer"), rule_of("ana", "editor"))}, "malformed"),
        ({"a/": tuple(rule_of(f"u{n}", "viewer") for n in range(RULES_MAX))}, "too_large"),
        ({"plan": tuple(rule_of(f"u{n}", "viewer") for n in range(RULES_MAX))}, None),
        ({"plan": (), "a/": (rule_of("@agent", "viewer"),)}, None),
    ],
)
def test_rules_that_say_nothing_or_too_much_are_refused(
    given_rules: dict[str, tuple[RoleRule, ...]], code: str | None
) -> None:
    refused = refuse_rules(fold_with([("plan", "ben", "viewer")]), given_rules)
    assert (refused.code if refused is not None else None) == code
    assert refused is None or refused.remedy


def test_the_folders_of_a_name_are_named_from_the_deepest_on() -> None:
    assert folders_of("a/b/plan") == ["a/b/", "a/"]
    assert folders_of("plan") == []
