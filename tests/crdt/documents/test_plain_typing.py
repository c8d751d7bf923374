"""An update that is applied without listening to pycrdt brings what listening would have told."""

from __future__ import annotations

import gc
import random
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from crdt.documents.backing import Applied
from crdt.documents.document import KINDS, Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import CrdtError, MissingDependencies
from crdt.updates.lib0 import Writer
from crdt.updates.scan import scan_update
from crdt.updates.summary import UpdateSummary
from tests.crdt.histories import ALPHABET, scribble_values, shared_history
from tests.support.examples import examples


class Listening(Document):
    """A document that always listens: the long way."""

    __slots__ = ()

    def is_typing(self, update: bytes, scan: UpdateSummary) -> bool:
        return False


class Pair:
    """One document that knows typing and one that always listens; both get the same updates."""

    def __init__(self, kind: DocumentKind = "text", *, client: int = 7) -> None:
        self.quick, self.slow = Document(kind, client=client), Listening(kind, client=client)
        self.typed = 0

    def apply(self, update: bytes) -> Applied | None:
        self.typed += self.quick.is_typing(update, scan_update(update))
        told: list[Applied | None] = []
        failed: list[type[CrdtError]] = []
        for document in (self.quick, self.slow):
            try:
                told.append(document.apply(update))
            except CrdtError as error:
                failed.append(type(error))
        assert len(failed) in (0, 2)
        assert len(set(failed)) <= 1
        if failed:
            raise failed[0]("both")
        assert told[0] == told[1]
        assert dict(self.quick.state_vector()) == dict(self.slow.state_vector())
        assert self.quick.version == self.slow.version
        return told[0]

    def compare(self) -> None:
        assert self.quick.encode() == self.slow.encode()
        assert self.quick.digest() == self.slow.digest()


def deliver(pair: Pair, updates: list[bytes], chance: random.Random) -> None:
    """Give updates in any causal order, some of them twice, now and then on a fork or a restarted document."""
    waiting, given_before = list(updates), []
    while waiting:
        ready = [update for update in waiting if not pair.quick.lacks_before(scan_update(update))]
        update = chance.choice(ready)
        waiting.remove(update)
        pair.apply(update)
        given_before.append(update)
        match chance.randrange(12):
            case 0:
                assert pair.apply(chance.choice(given_before)) is None
            case 1:
                pair.quick, pair.slow = pair.quick.fork(8), pair.slow.fork(8)
            case 2:
                pair.quick = Document(pair.quick.kind, client=9, updates=(pair.quick.encode(),))
                pair.slow = Listening(pair.slow.kind, client=9, updates=(pair.slow.encode(),))
                pair.quick.version = pair.slow.version
    pair.compare()


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_histories_of_text_are_told_as_pycrdt_tells_them(seed: int) -> None:
    pair, (_, updates) = Pair(), shared_history(seed)
    deliver(pair, updates, random.Random(seed))
    assert pair.typed or not updates


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS))
def test_histories_of_values_and_markup_are_told_as_pycrdt_tells_them(seed: int, kind: DocumentKind) -> None:
    chance = random.Random(seed)
    docs = [Doc(client_id=2**31 + who) for who in range(3)]
    made: list[bytes] = []
    watched = [doc.observe(lambda event: made.append(event.update)) for doc in docs]
    updates: list[bytes] = []
    marked_from = chance.randrange(30)
    for at in range(30):
        author = chance.choice(docs)
        made.clear()
        if at < marked_from or chance.random() < 0.3:
            words = author.get("content", type=Text)
            words.insert(0, chance.choice(ALPHABET))
        else:
            scribble_values(author, chance)
        fresh = list(made)
        updates += fresh
        for other in docs:
            if other is not author and chance.random() < 0.7:
                for update in updates:
                    other.apply_update(update)
    assert len(watched) == 3
    deliver(Pair(kind), updates, chance)


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_words_inside_what_another_deletes_are_told_as_pycrdt_tells_them(seed: int) -> None:
    """A string that arrives after its parent was deleted is deleted as it is integrated."""
    chance = random.Random(seed)
    one, two = Doc(client_id=1), Doc(client_id=2)
    made: dict[int, list[bytes]] = {1: [], 2: []}
    watched = [doc.observe(lambda event, at=at: made[at].append(event.update)) for at, doc in ((1, one), (2, two))]
    inner = Text("seed")
    nest = chance.randrange(3)
    if nest == 0:
        one.get("content", type=Array).append(inner)
    elif nest == 1:
        one.get("content", type=Map)["k"] = inner
    else:
        inner = XmlText("seed")
        one.get("content", type=XmlFragment).children.append(XmlElement("p", {}, [inner]))
    two.apply_update(one.get_update())
    pair = Pair()
    for update in made[1]:
        pair.apply(update)
    made[1].clear()
    made[2].clear()
    for _ in range(3):
        inner.insert(chance.randint(0, 4), chance.choice(ALPHABET[:3]))
    if nest == 0:
        del two.get("content", type=Array)[0]
    elif nest == 1:
        two.get("content", type=Map)["k"] = "other"
    else:
        del two.get("content", type=XmlFragment).children[0]
    deletions, words = list(made[2]), list(made[1])
    assert len(watched) == 2
    applied = [pair.apply(update) for update in (*deletions, *words)]
    assert all(change is not None for change in applied)
    assert any(change.deleted for change in applied[len(deletions) :] if change is not None)
    pair.compare()


# ---------------------------------------------------------------- what no client writes


def forge(chance: random.Random, state: dict[int, int]) -> bytes:
    """Make an update of one or two structs whose neighbours and parents are any ids, sound or not."""
    client = chance.choice([1, 2, 3])
    count = chance.choice([1, 1, 1, 1, 2])
    start = state.get(client, 0) + chance.choice([0, 0, 0, 0, 0, -1])
    out = Writer().byte(1).byte(count).var_uint(client).var_uint(max(start, 0))
    known = [(who, clock) for who, end in state.items() for clock in range(end)] + [(client, max(start, 0))]
    for _ in range(count):
        kind = chance.choice([4, 4, 4, 4, 4, 4, 4, 1, 7, 6, 8, 0])
        if kind == 0:
            out.byte(0).var_uint(1)
            continue
        origin = chance.choice(known) if chance.random() < 0.7 else None
        right = chance.choice(known) if chance.random() < 0.3 else None
        key = chance.random() < 0.06
        out.byte(kind | (0x80 if origin else 0) | (0x40 if right else 0) | (0x20 if key else 0))
        for neighbour in (origin, right):
            if neighbour is not None:
                out.var_uint(neighbour[0]).var_uint(neighbour[1])
        if origin is None and right is None:
            if chance.random() < 0.85:
                out.var_uint(1).var_string("content")
            else:
                parent = chance.choice(known)
                out.var_uint(0).var_uint(parent[0]).var_uint(parent[1])
            if key:
                out.var_string("k")
        match kind:
            case 4:
                # No surrogate pairs: pycrdt miscounts its own clocks once one is split, whoever listens.
                out.var_string(chance.choice(["a", "é漢", "abc"]))
            case 1:
                out.var_uint(2)
            case 7:
                out.var_uint(2)
            case 6:
                out.var_string("bold").var_string("true")
            case 8:
                out.var_uint(1).byte(126)
    if chance.random() < 0.15:
        who, clock = chance.choice(known)
        return out.byte(1).var_uint(who).byte(1).var_uint(clock).var_uint(1).getvalue()
    return out.byte(0).getvalue()


@pytest.mark.long
@settings(max_examples=examples(400), deadline=None)
@given(seed=st.integers(0, 10**9))
def test_forged_items_are_told_as_pycrdt_tells_them(seed: int) -> None:
    chance = random.Random(seed)
    pair = Pair()
    for _ in range(25):
        update = forge(chance, dict(pair.quick.state_vector()))
        try:
            pair.apply(update)
        except CrdtError:
            if pair.quick._broken:
                return
    assert pair.quick.encode() == pair.slow.encode()


# ---------------------------------------------------------------- directed


def test_typing_goes_the_short_way_and_ends_with_the_first_mark() -> None:
    author: Doc = Doc(client_id=3_456_789_012)
    words = author.get("content", type=Text)
    made: list[bytes] = []
    watched = author.observe(lambda event: made.append(event.update))
    for char in "hé😀 ":
        words += char
    del words[0:1]
    words += "x"
    words.format(0, 2, {"bold": True})
    words += "y"
    assert watched is not None
    pair = Pair()
    short = []
    for update in made:
        before = pair.typed
        pair.apply(update)
        short.append(pair.typed > before)
    assert short == [True] * 4 + [False, True, False, False]
    pair.compare()


def section(client: int, origin: tuple[int, int]) -> bytes:
    """Return one section of one item that stands behind `origin`."""
    return Writer().byte(1).byte(client).byte(0).byte(0x84).byte(origin[0]).byte(origin[1]).var_string("ab").getvalue()


@pytest.mark.parametrize(
    "circle",
    [
        b"\x01" + section(2, (2, 1)) + b"\x00",
        b"\x02" + section(3, (2, 1)) + section(2, (3, 0)) + b"\x00",
        b"\x03" + section(9, (1, 0)) + section(3, (2, 1)) + section(2, (3, 0)) + b"\x00",
    ],
)
def test_a_circle_never_waits_in_a_document(circle: bytes) -> None:
    pair = Pair()
    pair.apply(Writer().raw(b"\x01\x01\x01\x00\x04\x01").var_string("content").var_string("abc").byte(0).getvalue())
    assert pair.typed == 1
    with pytest.raises(MissingDependencies):
        pair.apply(circle)
    pair.apply(b"\x01\x01\x01\x03\x84\x01\x02\x01x\x00")
    assert pair.typed == 2
    assert pair.quick.text() == "abcx"


def test_a_block_within_a_block_is_one_change() -> None:
    document = Document("text", client=5)
    with document.transaction() as outer:
        document.insert_text(0, "ab")
        with document.transaction() as inner:
            document.insert_text(0, "cd")
    assert not inner
    assert [change.inserted for change in outer] == [{5: (0, 4)}]
    assert document.text() == "cdab"


def test_an_update_inside_a_block_is_a_mistake_of_ours() -> None:
    author, document = Document("text", client=5), Document("text", client=6)
    with author.transaction() as done:
        author.insert_text(0, "a")
    with pytest.raises(AssertionError), document.transaction():
        document.apply(done[0].update)


@pytest.mark.long
def test_a_document_that_listened_is_freed() -> None:
    author, document = Document("text", client=5), Document("text", client=6)
    for at in range(3):
        with author.transaction() as done:
            author.insert_text(at, "abc")
            author.delete_text(0, 1)
        document.apply(done[0].update)
    kept = [weakref.ref(author._listener), weakref.ref(document._listener)]
    del author, document, done
    gc.collect()
    assert [ref() for ref in kept] == [None, None]
