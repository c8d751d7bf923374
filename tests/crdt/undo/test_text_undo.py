"""A text edit taken back gives back its old words, keeps what others typed, and never makes a blend."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.crdt.undo.edits import (
    AGENT,
    HAND,
    WORDS,
    edited,
    replaced,
    take_back,
    text_document,
)


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


def test_words_come_back_where_their_replacement_stands() -> None:
    before = text_document("one\ntwo\nthree\n")
    after, applied = edited(before, AGENT, [replaced(before, 4, 7, "2")])
    now = after.fork(77)
    with now.transaction():
        now.insert_text(4, "between\n")
    assert take_back(before, now, applied)[0] == "one\nbetween\ntwo\nthree\n"


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
