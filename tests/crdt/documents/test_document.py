"""Documents converge, refuse gaps, tell exactly what changed, and hash the same everywhere."""

from __future__ import annotations

import random
import weakref
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, merge_updates

from crdt.documents.document import Document
from crdt.errors import MalformedFrame, MissingDependencies
from crdt.updates.scan import encode_state_vector, scan_state_vector, scan_update
from crdt.updates.structs import read_sections
from tests.crdt.histories import scribble, shared_history
from tests.support.examples import examples


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_any_causal_delivery_converges_with_an_equal_digest(seed: int) -> None:
    original, updates = shared_history(seed)
    chance = random.Random(seed)
    replica, waiting = Document("text", client=7), list(updates)
    while waiting:
        ready = [u for u in waiting if not replica.lacks_before(scan_update(u))]
        update = chance.choice(ready)
        waiting.remove(update)
        replica.apply(update)
    rebuilt = Document("text", client=8, updates=(original.encode(),))
    assert replica.text() == original.text() == rebuilt.text()
    assert replica.digest() == original.digest() == rebuilt.digest()


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_state_mirror_is_pycrdts_own(seed: int) -> None:
    original, updates = shared_history(seed)
    native: Doc = Doc()
    for update in updates:
        native.apply_update(update)
    assert scan_state_vector(native.get_state()) == dict(original.state_vector())
    assert scan_state_vector(original.encode_state_vector()) == dict(original.state_vector())


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_document_never_has_more_items_than_it_says(seed: int) -> None:
    """However the edits come: one by one, many at once, into what was loaded, into a copy."""
    _, updates = shared_history(seed, rounds=6)
    chance = random.Random(seed)
    document, native = Document("text", client=9), Doc[Any]()
    while updates:
        count = chance.choice((1, 1, 2, 5))
        together = merge_updates(*updates[:count])
        del updates[:count]
        native.apply_update(together)
        document.apply(together)
        stored = sum(len(structs) for structs in read_sections(native.get_update()).values())
        assert stored <= document.items_bound() <= sum(document.state_vector().values())
        if chance.random() < 0.1:
            document = document.fork(9)
        if chance.random() < 0.05:
            document = Document.of_state("text", document.encode(), client=9)


def test_words_that_were_written_together_are_one_item() -> None:
    document = Document("text", client=9)
    with document.transaction():
        document.insert_text(0, "w" * 10_000)
    assert document.items_bound() <= 6


@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_an_update_is_applied_once_and_told_exactly(seed: int) -> None:
    original, updates = shared_history(seed)
    replica = Document("text", client=9)
    inserted: dict[int, int] = {}
    for update in updates:
        applied = replica.apply(update)
        if applied is None:
            continue
        for client, (start, end) in applied.inserted.items():
            assert start == inserted.get(client, 0)
            inserted[client] = end
        assert replica.apply(update) is None, "a second delivery changes nothing"
    assert inserted == dict(original.state_vector())


def test_an_update_that_leaves_a_gap_changes_nothing() -> None:
    author = Document("text", client=5)
    first, second = scribble(author, random.Random(1), edits=2)[:2]
    reader = Document("text", client=6)
    with pytest.raises(MissingDependencies):
        reader.apply(second)
    assert reader.text() == ""
    assert not reader.state_vector()
    reader.apply(first)
    reader.apply(second)
    assert reader.text() == author.text()


def test_a_deletion_does_not_move_the_state_vector_and_still_counts() -> None:
    author = Document("text", client=5)
    with author.transaction() as typed:
        author.insert_text(0, "abc")
    reader = Document("text", client=6, updates=(typed[0].update,))
    before = reader.encode_state_vector()
    with author.transaction() as cut:
        author.delete_text(1, 2)
    applied = reader.apply(cut[0].update)
    assert applied is not None
    assert reader.encode_state_vector() == before
    assert applied.deleted == {5: ((1, 2),)}


def test_who_holds_the_first_half_of_a_pair_is_given_the_whole_character() -> None:
    author = Document("text", client=5)
    with author.transaction():
        author.insert_text(0, "a😀b")
    for known, start in ((1, 1), (2, 1), (3, 3)):
        answer = author.encode(encode_state_vector({5: known}))
        assert scan_update(answer).inserted == {5: (start, 4)}


def test_offsets_are_code_points_after_emoji() -> None:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, "é😀Z")
        document.insert_text(2, "mid")
        document.delete_text(0, 1)
    assert document.text() == "😀midZ"


def test_bytes_that_are_no_update_are_refused() -> None:
    document = Document("text", client=5)
    for junk in (b"", b"\xff" * 40, b"\x01\x01\x05\x00"):
        with pytest.raises(MalformedFrame):
            document.apply(junk)
    assert document.text() == ""


def test_a_fork_writes_apart() -> None:
    document = Document("text", client=5)
    scribble(document, random.Random(3))
    before = document.digest()
    fork = document.fork(77)
    with fork.transaction():
        fork.insert_text(0, "only here")
    assert document.digest() == before
    assert fork.text().startswith("only here")


def test_a_document_that_is_dropped_is_freed() -> None:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, "x" * 10_000)
    kept = weakref.ref(document.fork(6)._listener)
    assert kept() is None, "a fork lives no longer than whoever uses it"
