"""What is kept of a data document key by key is what all of it reads as, whatever is typed into it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment

from crdt.digest import canonical
from crdt.documents import canonical_form, data_image, long_lists
from crdt.documents.data_image import DataImage, read_aside
from crdt.documents.document import Document
from tests.support.examples import examples

KEYS = ("a", "b", "~bytes", "", "é", "nested", "list")
VALUES = (1, 2.5, True, None, "words", {"x": [1]}, b"ab", [None, 2])


@pytest.fixture(autouse=True)
def kept_from_the_first_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical_form, "KEPT_FROM", 0)
    monkeypatch.setattr(canonical_form, "DEAR_CLOCKS", 1)


def _shared(chance: random.Random) -> object:
    return chance.choice(
        (Map({"k": 1}), Array([1, Map({"deep": Array([])})]), Text("in it"), XmlFragment([XmlElement("p")]))
    )


def _change(doc: Doc, chance: random.Random) -> None:
    """Change a document at random, at some depth."""
    root = doc.get("data", type=Map)
    key = chance.choice(KEYS)
    there = root.get(key, None)
    match there:
        case Map() if chance.random() < 0.7:
            there[chance.choice("kl")] = chance.choice(VALUES)
        case Array() if chance.random() < 0.7:
            if len(there) and chance.random() < 0.4:
                del there[chance.randrange(len(there))]
            else:
                there.insert(chance.randint(0, len(there)), chance.choice(VALUES))
        case Text() if chance.random() < 0.7:
            there.insert(0, "more ")
        case XmlFragment() if chance.random() < 0.7:
            there.children.insert(0, XmlElement("q", {"n": "1"}))
        case _ if there is not None and chance.random() < 0.2:
            del root[key]
        case _:
            root[key] = _shared(chance) if chance.random() < 0.4 else chance.choice(VALUES)


def _updates(seed: int) -> Iterator[bytes]:
    """Yield what two people send who hear of each other now and then."""
    chance = random.Random(seed)
    docs = [Doc(client_id=10**6 + at) for at in range(2)]
    for doc in docs:
        doc.get("data", type=Map)
    for _ in range(40):
        doc = chance.choice(docs)
        before = doc.get_state()
        with doc.transaction():
            for _ in range(chance.choice((1, 1, 3))):
                _change(doc, chance)
        yield doc.get_update(before)
        if chance.random() < 0.3:
            docs[0].apply_update(docs[1].get_update(docs[0].get_state()))
            docs[1].apply_update(docs[0].get_update(docs[1].get_state()))


def _is_as_new(document: Document) -> None:
    new = Document("data", client=9, updates=[document.encode()])
    assert canonical(document.value()) == canonical(new.value())
    assert document.digest() == new.digest()


@pytest.mark.long
@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_is_kept_is_what_is_there(seed: int) -> None:
    chance, document = random.Random(seed), Document("data", client=5)
    for update in _updates(seed):
        document.apply(update)
        if chance.random() < 0.4:
            before, kept = document.value(), canonical(document.value())
            _is_as_new(document)
            assert canonical(before) == kept, "who was shown it keeps it"
    _is_as_new(document)


@pytest.mark.long
@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_is_read_beside_it_is_what_is_there_with_what_came_meanwhile(seed: int) -> None:
    chance, document, reading = random.Random(seed), Document("data", client=5), None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_image, "WALKED_ITEMS_MAX", 2)
        patch.setattr(long_lists, "WALKED_ITEMS_MAX", 2)
        for update in _updates(seed):
            document.apply(update)
            if reading is None and chance.random() < 0.3:
                reading = document.begin_reading()
                reading.read()
            elif reading is not None and chance.random() < 0.4:
                document.end_reading(reading)
                reading = None
                _is_as_new(document)
        _is_as_new(document)


def test_one_key_among_many_is_read_again_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    document, read = Document("data", client=5), list[str]()
    typist: Doc = Doc(client_id=10**6)
    root = typist.get("data", type=Map)
    with typist.transaction():
        for at in range(50):
            root[f"k{at}"] = Map({"n": at})
    document.apply(typist.get_update())
    document.value()
    real = canonical_form.read_entry
    monkeypatch.setattr(canonical_form, "read_entry", lambda root, key: read.append(key) or real(root, key))
    before = typist.get_state()
    root["k7"]["n"] = "seven"
    del root["k8"]
    document.apply(typist.get_update(before))
    value = document.value()
    assert (value["k7"], "k8" in value, sorted(read)) == ({"n": "seven"}, False, ["k7", "k8"])


def test_a_reading_that_another_has_overtaken_is_of_no_use() -> None:
    document = Document("data", client=5)
    document.apply(next(_updates(1)))
    late = document.begin_reading()
    late.read()
    soon = document.begin_reading()
    document.end_reading(late)
    assert document.is_dear
    soon.read()
    document.end_reading(soon)
    assert not document.is_dear
    _is_as_new(document)


def test_what_pycrdt_says_that_nobody_understands_has_all_read_anew() -> None:
    image = DataImage()
    image.fill(*read_aside({"a": 1}))
    image([object()])
    assert image.is_lost


def test_a_page_is_read_beside_it_for_the_state_it_was_in() -> None:
    typist: Doc = Doc(client_id=10**6)
    root = typist.get("default", type=XmlFragment)
    root.children.insert(0, XmlElement("p"))
    document = Document("rich", client=5, updates=[typist.get_update()])
    reading = document.begin_reading()
    reading.read()
    root.children.insert(0, XmlElement("h1"))
    document.apply(typist.get_update())
    document.end_reading(reading)
    assert document.is_dear
    assert document.value() == "<h1></h1><p></p>"
    assert not document.is_dear
