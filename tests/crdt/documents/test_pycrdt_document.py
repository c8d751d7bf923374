"""What pycrdt keeps of a document integrates as pycrdt does, says what came of it, and can be built again."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text, XmlFragment

from crdt.documents.pycrdt_document import (
    DATA_ROOT,
    RICH_ROOT,
    TEXT_ROOT,
    DocumentKind,
    EventListener,
    PycrdtDocument,
)
from tests.crdt.histories import shared_history
from tests.support.examples import examples

ROOTS = {"text": (TEXT_ROOT, Text), "data": (DATA_ROOT, Map), "rich": (RICH_ROOT, XmlFragment)}


@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_it_integrates_as_pycrdt_does_and_tells_what_came_of_it(seed: int) -> None:
    _, updates = shared_history(seed)
    plain: Doc = Doc(client_id=7)
    events = list[tuple[bytes, bytes]]()
    watch = plain.observe(lambda event: events.append((event.update, event.delete_set)))
    document, listener = PycrdtDocument("text", 7), EventListener()
    for update in updates:
        before, listener.event = len(events), None
        plain.apply_update(update)
        document.integrate(update, listener)
        assert ([listener.event] if listener.event is not None else []) == events[before:]
    plain.unobserve(watch)
    assert document.doc.get_update() == plain.get_update()


@pytest.mark.parametrize("kind", list(ROOTS))
def test_a_document_has_the_root_of_its_kind(kind: DocumentKind) -> None:
    name, root = ROOTS[kind]
    document = PycrdtDocument(kind, 7)
    assert isinstance(document.root, root)
    assert list(document.doc.keys()) == [name]
    assert document.doc.client_id == 7


@pytest.mark.parametrize("junk", [b"", b"\x01", b"\xff" * 20, b"\x01\x01\x05\x00"])
def test_bytes_that_are_refused_leave_it_usable(junk: bytes) -> None:
    document, listener = PycrdtDocument("text", 7), EventListener()
    with pytest.raises(ValueError):
        document.integrate(junk, listener)
    assert listener.event is None
    document.integrate(bytes.fromhex("01010900040107636f6e74656e74016100"), listener)
    assert str(document.root) == "a"
    assert listener.event is not None


@pytest.mark.long
def test_a_listener_does_not_keep_the_document() -> None:
    """pycrdt holds its observers where Python's collector does not look (trap 24)."""
    document, listener = PycrdtDocument("text", 7), EventListener()
    document.integrate(bytes.fromhex("01010900040107636f6e74656e74016100"), listener)
    kept = weakref.ref(listener)
    del document, listener
    gc.collect()
    assert kept() is None
