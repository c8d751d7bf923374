"""What each policy rules, as tables over values: nothing is asked, planned or written here."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.operations.ops import CreateDocument, Increment, Op, SetValue
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.intent import Region, rank_of
from workspace.intents.model.oracle import Merged, group_key
from workspace.intents.model.policies import BRANCH, MERGE
from workspace.intents.rules.policy import Member, chain_for, check, decide, inputs_hash, region_of
from workspace.intents.state.board import Standing

NOBODY = Standing({}, {})


def group(*people: str) -> tuple[Member, ...]:
    """`Ana:owner` or `Ana:owner:done` as members, in log order."""
    found = []
    for at, words in enumerate(people, 3):
        name, role, *done = words.split(":")
        found.append(Member(f"i{at}", name, role, rank_of(role), at, bool(done)))
    return tuple(found)


TWO = group("Ana:editor", "Ben:editor")
RANKED = group("Ana:editor", "Ben:owner")
DONE = group("Ana:editor:done", "Ben:editor")


def chain(*names: str, **more: object) -> PolicyConfig:
    return PolicyConfig(chain=names, **more)  # type: ignore[arg-type]


RULINGS = [
    ("the highest rank alone wins", RANKED, chain("priority", "first"), "priority@1", "i4", ""),
    ("equals pass to the next", TWO, chain("priority", "first"), "first@1", "i3", ""),
    ("two at the top pass", group("A:owner", "B:owner", "C:editor"), chain("priority", "first"), "first@1", "i3", ""),
    ("first is log order", TWO, chain("first"), "first@1", "i3", ""),
    ("branch shows both", TWO, chain("branch"), "branch@1", BRANCH, ""),
    ("what is done is no variant", DONE, chain("branch", "first"), "first@1", "i3", ""),
    ("ask leaves it open, with the rest as default", TWO, chain("ask", "first"), "ask@1", "", "i3"),
    ("ask after a rank", RANKED, chain("priority", "ask"), "priority@1", "i4", ""),
    ("a default may be variants", TWO, chain("ask", "branch"), "ask@1", "", BRANCH),
    ("a vote leaves it open", TWO, chain("vote", "first"), "vote@1", "", "i3"),
    ("nobody is asked twice", TWO, chain("ask", "vote", "first"), "ask@1", "", "i3"),
    ("merge passes without a merger's word", TWO, chain("merge", "first"), "first@1", "i3", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    "members, config, policy, winner, default", [r[1:] for r in RULINGS], ids=[r[0] for r in RULINGS]
)
def test_the_first_policy_that_rules_is_taken(
    members: tuple[Member, ...], config: PolicyConfig, policy: str, winner: str, default: str
) -> None:
    ruling = decide(members, config, NOBODY, {})
    assert (ruling.policy, ruling.winner, ruling.default) == (policy, winner, default)
    assert bool(ruling.because) == bool(default), "a default says why"
    assert ruling.reason


@pytest.mark.parametrize(
    "text, auto, policy, winner, default",
    [
        ("both", True, "merge@1", MERGE, ""),
        ("both", False, "merge@1", "", "i3"),
        ("", True, "first@1", "i3", ""),
        ("", False, "first@1", "i3", ""),
    ],
)
def test_a_merger_without_an_honest_middle_is_passed_over(
    text: str, auto: bool, policy: str, winner: str, default: str
) -> None:
    merges = {group_key(("i4", "i3")): Merged(("i3", "i4"), text)}
    ruling = decide(TWO, chain("merge", "first", merge_auto=auto), NOBODY, merges)
    assert (ruling.policy, ruling.winner, ruling.default) == (policy, winner, default)


FARED = [
    ("who won least", {"Ana": 2, "Ben": 1}, {}, "i4", "Ben had won least often"),
    ("three losses in a row count more than wins", {"Ana": 9}, {"Ana": 3}, "i3", "Ana had lost 3 times in a row"),
    ("two losses are not enough", {"Ana": 9}, {"Ana": 2}, "i4", "Ben had won least often"),
    ("two who are owed: who won least", {"Ana": 9}, {"Ana": 3, "Ben": 4}, "i4", "Ben had won least often"),
]


@pytest.mark.parametrize("wins, losses, winner, reason", [row[1:] for row in FARED], ids=[row[0] for row in FARED])
def test_fair_remembers_how_people_fared(
    wins: dict[str, int], losses: dict[str, int], winner: str, reason: str
) -> None:
    ruling = decide(TWO, chain("fair"), Standing(wins, losses), {})
    assert (ruling.policy, ruling.winner, ruling.reason) == ("fair@3", winner, reason)


@given(st.integers(1, 10**6), st.permutations(["Ana", "Ben", "Cem", "Dee"]))
def test_a_draw_depends_on_the_group_and_on_nothing_else(first: int, names: list[str]) -> None:
    members = tuple(Member(f"i{first + at}", name, "editor", 20, first + at) for at, name in enumerate(names))
    ruling = decide(members, chain("fair"), NOBODY, {})
    assert ruling == decide(members, chain("priority", "fair"), NOBODY, {})
    assert ruling.winner in {member.intent for member in members}
    done = tuple(with_done(member, at == 2) for at, member in enumerate(members))
    assert decide(done, chain("fair"), NOBODY, {}).winner == members[2].intent, "no draw takes back what is done"


def with_done(member: Member, is_committed: bool) -> Member:
    return Member(member.intent, member.actor, member.role, member.rank, member.seq, is_committed)


@given(
    st.sampled_from([TWO, RANKED, DONE]),
    st.lists(st.sampled_from(["priority", "first", "fair", "branch"]), min_size=1, max_size=4),
)
def test_every_chain_that_asks_nobody_rules(members: tuple[Member, ...], names: list[str]) -> None:
    assert decide(members, chain(*names), NOBODY, {}).winner


def test_the_inputs_of_a_ruling_are_all_that_it_looks_at() -> None:
    first = inputs_hash(TWO, chain("fair"), Standing({"Ana": 1}, {}))
    assert first == inputs_hash(TWO, chain("fair"), Standing({"Ana": 1, "Stranger": 5}, {})), "others do not matter"
    for other in (
        inputs_hash(TWO, chain("first"), Standing({"Ana": 1}, {})),
        inputs_hash(TWO, chain("fair"), Standing({"Ana": 2}, {})),
        inputs_hash(TWO, chain("fair"), Standing({"Ana": 1}, {"Ben": 1})),
        inputs_hash(DONE, chain("fair"), Standing({"Ana": 1}, {})),
        inputs_hash(RANKED, chain("fair"), Standing({"Ana": 1}, {})),
    ):
        assert other != first


B_AND_A: tuple[Op, ...] = (Increment("budget", ("b",), 1), Increment("budget", ("a",), 1))
PRICE: tuple[Op, ...] = (SetValue("budget", ("price", "low"), 1, "sha256:0"),)


@pytest.mark.parametrize(
    "regions, ops, found",
    [
        ([], PRICE, None),
        ([("plan", ())], PRICE, None),
        ([("budget", ())], PRICE, ()),
        ([("budget", ()), ("budget", ("price",))], PRICE, ("price",)),
        ([("budget", ("price",)), ("budget", ())], PRICE, ("price",)),
        ([("budget", ("price", "high"))], PRICE, None),
        ([("budget", ("price",))], (CreateDocument("budget", "data"),), None),
        ([("budget", ("a",)), ("budget", ("b",))], B_AND_A, ("a",)),
    ],
)  # fmt: skip
def test_the_narrowest_region_that_is_written_in_settles(
    regions: list[tuple[str, tuple[str, ...]]], ops: tuple[Op, ...], found: tuple[str, ...] | None
) -> None:
    given_regions = [Region(doc, ("first",), path) for doc, path in regions]
    region = region_of(given_regions, ops)
    assert (None if region is None else region.path) == found


@pytest.mark.parametrize(
    "layer, own, used",
    [("L2", ("first",), ("first",)), ("L3", ("first",), ("ask", "first")), ("L3", ("ask", "fair"), ("ask", "fair")),
     ("L3", ("priority", "ask", "fair"), ("ask", "priority", "fair"))],
)  # fmt: skip
def test_what_only_a_judge_found_goes_to_the_people_first(
    layer: str, own: tuple[str, ...], used: tuple[str, ...]
) -> None:
    assert chain_for(chain(*own), layer, PRICE).chain == used


@pytest.mark.parametrize(
    "changes, is_taken",
    [
        ({}, True),
        ({"chain": ()}, False),
        ({"chain": ("fair",) * 9}, False),
        ({"chain": ("coin",)}, False),
        ({"regions": (Region("budget", ("coin",)),)}, False),
        ({"regions": (Region("budget", ()),)}, False),
        ({"regions": (Region("budget", ("fair",), ("a",) * 17),)}, False),
        ({"regions": (Region("budget", ("fair",)),) * 65}, False),
        ({"ask_seconds": 0.5}, False),
        ({"ask_seconds": 7 * 86_400.0}, True),
        ({"ask_seconds": float("nan")}, False),
        ({"window_ms": 0}, True),
        ({"window_ms": 10_001}, False),
        ({"slots": 0}, False),
        ({"vote_quorum": 1_001}, False),
        ({"replans_max": 5}, True),
        ({"plan_seconds_max": 3_601.0}, False),
        ({"overlap_wait_ms": -1}, False),
    ],
)
def test_a_policy_from_outside_is_bounded(changes: dict[str, object], is_taken: bool) -> None:
    refusal = check(msgspec.structs.replace(PolicyConfig(), **changes))
    assert (refusal is None) == is_taken
    assert refusal is None or refusal.code == "malformed"
