"""The shape of a document is what stock Yjs has in it, however the document came by its structs."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc

from crdt.documents.document import KINDS, Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.documents.shape import ARRAY, GONE, MAP, TEXT, TYPE_DEPTH_MAX, XML_FRAGMENT, Shape
from crdt.updates.structs import Struct, read_sections
from crdt.updates.summary import DELETED, GC, TYPE, Id
from tests.crdt.histories import scribble_values, shared_history
from tests.crdt.outside import Server
from tests.support.examples import examples
from tests.support.oracle import Oracle

ROOT_NAMES: dict[DocumentKind, str] = {"text": "content", "data": "data", "rich": "default"}
ROOT_KINDS: dict[DocumentKind, int] = {"text": TEXT, "data": MAP, "rich": XML_FRAGMENT}


def ids_of(update: bytes) -> list[tuple[Id, Struct]]:
    """Return every id of an update with the struct that it is of."""
    return [
        (Id(struct.client, clock), struct)
        for own in read_sections(update).values()
        for struct in own
        for clock in range(struct.clock, struct.stop)
    ]


def written(seed: int) -> list[bytes]:
    chance, author = random.Random(seed), Doc(client_id=1000)
    updates = list[bytes]()
    watch = author.observe(lambda event: updates.append(event.update))
    for _ in range(20):
        scribble_values(author, chance)
    author.unobserve(watch)
    return updates


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS))
def test_step_by_step_and_from_the_state_it_is_one_shape(seed: int, kind: DocumentKind) -> None:
    document, step_by_step = Document(kind, client=5), Shape(kind)
    for update in written(seed):
        step_by_step.add_all(read_sections(update), document.state_vector())
        document.apply(update)
    whole = Shape.of_state(kind, document.encode())
    for id, struct in ids_of(document.encode()):
        if struct.kind == GC:
            continue
        assert step_by_step.is_in_root(id, ROOT_KINDS[kind]) == whole.is_in_root(id, ROOT_KINDS[kind])
        assert step_by_step.is_type(id) == whole.is_type(id) or struct.kind == DELETED
        for shape in (step_by_step, whole):
            place = shape.holder(shape.holder_of(struct))
            assert 0 <= place.depth <= TYPE_DEPTH_MAX
    assert step_by_step.has_sequences or not whole.has_sequences


@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_all_of_a_plain_text_hangs_from_the_text(seed: int) -> None:
    original, _ = shared_history(seed)
    shape = Shape.of_text(original.state_vector())
    for id, struct in ids_of(original.encode()):
        assert shape.is_in_root(id, TEXT)
        assert not shape.is_gone(id)
        assert not shape.is_keyed(struct)
        assert not shape.is_torn(struct)
        assert shape.type_of(id) is None, "a root has no id"
    assert shape.is_gone(Id(999, 0)), "what is not here hangs from nothing"
    assert not shape.is_gone(None)


def places(seen: Any, inside: Any) -> dict[tuple[int, int], tuple[Any, bool]]:
    """Return, by the id of each unit that stock Yjs shows, the type that it hangs from and whether it has a key."""
    found: dict[tuple[int, int], tuple[Any, bool]] = {}
    items, keys = seen
    for one, has_key in [*((item, False) for item in items), *((item, True) for _, item in keys)]:
        client, clock, size = one
        for at in range(size if isinstance(size, int) else 1):
            found[client, clock + at] = (inside, has_key)
        if not isinstance(size, int):
            found |= places(size, (client, clock))
    return found


@pytest.mark.stock
@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**5), kind=st.sampled_from(KINDS))
def test_what_stock_yjs_shows_hangs_where_the_shape_says(yjs: Oracle, seed: int, kind: DocumentKind) -> None:
    server = Server(kind)
    for _, update, _ in yjs.program(seed=seed, kind=kind, people=3, steps=15):
        server.send(update)
    shape = Shape.of_state(kind, server.document.encode())
    structs = dict(ids_of(server.document.encode()))
    for name, seen in yjs.look(kind, server.relayed)["seen"]:
        for (client, clock), (inside, has_key) in places(seen, None).items():
            id = Id(client, clock)
            assert shape.type_of(id) == (None if inside is None else Id(*inside))
            assert shape.is_keyed(structs[id]) == has_key
            if inside is None and name == ROOT_NAMES[kind]:
                assert shape.is_in_root(id, ROOT_KINDS[kind]) == (not has_key), "an attribute is no part of the text"


@pytest.mark.stock
def test_types_in_types_have_a_depth(yjs: Oracle) -> None:
    code = (
        "const doc = new Y.Doc(); doc.clientID = 1000; doc.on('update', send); const m = doc.getMap('data'); "
        "const list = new Y.Array(); m.set('list', list); const inner = new Y.Map(); list.push([inner]); "
        "inner.set('k', 1)"
    )
    shape = Shape("data")
    state: dict[int, int] = {}
    for update in yjs.make(code):
        shape.add_all(read_sections(update), state)
        state[1000] = read_sections(update)[1000][-1].stop
    list_id, map_id, value_id = Id(1000, 0), Id(1000, 1), Id(1000, 2)
    assert shape.is_type(list_id)
    assert shape.is_type(map_id)
    assert not shape.is_type(value_id)
    assert (shape.type_of(list_id), shape.type_of(map_id), shape.type_of(value_id)) == (None, list_id, map_id)
    assert not shape.is_in_root(list_id, MAP), "it stands under a key"
    value = next(struct for _, struct in ids_of(yjs.make(code)[-1]))
    assert (shape.holder(shape.holder_of(value)).kind, shape.holder(shape.holder_of(value)).depth) == (MAP, 2)
    assert shape.is_keyed(value)


def struct(clock: int, *, origin: Id | None = None, right: Id | None = None, kind: int = DELETED) -> Struct:
    parent = None if origin or right or kind == GC else "data"
    return Struct(9, clock, 1, kind, origin, right, parent, None, -1, False, False, 0, 1, 2)


def test_beside_what_was_collected_nothing_has_a_place() -> None:
    shape = Shape("data")
    shape.add(struct(0, kind=GC))
    shape.add(struct(1))
    assert shape.has_gone
    assert shape.holder_of(struct(2, origin=Id(9, 0))) == GONE
    assert shape.holder_of(struct(2, origin=Id(9, 1), right=Id(9, 0))) == GONE
    assert shape.holder_of(struct(2, origin=Id(9, 1))) != GONE
    assert shape.is_torn(struct(2, origin=Id(9, 1), right=Id(9, 0)))
    assert shape.is_torn(struct(2, origin=Id(9, 1), right=Id(9, 1))), "one neighbour on both sides"


def test_to_enter_a_struct_again_changes_nothing() -> None:
    shape = Shape("data")
    kept = Struct(9, 0, 1, TYPE, None, None, "data", "k", ARRAY, False, False, 0, 1, 2)
    shape.add(kept)
    number = shape.holder_of(struct(1)._replace(parent=Id(9, 0)))
    shape.add(struct(1)._replace(parent=Id(9, 0)))
    shape.add(kept)
    assert shape.holder_of(struct(1)._replace(parent=Id(9, 0))) == number
    assert shape.holder(number).kind == ARRAY
    assert shape.type_of(Id(9, 1)) == Id(9, 0)
