"""An anchor stays with its character through any edits, in documents with emoji and combining characters."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.anchor import Anchor, place_anchors, place_range, resolve_anchor, resolve_range
from crdt.documents.document import Document
from crdt.errors import AnchorLost, MalformedFrame, OffsetOutside
from crdt.updates.summary import Id
from tests.crdt.histories import scribble, shared_history
from tests.support.examples import examples


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_fresh_anchor_resolves_to_where_it_was_placed(seed: int) -> None:
    document, _ = shared_history(seed)
    points = [(point, assoc) for point in range(len(document.text()) + 1) for assoc in (0, -1)]
    assert [resolve_anchor(document, a) for a in place_anchors(document, points)] == [point for point, _ in points]


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_an_anchor_stays_with_its_character(seed: int) -> None:
    """The oracle: a mark is put beside every character of a plain list of (id, char) that follows the same edits."""
    chance = random.Random(seed)
    document, _ = shared_history(seed)
    model = [(at, char) for at, char in enumerate(document.text())]
    if not model:
        return
    anchors = place_anchors(document, [(at, 0) for at in range(len(model))])
    ends = place_anchors(document, [(at + 1, -1) for at in range(len(model))])
    for _ in range(8):
        size = len(model)
        with document.transaction():
            if size and chance.random() < 0.5:
                start = chance.randrange(size)
                end = min(size, start + chance.randint(1, 3))
                document.delete_text(start, end)
                del model[start:end]
            else:
                at = chance.randint(0, size)
                document.insert_text(at, "😀x")
                model[at:at] = [(-1, "😀"), (-1, "x")]
        assert document.text() == "".join(char for _, char in model)
    places = {id: at for at, (id, _) in enumerate(model) if id >= 0}
    for id, (anchor, end) in enumerate(zip(anchors, ends, strict=True)):
        before, after = resolve_anchor(document, anchor), resolve_anchor(document, end)
        if id in places:
            assert (before, after) == (places[id], places[id] + 1)
        else:
            assert before == after, "a deleted character leaves one place"
            left = max((places[other] + 1 for other in places if other < id), default=0)
            right = min((places[other] for other in places if other > id), default=len(model))
            assert left <= before <= right


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6), cut=st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_a_range_follows_on_another_replica(seed: int, cut: tuple[int, int]) -> None:
    document, updates = shared_history(seed)
    size = len(document.text())
    start, end = sorted(min(part, size) for part in cut)
    place = place_range(document, start, end)
    replica = Document("text", client=8, updates=updates)
    assert resolve_range(replica, place) == (start, end)
    encoded = Anchor.decode(place.start.encode()), Anchor.decode(place.end.encode())
    assert encoded == (place.start, place.end)


def test_a_wholly_deleted_range_is_empty() -> None:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, "keep [gone] keep")
    place = place_range(document, 5, 11)
    with document.transaction():
        document.delete_text(4, 12)
    start, end = resolve_range(document, place)
    assert start == end == 4


def test_positions_made_by_yjs_decode() -> None:
    # Y.encodeRelativePosition of stock Yjs: item (client 5, clock 3), assoc 0; and a position at the end of "content".
    assert Anchor.decode("AAUDAA==") == Anchor((5, 3), None, 0)
    assert Anchor.decode("AQdjb250ZW50AA==") == Anchor(None, "content", 0)


@given(junk=st.binary(max_size=300))
def test_any_other_bytes_are_refused(junk: bytes) -> None:
    import base64

    try:
        anchor = Anchor.decode(base64.b64encode(junk).decode())
    except MalformedFrame:
        return
    assert Anchor.decode(anchor.encode()) == anchor


def test_an_unknown_id_is_lost_and_not_a_panic() -> None:
    document = Document("text", client=5)
    scribble(document, random.Random(2))
    for item in (Id(5, 10**6), Id(99, 0)):
        with pytest.raises(AnchorLost):
            resolve_anchor(document, Anchor(item, None, 0))


def test_a_place_outside_the_text_is_refused() -> None:
    with pytest.raises(OffsetOutside):
        place_anchors(Document("text", client=5), [(1, 0)])
