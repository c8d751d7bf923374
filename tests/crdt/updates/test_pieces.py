"""A large update in pieces brings what it brings as a whole."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, XmlElement, XmlFragment, XmlText, merge_updates

from crdt.documents.document import Document
from crdt.documents.intake import take_in
from crdt.documents.paths import set_path
from crdt.updates.lib0 import Writer
from crdt.updates.pieces import PIECE_STRUCTS, is_large, most_at_first, split
from crdt.updates.scan import scan_update
from tests.support.long_life import of_many_clients, of_many_ranges


def typed(seed: int, *, people: int, edits: int) -> Document:
    """Return a text that people wrote at once, with deletions; they heard of each other now and then."""
    chance = random.Random(seed)
    replicas = [Document("text", client=10**6 + at) for at in range(people)]
    for _ in range(edits):
        replica = chance.choice(replicas)
        size = len(replica.text())
        with replica.transaction():
            if size > 4 and chance.random() < 0.3:
                replica.delete_text(chance.randrange(size - 2), 2)
            else:
                replica.insert_text(chance.randint(0, size), chance.choice(("a", "word ", "😀")))
        if chance.random() < 0.1:
            chance.choice(replicas).apply(replica.encode())
    for replica in replicas[1:]:
        replicas[0].apply(replica.encode())
    return replicas[0]


def take_pieces(document: Document, update: bytes) -> int:
    """Let a document take an update in pieces; return how many."""
    count = 0
    for piece in split(update, scan_update(update), dict(document.state_vector())):
        intake = take_in(document, piece, scan_update(piece))
        assert not intake.waits
        assert not intake.refused
        document.apply(intake.update, intake.summary)
        count += 1
    return count


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), people=st.integers(1, 4))
def test_pieces_bring_what_the_whole_brings_and_none_waits_for_a_later_one(seed: int, people: int) -> None:
    whole = typed(seed, people=people, edits=40)
    update = whole.encode()
    document = Document("text", client=5)
    # A part of it may be there.
    if seed % 2:
        document.apply(typed(seed, people=people, edits=20).encode())
    pieces = list(split(update, scan_update(update), dict(document.state_vector())))
    assert all(scan_update(piece) for piece in pieces)
    take_pieces(document, update)
    assert document.text() == whole.text()
    assert document.state_vector() == whole.state_vector()


def pasted(paragraphs: int) -> bytes:
    """Return what an editor writes for a paste, in one transaction: an element, its attribute and its words each."""
    doc = Doc({"content": XmlFragment()})
    with doc.transaction():
        for at in range(paragraphs):
            doc["content"].children.append(XmlElement("p", {"id": str(at)}, [XmlText("lorem ipsum")]))
    return doc.get_update()


def on_one_key(items: int) -> bytes:
    """Return values that so many people set under one key, none of whom knew of the others."""
    parts = []
    for at in range(items):
        one = Document("data", client=10**6 + at)
        with one.transaction() as done:
            set_path(one, ("key",), at)
        parts.append(done[0].update)
    return merge_updates(*parts)


@pytest.mark.long
def test_what_an_editor_does_at_once_is_never_parted() -> None:
    paste, crowd, few = (scan_update(update) for update in (pasted(9_000), on_one_key(501), on_one_key(500)))
    assert paste.structs > 25_000
    assert not is_large(paste, {7: 10**7}, has_values=False), "it hangs on itself, but for its first item"
    assert is_large(crowd, {}, has_values=False)
    assert not is_large(few, {7: 10**7}, has_values=False), "keys are crowds of their own"
    assert is_large(scan_update(of_many_ranges(0.04)), {}, has_values=False)


def among(count: int, *, at: str) -> bytes:
    """Return words of as many clients that come among what client 7 wrote."""
    writer = Writer().var_uint(count)
    for client in range(1_000 + count, 1_000, -1):
        writer.var_uint(1).var_uint(client).var_uint(0)
        if at == "the beginning":
            writer.byte(4).var_uint(1).var_string("content")
        elif at == "behind one":
            writer.byte(0x84).var_uint(7).var_uint(client)
        else:
            writer.byte(0x44).var_uint(7).var_uint(client)
        writer.var_string("w")
    return writer.byte(0).getvalue()


@pytest.mark.parametrize("at", ["the beginning", "behind one", "before one"])
def test_what_may_pass_by_a_whole_document_is_parted_by_how_long_that_is(at: str) -> None:
    few = scan_update(among(20, at=at))
    assert not is_large(few, {7: 50_000}, has_values=False)
    assert is_large(few, {7: 50_001}, has_values=False)
    assert not is_large(few, {7: 10**7}, has_values=False, items=50_000), "words that stand together are one"
    assert is_large(few, {7: 10**7}, has_values=False, items=50_001)
    assert not is_large(scan_update(among(1, at=at)), {7: 10**8}, has_values=False), "one item cannot be parted"
    if at != "the beginning":
        assert not is_large(few, {8: 10**7}, has_values=False), "what it stands beside comes with it, or waits"


def test_the_first_piece_is_as_small_as_the_document_is_long() -> None:
    assert most_at_first(0, 100) == 100
    assert most_at_first(100_000, 100) == 9
    assert most_at_first(10**8, 100) == 1


def test_an_element_comes_with_its_entries() -> None:
    doc: Doc = Doc()
    doc["content"] = XmlFragment()
    with doc.transaction():
        for at in range(40):
            doc["content"].children.append(XmlElement("p", {"id": str(at), "class": "x", "dir": "ltr"}))
    update = doc.get_update()
    other: Doc = Doc()
    other["content"] = root = XmlFragment()
    for piece in split(update, scan_update(update), {}, most=lambda: 1):
        other.apply_update(piece)
        assert all(len(dict(one.attributes)) == 3 for one in root.children)
    assert [dict(one.attributes) for one in root.children] == [dict(one.attributes) for one in doc["content"].children]


@pytest.mark.long
def test_a_piece_is_small_and_they_are_as_many_as_it_takes() -> None:
    for update in (of_many_clients(0.1), of_many_ranges(0.02)):
        summary = scan_update(update)
        pieces = [scan_update(piece) for piece in split(update, summary, {})]
        assert max(piece.structs for piece in pieces) <= PIECE_STRUCTS
        assert max(sum(map(len, piece.deleted.values())) for piece in pieces) <= PIECE_STRUCTS
        assert sum(piece.structs for piece in pieces) == summary.structs
        document, whole = Document("text", client=5), Document("text", client=6, updates=[update])
        assert take_pieces(document, update) == len(pieces)
        assert document.digest() == whole.digest()


def test_what_waits_comes_as_one_piece_behind_the_others() -> None:
    update = of_many_ranges(0.01)
    summary = scan_update(update)
    later = [piece for piece in split(update, summary, {}) if scan_update(piece).structs][1:]
    joined = Document("text", client=5)
    assert len(later) > 10
    (waiting,) = split(later[3], scan_update(later[3]), joined.state_vector())
    intake = take_in(joined, waiting, scan_update(waiting))
    assert intake.waits
    assert joined.apply(intake.update, intake.summary) is None


def test_of_a_client_whose_part_is_there_that_part_comes_with_the_first_piece() -> None:
    update = of_many_ranges(0.01)
    known = next(iter(split(update, scan_update(update), {})))
    document = Document("text", client=5, updates=[known])
    first = next(iter(split(update, scan_update(update), document.state_vector())))
    (client,) = document.state_vector()
    assert scan_update(first).inserted[client][0] == 0
    other = Document("text", client=6, updates=[known.replace(b"\x01a", b"\x01b")])
    intake = take_in(other, first, scan_update(first))
    assert [refused.reason for refused in intake.refused] == ["conflicting_id"]


def test_nothing_is_split_that_brings_nothing_new() -> None:
    update = of_many_clients(0.1)
    document = Document("text", client=5, updates=[update])
    assert list(split(update, scan_update(update), document.state_vector())) == []
