"""Updates joined are the updates in turn: the same document, the same account of it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.updates.coalesce import join
from crdt.updates.lib0 import Writer
from crdt.updates.scan import normalise_ranges, scan_update
from tests.crdt.histories import scribble
from tests.support.examples import examples

LETTERS = "ab é👩‍🚀"


def typing(kind: DocumentKind, base: Document, seed: int, count: int) -> list[bytes]:
    """Return what one client sends while it types on top of `base`."""
    chance = random.Random(seed)
    hand = Document(kind, client=501)
    hand.apply(base.encode())
    updates = []
    for _ in range(count):
        with hand.transaction() as done:
            if kind == "data":
                hand.data_root[chance.choice("abc")] = chance.choice([1, "x", [1, {"deep": 2}]])
            elif hand.text() and chance.random() < 0.3:
                at = chance.randrange(len(hand.text()))
                hand.delete_text(at, at + 1)
            else:
                hand.insert_text(chance.randint(0, len(hand.text())), chance.choice(LETTERS))
        updates += [applied.update for applied in done]
    return updates


@settings(max_examples=examples(120), deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 12), kind=st.sampled_from(["text", "data"]))
def test_joined_updates_do_what_their_parts_do(seed: int, count: int, kind: DocumentKind) -> None:
    base = Document(kind, client=9)
    if kind == "text":
        scribble(base, random.Random(seed))
    updates = typing(kind, base, seed, count)
    parts, whole = base.fork(11), base.fork(12)
    told = [applied for update in updates if (applied := parts.apply(update)) is not None]
    joined = join([(update, scan_update(update)) for update in updates])
    if joined is None:
        assert any(scan_update(update).pairs for update in updates), "only what another may cut is not joined"
        return
    update, scan = joined
    again = scan_update(update)
    assert (scan.inserted, scan.deleted, scan.kinds) == (again.inserted, again.deleted, again.kinds)
    assert scan.structs == again.structs
    assert not whole.lacks_before(scan)
    applied = whole.apply(update, scan)
    assert applied is not None
    assert whole.digest() == parts.digest()
    deleted: dict[int, list[tuple[int, int]]] = {}
    for one in told:
        for client, spans in one.deleted.items():
            deleted.setdefault(client, []).extend(spans)
    assert {client: normalise_ranges(spans) for client, spans in deleted.items()} == dict(applied.deleted)
    reader = base.fork(13)
    reader.apply(applied.update)
    assert reader.digest() == parts.digest(), "what is relayed is enough"


def test_what_does_not_follow_is_not_joined() -> None:
    first, second, third = typing("text", Document("text", client=9), 3, 3)
    scans = {update: scan_update(update) for update in (first, second, third)}
    assert join([(first, scans[first]), (third, scans[third])]) is None or not scans[third].inserted
    assert join([(second, scans[second]), (first, scans[first])]) is None
    assert join([(first, scans[first]), (first, scans[first])]) is None
    other = Document("text", client=77)
    with other.transaction() as done:
        other.insert_text(0, "x")
    assert join([(first, scans[first]), (done[0].update, scan_update(done[0].update))]) is None


@pytest.mark.parametrize("count", [1, 2])
def test_collected_structs_are_not_joined(count: int) -> None:
    collected = Writer().var_uint(1).var_uint(1).var_uint(5).var_uint(0).byte(0).var_uint(count).var_uint(0).getvalue()
    assert join([(collected, scan_update(collected))]) is None
