"""The canonical value and the digest over it are the same on every replica, and are what logs hold."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pycrdt import Doc

from crdt.digest import digest_value
from crdt.documents.document import KINDS, Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import WrongKind
from crdt.updates.scan import scan_update
from tests.crdt.histories import scribble_values
from tests.crdt.outside import Server
from tests.support.examples import examples
from tests.support.oracle import Oracle


def replicas(seed: int, kind: DocumentKind) -> tuple[Document, Document, Document]:
    """Return a document that took edits one by one, one of its state, and one of the same edits in other words."""
    chance, author = random.Random(seed), Doc(client_id=1000)
    updates = list[bytes]()
    watch = author.observe(lambda event: updates.append(event.update))
    for _ in range(15):
        scribble_values(author, chance)
    author.unobserve(watch)
    one = Document(kind, client=5, updates=updates)
    return one, Document.of_state(kind, one.encode(), client=6), Document(kind, client=7, updates=[author.get_update()])


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS))
def test_every_replica_has_the_same_value_and_digest(seed: int, kind: DocumentKind) -> None:
    one, *others = replicas(seed, kind)
    for other in others:
        assert (other.value(), other.digest()) == (one.value(), one.digest())
        assert not other.is_apart()


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS))
def test_a_digest_is_over_kind_value_clocks_and_deletions(seed: int, kind: DocumentKind) -> None:
    """The form is in logs: it stays what it was."""
    document = replicas(seed, kind)[0]
    deleted = scan_update(document.encode()).deleted
    parts = {
        "kind": kind,
        "value": document.value(),
        "state": sorted([client, clock] for client, clock in document.state_vector().items()),
        "deleted": sorted([client, [list(span) for span in spans]] for client, spans in deleted.items()),
    }
    assert document.digest() == digest_value(parts)


@pytest.mark.stock
@settings(max_examples=examples(30), deadline=None)
@given(seed=st.integers(0, 10**4), kind=st.sampled_from(KINDS))
def test_a_document_that_stock_yjs_hands_over_has_the_same_digest(yjs: Oracle, seed: int, kind: DocumentKind) -> None:
    server = Server(kind)
    for _, update, _ in yjs.program(seed=seed, kind=kind, people=2, steps=10):
        server.send(update)
    said = yjs.look(kind, server.relayed)
    assume(not said["tidied"])  # Yjs takes out marks that say nothing as it reads them: another delete set
    handed_over = Document(kind, client=6, updates=[said["state"]])
    assert handed_over.state_vector() == server.document.state_vector()
    assert handed_over.digest() == server.document.digest()


def test_one_more_edit_is_another_digest_even_where_the_value_is_the_same() -> None:
    document = Document("text", client=5)
    seen = {document.digest()}
    for _ in range(3):
        with document.transaction():
            document.insert_text(0, "a")
        with document.transaction():
            document.delete_text(0, 1)
        assert document.value() == ""
        seen.add(document.digest())
    assert len(seen) == 4


def test_only_a_data_document_has_values() -> None:
    for kind in ("text", "rich"):
        with pytest.raises(WrongKind, match="has no values"):
            Document(kind, client=5).data_root  # noqa: B018
    assert Document("data", client=5).value() == {}


def test_to_read_otherwise_is_another_version() -> None:
    document = Document("rich", client=5)
    version, digest = document.version, document.digest()
    document.read_as(is_strict=True)
    assert document.version == version, "it is read so already"
    document.read_as(is_strict=False)
    assert document.version > version, "what was kept of the other reading counts no more"
    assert document.digest() == digest
    assert not document.is_said_by_chance()


@pytest.mark.stock
def test_attributes_in_an_order_of_chance_are_told(yjs: Oracle) -> None:
    code = (
        "const doc = new Y.Doc(); doc.on('update', send); const p = new Y.XmlElement('p'); "
        "doc.getXmlFragment('default').insert(0, [p]); p.setAttribute('b', '1'); "
    )
    one = Document("rich", client=5, updates=yjs.make(code))
    two = Document("rich", client=5, updates=yjs.make(code + "p.setAttribute('a', '2')"))
    assert two.value() == '<p a="2" b="1"></p>'
    for document in (one, two):
        document.read_as(is_strict=False)
    assert (one.is_said_by_chance(), two.is_said_by_chance()) == (False, True)


def test_the_digest_of_an_empty_document_is_the_computed_one() -> None:
    """The digests are in logs: they stay what they were when they were computed for each document."""
    assert [Document(kind, client=5).digest() for kind in KINDS] == [
        "sha256:32d209095f5a655b9d1948c1ca8693e8629ae7fe46036247420a9667dc9ae618",
        "sha256:28eac7b842b6c62a7f3c24af0f93f63a1ece35a34874ec3c5d3341b79f162e8b",
        "sha256:cd314d0d6ca3332edc305bd0bff8adf9f5d800becba58f815575328577fd219f",
    ]
    for kind in KINDS:
        document = Document(kind, client=5)
        parts = {"kind": kind, "value": document.value(), "state": [], "deleted": []}
        assert document.digest() == digest_value(parts)


def test_an_emptied_document_is_not_an_empty_one() -> None:
    document = Document("text", client=5)
    empty = document.digest()
    with document.transaction():
        document.insert_text(0, "a")
    with document.transaction():
        document.delete_text(0, 1)
    assert document.text() == ""
    assert document.digest() != empty
