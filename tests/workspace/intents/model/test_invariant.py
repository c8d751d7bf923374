"""The five rules over documents: what they mean, what is said where one is broken, what from outside is no rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.documents.paths import set_path
from workspace.intents.model.intent import PATH_DEPTH_MAX
from workspace.intents.model.invariant import (
    INVARIANTS_MAX,
    LOOKED_AT_POINTS_MAX,
    MESSAGE_POINTS_MAX,
    NAME_POINTS_MAX,
    RULES,
    TEXT_POINTS_MAX,
    Invariant,
    broken,
    check_invariants,
    problem_of,
)


def data(value: dict[str, object]) -> Document:
    document = Document("data", client=5)
    with document.transaction():
        for key, part in value.items():
            set_path(document, (key,), part)  # type: ignore[arg-type]
    return document


def text(words: str) -> Document:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, words)
    return document


CASES = [
    (Invariant("sum_at_most", "d", ("costs",), limit=10), data({"costs": {"a": 4, "b": {"c": 6}}, "x": 99}), True),
    (Invariant("sum_at_most", "d", limit=10), data({"a": 10.5}), False),
    (Invariant("sum_at_most", "d", limit=10), data({"a": True, "b": "99", "c": None}), True),
    (Invariant("sum_at_most", "d", limit=0), data({"a": True}), True),
    (Invariant("unique", "d", ("names",)), data({"names": ["a", "b"]}), True),
    (Invariant("unique", "d", ("names",)), data({"names": ["a", "a"]}), False),
    (Invariant("unique", "d", ("rows",), field="id"), data({"rows": [{"id": 1}, {"id": 1.0}]}), False),
    (Invariant("heading", "d", text="Intro"), text("# Plan\n\n## intro\n"), True),
    (Invariant("heading", "d", text="Intro"), text("Intro\n"), False),
    (Invariant("pattern", "d", ("date",), text=r"\d{4}-\d\d-\d\d"), data({"date": "2027-01-31"}), True),
    (Invariant("pattern", "d", ("date",), text=r"\d{4}-\d\d-\d\d"), data({"date": "soon"}), False),
    (Invariant("pattern", "d", text="Confidential"), text("Confidential: x"), True),
    (Invariant("one_owner", "d", ("tasks",), field="owner"), data({"tasks": [{"owner": "Ana"}]}), True),
    (Invariant("one_owner", "d", ("tasks",), field="owner"), data({"tasks": [{"owner": "Ana"}, {"t": 1}]}), False),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "document", "holds"), CASES)
def test_rules_say_what_they_mean(rule: Invariant, document: Document, holds: bool) -> None:
    assert check_invariants({"it": rule}) is None
    assert (problem_of(rule, {"d": document}) == "") == holds
    assert problem_of(rule, {}) == ""


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*b", "(a*)*", r"(\w+\s?){9}", r"(.)\1", "a*b*c*d*", "(", "(a)?{2}"])
def test_a_pattern_that_might_never_end_is_refused(pattern: str) -> None:
    assert check_invariants({"it": Invariant("pattern", "d", text=pattern)}) is not None


@given(value=st.dictionaries(st.text(max_size=3), st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=8,
), max_size=3), rule=st.sampled_from(["sum_at_most", "unique", "heading", "pattern", "one_owner"]),
    path=st.lists(st.text(max_size=3) | st.integers(-4, 4), max_size=3))  # fmt: skip
def test_no_document_makes_a_rule_raise(value: dict[str, object], rule: str, path: list[str | int]) -> None:
    found = problem_of(Invariant(rule, "d", tuple(path), text="a", field="b"), {"d": data(value)})  # type: ignore[arg-type]
    assert isinstance(found, str)
    assert not found or "d" in found


@pytest.mark.parametrize(
    ("rule", "document", "words"),
    [
        (
            Invariant("sum_at_most", "d", ("costs",), limit=10),
            data({"costs": [4, 7]}),
            "d.costs adds up to 11, more than 10",
        ),
        (Invariant("unique", "d", ("names",)), data({"names": ["a", "b", "a"]}), '"a" is more than once in d.names'),
        (Invariant("heading", "d", text="Intro"), text("none"), "d has no heading “Intro”"),
        (Invariant("pattern", "d", ("at",), text="x+"), data({"at": "y"}), "d.at does not match x+"),
        (Invariant("one_owner", "d", ("t",), field="who"), data({"t": {"a": {"who": " "}}}), "d.t.a has no who"),
    ],
)
def test_where_a_rule_is_broken_is_told_in_words(rule: Invariant, document: Document, words: str) -> None:
    assert broken({"it": rule}, {"d": document}) == {"it": words}


def test_the_workspaces_own_words_come_before_ours() -> None:
    rule = Invariant("sum_at_most", "d", limit=1, message="We have 1")
    assert broken({"cap": rule, "other": Invariant("heading", "gone", text="x")}, {"d": data({"a": 2})}) == {
        "cap": "We have 1"
    }


def test_a_pattern_looks_at_the_beginning_of_a_long_text_only() -> None:
    rule = Invariant("pattern", "d", text="end")
    assert problem_of(rule, {"d": text("x" * (LOOKED_AT_POINTS_MAX - 3) + "end")}) == ""
    assert problem_of(rule, {"d": text("x" * LOOKED_AT_POINTS_MAX + "end")})


def test_numbers_too_large_to_add_up_are_more_than_any_limit() -> None:
    assert "adds up to inf" in problem_of(
        Invariant("sum_at_most", "d", limit=1), {"d": data({"a": 1.7e308, "b": 1.7e308})}
    )


FINE = Invariant("heading", "d", text="x")


@pytest.mark.parametrize(
    "rules",
    [
        {f"r{at}": FINE for at in range(INVARIANTS_MAX + 1)},
        {"": FINE},
        {"n" * (NAME_POINTS_MAX + 1): FINE},
        {"two\nlines": FINE},
        {"it": Invariant("heading", "d")},
        {"it": Invariant("pattern", "d")},
        {"it": Invariant("one_owner", "d")},
        {"it": Invariant("heading", "d", text="x" * (TEXT_POINTS_MAX + 1))},
        {"it": Invariant("heading", "d", text="x", message="m" * (MESSAGE_POINTS_MAX + 1))},
        {"it": Invariant("unique", "d", ("a",) * (PATH_DEPTH_MAX + 1))},
        {"it": Invariant("sum_at_most", "d", limit=float("nan"))},
        {"it": Invariant("sum_at_most", "d", limit=float("inf"))},
    ],
)
def test_what_is_no_rule_is_refused(rules: dict[str, Invariant]) -> None:
    refusal = check_invariants(rules)
    assert refusal is not None
    assert refusal.code == "malformed"


def test_rules_at_their_bounds_are_taken() -> None:
    longest = Invariant(
        "pattern", "d", ("a",) * PATH_DEPTH_MAX, text="x" * TEXT_POINTS_MAX, message="m" * MESSAGE_POINTS_MAX
    )
    assert check_invariants({f"r{at}": longest for at in range(INVARIANTS_MAX)}) is None
    assert check_invariants({"n" * NAME_POINTS_MAX: FINE}) is None


def test_every_rule_has_its_function() -> None:
    assert set(RULES) == {case[0].rule for case in CASES}
