"""A document that rests now and then is told, and tells, what one that never does is told."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from crdt.documents import backing
from crdt.documents.backing import EMPTY_UPDATE, Applied, Backup
from crdt.documents.document import KINDS, Document
from crdt.documents.pycrdt_document import DocumentKind, PycrdtDocument
from crdt.errors import BrokenDocument, MissingDependencies
from crdt.updates.scan import scan_update
from tests.crdt.histories import scribble_values, shared_history
from tests.support.examples import examples


def typed(*texts: str) -> tuple[Doc[Text], list[bytes]]:
    """Return a peer's document and the updates of its typing."""
    peer: Doc[Text] = Doc(client_id=99)
    words, updates = peer.get("content", type=Text), list[bytes]()
    watched = peer.observe(lambda event: updates.append(event.update))
    for text in texts:
        words.insert(len(str(words).encode()), text)
    peer.unobserve(watched)
    return peer, updates


def told(applied: Applied | None) -> object:
    """Return what a change brought, without its bytes: blocks may be cut elsewhere in the one that rested."""
    return None if applied is None else (dict(applied.inserted), dict(applied.deleted))


@pytest.mark.long
@settings(max_examples=examples(150), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_histories_end_alike_wherever_the_document_rests(seed: int) -> None:
    chance, (_, updates) = random.Random(seed), shared_history(seed)
    rests, stays, rested = Document("text", client=7), Document("text", client=7), 0
    peer = Document("text", client=8)
    waiting = list(updates)
    while waiting:
        update = chance.choice([one for one in waiting if not stays.lacks_before(scan_update(one))])
        waiting.remove(update)
        one, other = rests.apply(update), stays.apply(update)
        assert told(one) == told(other)
        if one is not None:
            peer.apply(one.update)
        if not rested or chance.random() < 0.4:
            assert rests.unload()
            rested += 1
        if chance.random() < 0.2:
            assert rests.encode(Document("text", client=9).encode_state_vector()) == rests.encode()
        if chance.random() < 0.1:
            rests, stays = rests.fork(7), stays.fork(7)
        if chance.random() < 0.3:
            with rests.transaction() as mine, stays.transaction() as theirs:
                for document in (rests, stays):
                    length = len(document.text())
                    document.insert_text(min(3, length), "😀x")
                    document.delete_text(min(1, length), min(2, length))
            assert [told(one) for one in mine] == [told(one) for one in theirs]
            for applied in mine:
                peer.apply(applied.update)
    assert rests.digest() == stays.digest() == peer.digest()
    assert rests.version == stays.version
    assert rested or not updates


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS))
def test_values_and_markup_come_back_from_rest(seed: int, kind: DocumentKind) -> None:
    chance, author = random.Random(seed), Doc(client_id=2**31)
    updates = list[bytes]()
    watched = author.observe(lambda event: updates.append(event.update))
    rests, stays = Document(kind, client=7), Document(kind, client=7)
    for _ in range(20):
        scribble_values(author, chance)
        for update in updates:
            assert told(rests.apply(update)) == told(stays.apply(update))
        updates.clear()
        if chance.random() < 0.5:
            rests.unload()
    author.unobserve(watched)
    assert dict(rests.state_vector()) == dict(stays.state_vector())
    other = Document(kind, client=9, updates=(rests.encode(),))
    assert other.encode() == Document(kind, client=9, updates=(stays.encode(),)).encode()


def test_reading_what_is_kept_wakes_nobody() -> None:
    document = Document("text", client=7, updates=typed("a", "b", "😀")[1])
    state, digest, vector = document.encode(), document.digest(), document.encode_state_vector()
    assert document.unload()
    assert not document.is_loaded
    assert document.unload(), "it does already"
    assert document.encode(Doc().get_state()) == state, "a newcomer has nothing"
    assert (document.encode(), document.digest(), document.encode_state_vector()) == (state, digest, vector)
    assert document.fork(8).text() == "ab😀"
    assert document.lacks_before(scan_update(typed("x", "y")[1][1])) is False
    assert document.stored_structs()
    assert not document.is_loaded
    assert document.text() == "ab😀"
    assert document.is_loaded


def test_an_update_with_a_gap_wakes_nobody() -> None:
    document = Document("text", client=7)
    assert document.unload()
    with pytest.raises(MissingDependencies):
        document.apply(typed("x", "y")[1][1])
    assert not document.is_loaded


def test_what_is_written_to_does_not_rest() -> None:
    document = Document("text", client=7)
    with document.transaction() as done:
        document.insert_text(0, "a")
        assert not document.unload()
    assert done
    assert document.unload()
    document._broken = True
    assert document.unload(), "it rests already"
    with pytest.raises(BrokenDocument):
        document.text()


def test_revived_in_a_thread_and_late() -> None:
    """What was made of an older rest is not taken for the document, however late it comes."""
    _, updates = typed("a", "b", "c")
    document = Document("text", client=7, updates=updates[:1])
    document.unload()
    made = list[object]()
    thread = threading.Thread(target=lambda: made.append(document.prepare_load()))
    thread.start()
    thread.join()
    stale = document.prepare_load()
    document.load(*made[0])  # type: ignore[misc]
    assert document.is_loaded
    document.apply(updates[1])
    document.unload()
    document.load(*stale)
    assert not document.is_loaded
    assert document.text() == "ab"
    document.apply(updates[2])
    document.load(*stale)
    assert document.text() == "abc"


@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6), cut=st.integers(0, 99))
def test_a_backup_builds_the_document_as_it_was(seed: int, cut: int) -> None:
    _, updates = shared_history(seed)
    cut %= len(updates) + 1
    document = PycrdtDocument("text", 7)
    for update in updates[:cut]:
        document.integrate(update)
    backup = Backup(document.doc.get_update())
    for update in updates[cut:]:
        document.integrate(update)
        assert backup.keep(update), "so little is kept as it is"
    built = backup.build("text", 7)
    assert str(built.root) == str(document.root)
    assert built.doc.get_state() == document.doc.get_state()


def test_a_backup_says_when_a_state_would_be_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backing, "BACKUP_UPDATES_MAX", 3)
    backup = Backup(EMPTY_UPDATE)
    assert [backup.keep(EMPTY_UPDATE) for _ in range(4)] == [True, True, True, False]
    monkeypatch.setattr(backing, "BACKUP_BYTES_MAX", 10)
    assert not Backup(EMPTY_UPDATE).keep(b"\x00" * 11)
