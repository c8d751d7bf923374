"""What operations do, in words: of the operations themselves, shortened honestly, and steered by nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.digest import digest_text, digest_value
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.operations.ops import (
    Check,
    CreateDocument,
    Delete,
    DeleteValue,
    Increment,
    Insert,
    ListAdd,
    ListMove,
    ListRemove,
    Op,
    Replace,
    SetValue,
)
from workspace.intents.model.wording import (
    CONSENT_POINTS_MAX,
    STEERING,
    TOLD_MAX,
    TOLD_POINTS_MAX,
    brief,
    plain,
    told,
    whole_words,
    words_of,
)

Value = dict[str, object]


def data(**value: object) -> Document:
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


PLAN = text("See the hill at noon")
PLACE = place_range(PLAN, 4, 12)
FROM, TO = PLACE.start.encode(), PLACE.end.encode()
HILL = digest_text("the hill")


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (Replace("plan", FROM, TO, HILL, "a lake"), "plan: replaced “the hill” by “a lake”"),
        (Replace("plan", FROM, TO, HILL, ""), "plan: deleted “the hill”"),
        (Delete("plan", FROM, TO, HILL), "plan: deleted “the hill”"),
        (Delete("plan", "nothing that decodes", TO, HILL), "plan: deleted a passage"),
        (Insert("plan", FROM, "now "), "plan: inserted “now ”"),
        (SetValue("budget", ("a", "b"), 7, "absent"), "budget.a.b: set to 7"),
        (SetValue("budget", ("a",), {"b": [1, None]}, "absent"), 'budget.a: set to {"b":[1,null]}'),
        (Increment("budget", ("a",), -2), "budget.a: added -2"),
        (DeleteValue("budget", ("a",), "x"), "budget.a: removed"),
        (ListAdd("budget", ("a",), "tent"), "budget.a: added item tent"),
        (ListMove("budget", ("a",), "no anchor"), "budget.a: moved an item"),
        (ListRemove("budget", ("a",), "no anchor", "x"), "budget.a: removed an item"),
        (CreateDocument("notes", "text"), "made the text document notes"),
        (Check("plan", "x"), "plan: checked"),
    ],
)
def test_each_operation_has_its_words(op: Op, words: str) -> None:
    assert words_of(op, PLAN) == words


def test_what_is_not_known_any_more_is_told_without_a_quotation() -> None:
    assert words_of(Replace("plan", FROM, TO, HILL, "a lake"), None) == "plan: replaced a passage by “a lake”"
    assert words_of(ListRemove("budget", ("a",), "x", "y"), None) == "budget.a: removed an item"


@given(words=st.text(max_size=200))
def test_words_of_others_steer_nothing(words: str) -> None:
    tame = plain(words)
    assert STEERING.search(tame) is None
    assert len(tame) == len(words)
    assert all(a == b or b == "\ufffd" for a, b in zip(words, tame, strict=True))
    said = words_of(SetValue("budget", ("a",), words, "absent"), None)
    assert STEERING.search(said) is None


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066"])
def test_what_turns_the_direction_or_the_screen_is_replaced(char: str) -> None:
    assert plain(f"a{char}b") == "a\ufffdb"


@pytest.mark.parametrize("char", ["\t", "\n", "é", "😀", "\u200d", "\u05d0"])
def test_what_people_write_is_left(char: str) -> None:
    assert plain(f"a{char}b") == f"a{char}b"


@given(value=st.text(max_size=80) | st.integers() | st.lists(st.integers(), max_size=40), points=st.integers(1, 60))
def test_a_value_is_cut_to_its_bound_with_a_sign_of_it(value: object, points: int) -> None:
    whole, cut = brief(value, 10**6), brief(value, points)
    assert len(cut) <= points
    assert cut == whole or (cut.endswith("…") and whole.startswith(cut[:-1]))


# ---------------------------------------------------------------- what came of a plan


def came(ops: list[Op], before: Value, after: Value) -> tuple[str, ...]:
    return told(ops, {"budget": data(**before)}, {"budget": data(**after)})


def put(key: str, value: object, old: object = None) -> SetValue:
    return SetValue("budget", (key,), value, digest_value(old) if old is not None else "absent")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ops", "before", "after", "lines"),
    [
        ([put("a", 1)], {}, {"a": 1}, ("budget.a: set to 1",)),
        ([put("a", 2, 1)], {"a": 1}, {"a": 2}, ("budget.a: set to 2, it was 1",)),
        ([put("a", 2, 1), put("a", 3, 2)], {"a": 1}, {"a": 3}, ("budget.a: set to 3, it was 1",)),
        ([put("a", 2, 1), put("a", 1, 2)], {"a": 1}, {"a": 1}, ()),
        ([DeleteValue("budget", ("a",), "x")], {"a": 1}, {}, ("budget.a: removed",)),
        ([put("a", 1), DeleteValue("budget", ("a",), "x")], {}, {}, ()),
        ([Increment("budget", ("a",), 2)] * 2, {"a": 1}, {"a": 5}, ("budget.a: added 4, now 5",)),
        ([Increment("budget", ("a",), 0.1)] * 3, {"a": 0}, {"a": 0.3}, ("budget.a: added 0.3, now 0.3",)),
        ([Increment("budget", ("a",), 2), put("a", 9)], {"a": 1}, {"a": 9}, ("budget.a: set to 9, it was 1",)),
        ([Increment("budget", ("a",), 2)], {}, {"a": 2}, ("budget.a: set to 2",)),
        ([Check("budget", "x")], {"a": 1}, {"a": 1}, ()),
    ],
)
def test_what_came_of_a_plan_is_the_difference_and_not_the_way(
    ops: list[Op], before: Value, after: Value, lines: tuple[str, ...]
) -> None:
    assert came(ops, before, after) == lines


def test_a_replacement_by_the_same_words_is_not_told() -> None:
    same = Replace("plan", FROM, TO, HILL, "the hill")
    assert told([same], {"plan": PLAN}, {"plan": PLAN}) == ()


def test_more_than_twelve_lines_are_counted_and_each_is_bounded() -> None:
    keys = [f"key{at}" for at in range(TOLD_MAX + 3)]
    lines = came([put(key, "x" * 500) for key in keys], {}, dict.fromkeys(keys, "x" * 500))
    assert len(lines) == TOLD_MAX + 1
    assert lines[-1] == "and 3 more"
    assert all(len(line) <= TOLD_POINTS_MAX for line in lines)
    assert len(came([put(key, 1) for key in keys[:TOLD_MAX]], {}, dict.fromkeys(keys[:TOLD_MAX], 1))) == TOLD_MAX


# ---------------------------------------------------------------- what somebody says yes to

LONG = st.builds(
    lambda size, end: "x" * size + end,
    st.integers(CONSENT_POINTS_MAX - 2, CONSENT_POINTS_MAX),
    st.text("ab", max_size=3),
)


@given(one=LONG, other=LONG)
def test_a_yes_to_one_text_is_none_to_another_that_begins_like_it(one: str, other: str) -> None:
    said = [whole_words(SetValue("budget", ("a",), value, "absent"), None) for value in (one, other)]
    assert (said[0] == said[1]) == (one == other)


def test_a_yes_to_words_without_steering_is_none_to_those_with_it() -> None:
    tame, wild = (whole_words(Insert("plan", FROM, words), None) for words in ("a\ufffdb", "a\u202eb"))
    assert tame != wild


def test_two_long_passages_that_are_cut_alike_are_told_apart_by_what_they_were() -> None:
    said = []
    for end in ("one", "two"):
        words = "x" * (CONSENT_POINTS_MAX + 10) + end
        document = text(words)
        place = place_range(document, 0, len(words))
        op = Delete("plan", place.start.encode(), place.end.encode(), digest_text(words))
        said.append(whole_words(op, document))
    assert said[0] != said[1]


def test_nobody_is_asked_about_a_check() -> None:
    with pytest.raises(AssertionError, match="a check does nothing"):
        whole_words(Check("plan", "x"), None)
