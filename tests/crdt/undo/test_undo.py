"""Taking an edit back touches only what it made or removed; what others did since stays (invariant I15)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.digest import digest_text
from crdt.documents.anchor import place_anchors, place_range
from crdt.documents.backing import Applied
from crdt.documents.document import Document
from crdt.documents.paths import Path, item_anchor, read_path, set_path
from crdt.errors import MalformedFrame
from crdt.operations.execute import execute
from crdt.operations.ops import (
    DeleteValue,
    Increment,
    Insert,
    ListAdd,
    ListRemove,
    Op,
    Replace,
    SetValue,
    hash_of_value,
)
from crdt.undo.text_undo import undo_text
from crdt.undo.undo import Undo, undo_values

AGENT, HAND = 101, 202
WORDS = st.text(alphabet="abé😀 \n漢", max_size=6)


def text_document(text: str) -> Document:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, text)
    return document


def edited(document: Document, client: int, ops: list[Op]) -> tuple[Document, Applied]:
    fork = document.fork(client)
    done = execute(fork, ops)
    copy = document.fork(document.client)
    applied = copy.apply(done.update)
    assert applied is not None
    return copy, applied


def spans(applied: Applied) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    inserted = [(client, start, end) for client, (start, end) in applied.inserted.items() if end > start]
    deleted = [(client, start, end) for client, ranges in applied.deleted.items() for start, end in ranges]
    return inserted, deleted


def replaced(document: Document, start: int, end: int, words: str) -> Op:
    if start == end:
        (anchor,) = place_anchors(document, [(start, -1)])
        return Insert("plan", anchor.encode(), words)
    place = place_range(document, start, end)
    return Replace("plan", place.start.encode(), place.end.encode(), digest_text(document.text()[start:end]), words)


def take_back(before: Document, now: Document, applied: Applied) -> tuple[str, Undo]:
    inserted, deleted = spans(applied)
    after = before.fork(304)
    after.apply(applied.update)
    undo = undo_text("plan", before, after, now, inserted=inserted, deleted=deleted)
    fork = now.fork(303)
    if undo.ops:
        execute(fork, undo.ops)
    return fork.text(), undo


@given(text=st.text(alphabet="abé😀 \n漢", min_size=1, max_size=30), data=st.data())
def test_an_edit_taken_back_at_once_leaves_no_trace(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    words = data.draw(WORDS)
    if start == end and not words:
        return
    before = text_document(text)
    try:
        now, applied = edited(before, AGENT, [replaced(before, start, end, words)])
    except AssertionError:
        return  # the words are the same: nothing was edited
    assert take_back(before, now, applied)[0] == text


@given(text=st.text(alphabet="abé😀 \n漢", min_size=1, max_size=30), data=st.data())
def test_what_others_typed_since_stays_character_for_character(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    words = data.draw(WORDS.filter(bool))
    before = text_document(text)
    try:
        now, applied = edited(before, AGENT, [replaced(before, start, end, words)])
    except AssertionError:
        return
    typed = "¤"
    for at in data.draw(st.lists(st.integers(0, len(now.text())), max_size=3)):
        with now.transaction():
            now.insert_text(min(at, len(now.text())), typed)
    count = now.text().count(typed)
    result, _ = take_back(before, now, applied)
    assert result.count(typed) == count
    assert sorted(result.replace(typed, "")) == sorted(text)


def test_text_typed_inside_the_agents_words_stays_and_the_old_words_come_back() -> None:
    before = text_document("We meet at three. Bring tea.")
    now, applied = edited(before, AGENT, [replaced(before, 11, 16, "noon sharp")])
    at = now.text().index("sharp")
    with now.transaction():
        now.insert_text(at, "(not earlier!) ")
    result, undo = take_back(before, now, applied)
    assert "(not earlier!)" in result
    assert "three" in result
    assert "sharp" not in result
    assert not undo.lost


def values_document(value: dict[str, object]) -> Document:
    document = Document("data", client=5)
    with document.transaction():
        for key, part in value.items():
            set_path(document, (key,), part)  # type: ignore[arg-type]
    return document


def values_after(
    before: Document, ops: list[Op], hand: list[Op], added: dict[Path, float] | None = None
) -> tuple[object, Undo]:
    after, applied = edited(before, AGENT, ops)
    now = edited(after, HAND, hand)[0] if hand else after
    inserted, _ = spans(applied)
    undo = undo_values("budget", before, after, now, ops, inserted=inserted, added=added or {})
    fork = now.fork(303)
    if undo.ops:
        execute(fork, undo.ops)
    return fork.value(), undo


VALUE = {"travel": 300, "tent": 1, "who": ["Ana", "Ben", "Chen"]}


def test_values_go_back_and_relative_changes_of_others_stay() -> None:
    before = values_document(VALUE)
    ops: list[Op] = [
        SetValue("budget", ("tent",), 9, hash_of_value(before, ("tent",))),
        SetValue("budget", ("new",), True, "absent"),
        Increment("budget", ("travel",), -50),
        DeleteValue("budget", ("gone",), "absent"),
    ][:3]
    value, undo = values_after(before, ops, [Increment("budget", ("travel",), 7)], {("travel",): 7})
    assert value == {"travel": 307, "tent": 1, "who": ["Ana", "Ben", "Chen"]}
    assert not undo.lost


@pytest.mark.parametrize(
    "ops",
    [
        [Increment("d", ("fresh",), 2)],
        [Increment("d", ("fresh",), 2), Increment("d", ("fresh",), 3)],
        [Increment("d", ("fresh",), 2), SetValue("d", ("fresh",), {"a": 1}, "absent")],
        [SetValue("d", ("on", "the", "way"), 1, "absent")],
        [SetValue("d", ("on", "the", "way"), 1, "absent"), SetValue("d", ("on", "another"), 1, "absent")],
        [ListAdd("d", ("list",), "x")],
        [SetValue("d", ("n",), 7, ""), Increment("d", ("n",), 2)],
    ],
)
def test_what_was_not_there_goes_again_with_all_that_was_made_on_the_way(ops: list[Op]) -> None:
    before = values_document({"n": 4})
    ops = [
        SetValue(op.doc, op.path, op.value, hash_of_value(before, op.path)) if isinstance(op, SetValue) else op
        for op in ops
    ]
    after, applied = edited(before, 50, ops)
    undo = undo_values("d", before, after, after, ops, inserted=spans(applied)[0], added={})
    assert not undo.lost
    now, _ = edited(after, 51, undo.ops)
    assert now.value() == {"n": 4}


@pytest.mark.parametrize("op", [SetValue("d", ("n",), 9, ""), Increment("d", ("n",), 5)])
def test_what_a_person_has_set_to_the_same_is_theirs(op: Op) -> None:
    before = values_document({"n": 4})
    op = SetValue("d", ("n",), 9, hash_of_value(before, ("n",))) if isinstance(op, SetValue) else op
    after, applied = edited(before, 50, [op])
    hand = after.fork(70_000)
    with hand.transaction():
        set_path(hand, ("n",), 9)
    for now, count in ((after, 0), (hand, 1)):
        undo = undo_values("d", before, after, now, [op], inserted=spans(applied)[0], added={}, agents={50})
        assert len(undo.reset) == count
        assert bool(undo.ops) == (not count)


@pytest.mark.parametrize("old", [5e-324, 1e300, 0.12345678912345, 4])
def test_a_number_comes_back_as_it_was_where_sums_are_rounded(old: float) -> None:
    before = values_document({"n": old})
    ops: list[Op] = [Increment("d", ("n",), -2), Increment("d", ("n",), 0.5)]
    after, applied = edited(before, 50, ops)
    undo = undo_values("d", before, after, after, ops, inserted=spans(applied)[0], added={})
    now, _ = edited(after, 51, undo.ops)
    assert now.value() == {"n": old}


def test_what_others_put_beside_it_stays() -> None:
    before = values_document({"n": 4})
    op = SetValue("d", ("team", "lead"), "Zoe", "absent")
    after, applied = edited(before, 50, [op])
    now, _ = edited(after, 51, [SetValue("d", ("team", "cook"), "Ben", "absent")])
    undo = undo_values("d", before, after, now, [op], inserted=spans(applied)[0], added={})
    assert not undo.lost
    left, _ = edited(now, 52, undo.ops)
    assert left.value() == {"n": 4, "team": {"cook": "Ben"}}


def test_a_number_that_somebody_has_set_since_is_not_added_to() -> None:
    before = values_document(VALUE)
    ops: list[Op] = [Increment("budget", ("travel",), -50)]
    after, _ = edited(before, AGENT, ops)
    hand: list[Op] = [SetValue("budget", ("travel",), 20, hash_of_value(after, ("travel",)))]
    value, undo = values_after(before, ops, hand)
    assert value == {**VALUE, "travel": 20}
    assert [one.path for one in undo.reset] == [("travel",)]


def test_words_come_back_where_their_replacement_stands() -> None:
    before = text_document("one\ntwo\nthree\n")
    after, applied = edited(before, AGENT, [replaced(before, 4, 7, "2")])
    now = after.fork(77)
    with now.transaction():
        now.insert_text(4, "between\n")
    assert take_back(before, now, applied)[0] == "one\nbetween\ntwo\nthree\n"


def test_what_somebody_has_set_since_is_named_and_left() -> None:
    before = values_document(VALUE)
    after, _ = edited(before, AGENT, [SetValue("budget", ("tent",), 9, hash_of_value(before, ("tent",)))])
    hand = SetValue("budget", ("tent",), 12, hash_of_value(after, ("tent",)))
    value, undo = values_after(before, [SetValue("budget", ("tent",), 9, hash_of_value(before, ("tent",)))], [hand])
    assert read_path(before, ("tent",)) == 1
    assert value["tent"] == 12  # type: ignore[index, call-overload]
    assert [(one.path, one.value) for one in undo.reset] == [(("tent",), 12)]
    assert not undo.ops


def test_list_items_added_go_and_removed_come_back_in_their_place() -> None:
    before = values_document(VALUE)
    last, middle = item_anchor(before, ("who",), 2), item_anchor(before, ("who",), 1)
    assert middle is not None
    ops: list[Op] = [
        ListAdd("budget", ("who",), "Dee", last),
        ListRemove("budget", ("who",), middle, hash_of_value(before, ("who", 1))),
    ]
    value, undo = values_after(before, ops, [ListAdd("budget", ("who",), "Eli", last)])
    assert value["who"] in (["Ana", "Ben", "Chen", "Eli"],)  # type: ignore[index, call-overload]
    assert not undo.lost


def test_what_was_typed_inside_is_named_and_what_was_typed_beside_is_not() -> None:
    before = text_document("We meet at three. Bring tea.")
    now, applied = edited(before, AGENT, [replaced(before, 11, 16, "noon sharp")])
    with now.transaction():
        now.insert_text(now.text().index("sharp"), "(not earlier!) ")
    with now.transaction():
        now.insert_text(0, "So: ")
        now.insert_text(now.text().index(". Bring"), " or so")
    _, undo = take_back(before, now, applied)
    assert [now.text()[start:end] for start, end in undo.inside] == ["(not earlier!) "]


def test_what_was_typed_between_two_edits_of_one_commit_does_not_stand_inside() -> None:
    before = text_document("one\ntwo\nthree\n")
    now, applied = edited(before, AGENT, [replaced(before, 8, 13, "3"), replaced(before, 0, 3, "1")])
    with now.transaction():
        now.insert_text(4, "beside ")
    assert not take_back(before, now, applied)[1].inside


def test_an_added_item_that_somebody_has_changed_since_is_named_and_left() -> None:
    before = values_document({"who": [{"name": "Ana"}]})
    ops: list[Op] = [ListAdd("budget", ("who",), {"name": "Dee"}, item_anchor(before, ("who",), 0))]
    hand = SetValue("budget", ("who", 1, "brings"), "tea", "absent")
    value, undo = values_after(before, ops, [hand])
    assert value == {"who": [{"name": "Ana"}, {"name": "Dee", "brings": "tea"}]}
    assert undo.lost == ["an item added to budget.who has been changed since"]
    assert values_after(before, ops, [])[0] == {"who": [{"name": "Ana"}]}


def test_words_that_others_have_replaced_are_not_put_back_beside_what_did() -> None:
    before = text_document("We meet at three. Bring tea.")
    after, applied = edited(before, AGENT, [replaced(before, 11, 16, "noon"), replaced(before, 24, 27, "cake")])
    now, _ = edited(after, HAND, [replaced(after, 11, 15, "five")])
    result, undo = take_back(before, now, applied)
    assert result == "We meet at five. Bring tea."
    assert [rival.words for rival in undo.replaced] == ["noon"]
    (rival,) = undo.replaced
    assert now.text()[slice(*rival.at)] == "five"


def test_words_that_were_only_taken_out_say_what_comes_back() -> None:
    before = text_document("We meet at three.")
    after, applied = edited(before, AGENT, [replaced(before, 11, 16, "noon")])
    now = after.fork(77)
    with now.transaction():
        now.delete_text(11, 15)
    result, undo = take_back(before, now, applied)
    assert result == "We meet at three."
    assert [(one.words, one.back) for one in undo.emptied] == [("noon", "three")]


def test_what_comes_back_on_both_sides_of_what_is_gone_keeps_its_order() -> None:
    before = text_document("abXcd")
    after, applied = edited(before, AGENT, [replaced(before, 1, 2, ""), replaced(before, 3, 4, "")])
    now = after.fork(77)
    with now.transaction():
        now.delete_text(1, 2)
    assert (now.text(), take_back(before, now, applied)[0]) == ("ad", "abcd")


def test_what_would_grow_together_is_named() -> None:
    before = text_document("We meet at three.")
    after, applied = edited(before, AGENT, [replaced(before, 11, 16, "noon")])
    now = after.fork(77)
    with now.transaction():
        now.insert_text(15, "ish")
    result, undo = take_back(before, now, applied)
    assert result == "We meet at threeish."
    assert [now.text()[start:end] for start, end in undo.grown] == ["ish"]


@pytest.mark.parametrize("of", [((1, 0, 3),), ((1, 0, 5),), ((1, 4, 0),), ((1, 0, 2), (-1, 0, 2)), ((1, 0, 2**33),)])
def test_an_insert_stands_for_as_much_as_it_writes(of: tuple[tuple[int, int, int], ...]) -> None:
    document = text_document("We meet.")
    (anchor,) = place_anchors(document, [(0, -1)])
    with pytest.raises(MalformedFrame, match="stands for more or fewer"):
        execute(document.fork(AGENT), [Insert("plan", anchor.encode(), "noon", of=of)])


def test_an_item_does_not_come_back_into_another_list() -> None:
    before = values_document(VALUE)
    first = item_anchor(before, ("who",), 0)
    assert first is not None
    ops: list[Op] = [ListRemove("budget", ("who",), first, hash_of_value(before, ("who", 0)))]
    after, _ = edited(before, AGENT, ops)
    anew = SetValue("budget", ("who",), ["Pia", "Quin"], hash_of_value(after, ("who",)))
    value, undo = values_after(before, ops, [anew])
    assert value == {**VALUE, "who": ["Pia", "Quin"]}
    assert undo.lost == ["an item removed from budget.who cannot be put back: the list is another one"]
