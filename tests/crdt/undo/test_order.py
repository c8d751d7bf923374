"""What may never stand together again has an order all the same: that in which it stood."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.anchor import Anchor, find_ids_of_range
from crdt.documents.document import Document
from crdt.documents.paths import anchor_item, find_list, set_path
from crdt.undo.lineage import NEVER, Dated, Past
from crdt.undo.order import Order, rank_characters, rank_items
from crdt.updates.summary import Id
from tests.crdt.histories import ALPHABET, shared_history
from tests.support.examples import examples
from tests.support.oracle import Oracle


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_deleted_characters_keep_their_rank_among_those_that_stand(seed: int) -> None:
    chance = random.Random(seed)
    document = shared_history(seed)[0]
    model: list[Id] = [Id(client, first) for client, first, _ in find_ids_of_range(document, 0, len(document.text()))]
    standing = list(model)
    for _ in range(6):
        at = chance.randint(0, len(standing))
        with document.transaction() as done:
            if standing and chance.random() < 0.6:
                end = min(len(standing), at + chance.randint(1, 4))
                document.delete_text(at, end)
                del standing[at:end]
                continue
            document.insert_text(at, chance.choice(ALPHABET)[0])
        client, start, _ = find_ids_of_range(document, at, at + 1)[0]
        assert done
        standing.insert(at, Id(client, start))
        left = standing[at - 1] if at else None
        model.insert(model.index(left) + 1 if left is not None else 0, Id(client, start))
    rank = rank_characters(document)
    shown = [rank(id) for id in standing]
    assert shown == sorted(shown)
    assert len(set(shown)) == len(standing), "no two stand at one place"
    everything = [rank(id) for id in model]
    assert len(set(everything)) == len(model), "nor did they ever"
    untouched = [id for id in model if id.client != document.client]
    assert [rank(id) for id in untouched] == sorted(rank(id) for id in untouched), "as they stood before the edits"


@pytest.mark.stock
@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_stock_yjs_lays_deleted_characters_where_they_are_ranked(yjs: Oracle, seed: int) -> None:
    """The judge: of all ids of a text without a delete set stock Yjs says in which order they lie."""
    document = shared_history(seed)[0]
    rank = rank_characters(document)
    sections, deleted = document.stored_structs()
    code = f"""
        const doc = new Y.Doc({{gc: false}}); Y.applyUpdate(doc, new Uint8Array({list(document.encode())}));
        const ids = []; for (let item = doc.getText('content')._start; item; item = item.right)
          for (let at = 0; at < item.length; at++) ids.push([item.id.client, item.id.clock + at]);
        send(new TextEncoder().encode(JSON.stringify(ids)))"""
    (said,) = yjs.make(code)
    ids = [Id(*one) for one in json.loads(said)]
    ranks = [rank(id) for id in ids]
    assert ranks == sorted(ranks)
    assert len(ids) == sum(struct.length for own in sections.values() for struct in own)
    assert all(client in sections for client in deleted)


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_removed_items_keep_their_rank(seed: int) -> None:
    chance = random.Random(seed)
    document = Document("data", client=5)
    with document.transaction():
        set_path(document, ("l",), list(range(6)))
    ids = [Anchor.decode(anchor_item(document, ("l",), at) or "").item for at in range(6)]
    for at in sorted(chance.sample(range(6), 3), reverse=True):
        with document.transaction():
            array = find_list(document, ("l",))
            assert array is not None
            del array[at]
    rank = rank_items(document, ("l",))
    assert rank is not None
    assert [rank(id) for id in ids if id is not None] == list(range(6))


def test_a_list_that_is_not_there_ranks_nothing() -> None:
    document = Document("data", client=5)
    assert rank_items(document, ("l",)) is None
    with document.transaction():
        document.data_root["plain"] = [1, 2]
    assert rank_items(document, ("plain",)) is None, "a plain list has no ids"
    assert rank_characters(Document("text", client=5))(Id(9, 0)) == 0, "what was never here lies at the start"


def test_a_thing_comes_back_between_those_it_once_stood_with() -> None:
    """Three stood in a row; the middle one went, and undos have put the others elsewhere since."""
    ids = {name: Id(1, at) for at, name in enumerate("abc")}
    brought = Dated([(1, 0, 3, 1)])
    past = Past(brought=brought, taken=Dated([(1, 1, 2, 5)]))
    order = Order(past, rank=lambda id: id.clock)
    later = 7
    others = [(ids["a"], 4, later), (ids["c"], 6, later)]
    assert order.place(ids["b"], 0, others) == 5, "behind what stood before it"
    assert order.place(ids["b"], 9, others) == 6, "before what stood behind it"
    assert order.place(ids["b"], 5, others) == 5, "its own place is as good"
    known = [(ids["a"], 4, 2), (ids["c"], 6, 2)]
    assert order.place(ids["b"], 0, known) == 0, "whatever was there when it went is passed"
    strangers = [(Id(2, 0), 4, later)]
    apart = Past(brought=Dated([(1, 0, 3, 1), (2, 0, 1, 9)]), taken=Dated([(1, 0, 3, 5)]))
    assert Order(apart, rank=lambda id: id.clock).place(ids["b"], 0, strangers) == 0, "they never stood together"
    assert order.came(Id(8, 8)) == NEVER
    assert order.came(ids["a"]) == 1
