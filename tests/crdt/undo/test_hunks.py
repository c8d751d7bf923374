"""The hunks of an edit are what it took out and put in, and what became of each is told from the text as it is."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.anchor import find_ids_of_range
from crdt.documents.document import Document
from crdt.undo.hunks import Hunk, Rival, find_hunks, find_missing, find_rivals, is_since, list_ids, locate
from crdt.undo.lineage import Dated, Past
from crdt.undo.positions import Piece, find_pieces
from crdt.updates.summary import Id
from tests.crdt.histories import ALPHABET, shared_history
from tests.crdt.undo.edits import AGENT, HAND, edited, replaced, spans, text_document
from tests.support.examples import examples

TEXTS = st.text(alphabet="abé😀 \n漢", min_size=1, max_size=20)


def an_edit(seed: int) -> tuple[Document, Document, list[Hunk]]:
    """Return a document before and after edits at several places, and their hunks."""
    chance = random.Random(seed)
    before = shared_history(seed)[0]
    after = before.fork(7)
    inserted, deleted = list[tuple[int, int, int]](), list[tuple[int, int, int]]()
    size = len(before.text())
    with after.transaction() as done:
        for _ in range(chance.randint(1, 4)):
            at = chance.randint(0, size)
            end = min(size, at + chance.randint(0, 3))
            after.delete_text(at, end)
            words = "".join(chance.choice(ALPHABET)[0] for _ in range(chance.randint(0, 3)))
            if words:
                after.insert_text(at, words)
            size += len(words) - (end - at)
    for applied in done:
        new, gone = spans(applied)
        inserted, deleted = inserted + new, deleted + gone
    return before, after, find_hunks(before, after, inserted=inserted, deleted=deleted)


@settings(max_examples=examples(100), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_hunks_are_all_the_difference_there_is(seed: int) -> None:
    before, after, hunks = an_edit(seed)
    old, new = list(before.text()), list(after.text())
    for hunk in hunks:
        assert "".join(before.text()[piece.start : piece.end] for piece in hunk.taken) == "".join(
            piece.text for piece in hunk.taken
        )
    for text, pieces in ((old, [p for h in hunks for p in h.taken]), (new, [p for h in hunks for p in h.put])):
        for piece in pieces:
            text[piece.start : piece.end] = [""] * len(piece.text)
    assert "".join(old) == "".join(new), "without them both texts are one"


@settings(max_examples=examples(100), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_hunks_stand_at_one_place_each_in_the_order_of_the_text(seed: int) -> None:
    before, after, hunks = an_edit(seed)
    reached = 0
    for hunk in hunks:
        taken, put = len("".join(p.text for p in hunk.taken)), len("".join(p.text for p in hunk.put))
        assert taken or put
        if hunk.put:
            assert hunk.put[-1].end - hunk.put[0].start == put, "what was put in at one place stands together"
            assert hunk.put[0].start >= reached
            reached = hunk.put[-1].end
    assert len(before.text()) - len(after.text()) == sum(len(p.text) for h in hunks for p in h.taken) - sum(
        len(p.text) for h in hunks for p in h.put
    )


@given(text=TEXTS, data=st.data())
def test_what_is_missing_is_what_was_deleted(text: str, data: st.DataObject) -> None:
    document = text_document(text)
    put = find_pieces(document, [(5, 0, 10**6)])
    now = document.fork(8)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if start < end:
        with now.transaction():
            now.delete_text(start, end)
    standing = find_pieces(now, [(5, 0, 10**6)])
    gone = list(find_missing(now, Past(), put, standing))
    ids = [Id(client, first) for client, first, _ in find_ids_of_range(document, 0, len(text))]
    assert [one.id for one in gone] == ids[start:end]
    assert {one.at for one in gone} <= {start}, "they stood where the text has closed over them"
    assert all(one.last == one.id for one in gone), "nothing ever stood for them"


@given(text=TEXTS)
def test_each_character_of_a_piece_has_the_id_it_has_in_the_text(text: str) -> None:
    document = text_document(text)
    ids = [Id(client, first) for client, first, _ in find_ids_of_range(document, 0, len(text))]
    assert list(list_ids(Piece(0, text, 5, 0))) == ids
    now = document.fork(8)
    with now.transaction():
        now.insert_text(0, "X")
        now.delete_text(1, 1 + len(text))
    where: dict[Id, int] = {}
    assert [locate(now, id, where) for id in ids] == [1] * len(ids), "all went in one struct, behind what stands"
    assert len(where) == 1, "and the document was asked once"


def test_words_in_the_place_of_others_are_rivals_and_words_taken_out_have_none() -> None:
    before = text_document("We meet at three, for tea.")
    after, applied = edited(before, AGENT, [replaced(before, 11, 16, "noon"), replaced(before, 22, 25, "cake")])
    inserted, deleted = spans(applied)
    hunks = find_hunks(before, after, inserted=inserted, deleted=deleted)
    assert [("".join(p.text for p in h.taken), "".join(p.text for p in h.put)) for h in hunks] == [
        ("three", "noon"), ("tea", "cake"),
    ]  # fmt: skip
    now, hand = edited(after, HAND, [replaced(after, 11, 15, "five")])
    with now.transaction():
        now.delete_text(now.text().index("cake"), now.text().index("cake") + 4)
    brought = Dated([(client, start, end, 9) for client, start, end in spans(hand)[0]])
    past = Past(since=5, brought=brought, taken=Dated([(AGENT, 0, 100, 9)]), writers=frozenset({9}))
    found = []
    for hunk in hunks:
        standing = find_pieces(now, [piece.span for piece in hunk.put])
        gone = list(find_missing(now, past, hunk.put, standing))
        found.append(list(find_rivals(now, Past(since=5), after, gone, hunk.put)))
    assert found[0] == [Rival("noon", 0, (11, 15))]
    assert found[1] == [], "nothing stands there instead"
    assert now.text()[11:15] == "five"


def test_what_was_written_after_the_edit_is_since() -> None:
    before = text_document("one")
    after, _ = edited(before, AGENT, [replaced(before, 0, 3, "two")])
    assert not is_since(Past(), after, Id(5, 0))
    assert not is_since(Past(), after, Id(AGENT, 2))
    assert is_since(Past(), after, Id(AGENT, 3))
    assert is_since(Past(), after, Id(HAND, 0))
