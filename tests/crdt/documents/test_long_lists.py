"""Long lists read as short ones do, and as a stock Yjs reads them, however they came to be."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from crdt.documents import long_lists
from crdt.documents.document import Document
from crdt.documents.long_lists import WALKED_ITEMS_MAX, LongList, items_of, unnest
from crdt.documents.paths import read_path, set_path
from crdt.documents.values import from_stored
from tests.crdt.outside import comparable
from tests.support.examples import examples
from tests.support.oracle import Oracle

MANY = WALKED_ITEMS_MAX + 200
ODD = (1, 2.5, float("nan"), 2**60, b"ab", None, "é😀", {"~bytes": "eA=="}, [b"x", {"a": None}], True)


def random_lists(seed: int) -> Doc:
    """Return a data document of lists in lists and maps, put together and taken apart at random."""
    chance, doc = random.Random(seed), Doc(client_id=10**6)
    root = doc.get("data", type=Map)
    root["list"] = Array([])
    root["map"] = Map({"inner": Array([1, 2])})
    for _ in range(60):
        lists: list[Any] = [root["list"], *([root["map"]["inner"]] if "inner" in root["map"] else ())]
        lists += [item for item in root["list"] if isinstance(item, Array)]
        into = chance.choice(lists)
        match chance.randrange(8):
            case 0 if len(into):
                del into[chance.randrange(len(into))]
            case 1:
                into.insert(chance.randint(0, len(into)), Array([chance.choice(ODD)]))
            case 2:
                into.insert(0, Map({"k": Array([0]), "t": Text("words")}))
            case 3:
                into.insert(len(into), XmlFragment([XmlElement("p", {"id": "7"}, [XmlText("in it")])]))
            case 4:
                root["map"]["inner"] = Array([chance.choice(ODD)])
            case _:
                into.insert(chance.choice((0, len(into))), chance.choice(ODD))
    return doc


@pytest.mark.long
@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_lists_with_roots_of_their_own_read_as_they_do_in_their_places(seed: int) -> None:
    doc = random_lists(seed)
    walked = from_stored(doc.get("data", type=Map))
    built, lists = unnest("data", doc.get_update())
    assert from_stored(built.root, lists=lists) == walked
    document = Document("data", client=5, updates=[doc.get_update()])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_lists, "WALKED_ITEMS_MAX", 0)
        assert document.value() == walked
        assert read_path(document, ("list",)) == walked["list"]
        assert read_path(document, ("map", "inner")) == walked["map"]["inner"]


def put_in_front(count: int) -> Document:
    """Return a document with a list whose items were put in one by one, each before the others."""
    doc: Doc = Doc(client_id=10**6)
    doc.get("data", type=Map)["list"] = items = Array([])
    with doc.transaction():
        for at in range(count):
            items.insert(0, at if at % 10 else ODD[at // 10 % len(ODD)])
    return Document("data", client=5, updates=[doc.get_update()])


@pytest.mark.stock
def test_a_stock_yjs_reads_a_long_list_the_same(yjs: Oracle) -> None:
    document = put_in_front(MANY)
    said = yjs.look("data", [document.encode()])["value"]
    assert comparable(document.value()) == comparable(said)
    with pytest.raises(LongList):
        items_of(document.data_root["list"], None)  # type: ignore[arg-type]


def test_what_stands_in_the_bytes_of_a_reference_is_no_list() -> None:
    """Nobody can write the hash of what they write into it."""
    document = put_in_front(MANY)
    lists = unnest("data", document.encode())[1]
    reference = next(iter(lists))
    with document.transaction():
        document.data_root["bytes"] = reference
    value = document.value()
    assert isinstance(value, dict)
    assert set(value["bytes"]) == {"~bytes"}
    assert len(value["list"]) == MANY


@pytest.mark.long
@pytest.mark.parametrize("count", [199, 200, 201, 400, 1_001, 5_000])
def test_a_long_list_is_written_as_one_update_and_reads_as_it_was_given(count: int) -> None:
    wanted = [at if at % 7 else {"deep": [at, 2**60, None, [list(range(at % 300))]]} for at in range(count)]
    document = Document("data", client=5)
    with document.transaction() as done:
        set_path(document, ("list",), wanted)
    (applied,) = done
    assert document.value() == {"list": wanted}
    other = Document("data", client=6, updates=[applied.update])
    assert (other.value(), other.digest()) == (document.value(), document.digest())
    assert applied.inserted == {5: (0, document.state_vector()[5])}


def test_a_rich_document_of_many_paragraphs_reads_in_their_order() -> None:
    doc: Doc = Doc(client_id=10**6)
    root = doc.get("default", type=XmlFragment)
    with doc.transaction():
        for at in range(MANY):
            root.children.insert(0, XmlElement("p", {"n": str(at)}))
    document = Document("rich", client=5, updates=[doc.get_update()])
    assert document.value() == "".join(f'<p n="{at}"></p>' for at in reversed(range(MANY)))
