"""Runs written as one struct mean what they meant: to pycrdt, to the scanner, to a stock Yjs."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from crdt.documents.document import Document
from crdt.updates.lib0 import Writer
from crdt.updates.runs import RUN_MAX, join_runs, may_hold_runs, merge
from crdt.updates.scan import scan_update
from crdt.updates.structs import read_sections
from tests.crdt.outside import Server, comparable
from tests.support.examples import examples
from tests.support.oracle import Oracle


def one_by_one(count: int, *, words: bool = False, client: int = 70_000, cut: bool = False) -> bytes:
    """Return a run of so many structs of one clock, as no Yjs writes them; `cut` where others come among them."""
    writer = Writer().var_uint(2 if cut else 1).var_uint(count).var_uint(client).var_uint(0)
    for at in range(count):
        kind = 4 if words else 8
        if at == 0:
            writer.byte(kind).var_uint(1).var_string("content" if words else "list")
        else:
            writer.byte(0x80 | kind).var_uint(client).var_uint(at - 1)
        if words:
            writer.var_string(chr(97 + at % 26))
        else:
            writer.var_uint(1).byte(0x7D).var_int(at % 60)
    if cut:
        writer.var_uint(1).var_uint(client - 1).var_uint(0).byte(0x84 if words else 0x88)
        writer.var_uint(client).var_uint(count // 2)
        if words:
            writer.var_string("Among")
        else:
            writer.var_uint(2).byte(0x78).byte(0x79)
    return writer.byte(0).getvalue()


def count_structs(update: bytes) -> int:
    """Return how many structs an update holds."""
    return sum(map(len, read_sections(update).values()))


@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize("cut", [True, False])
def test_a_run_is_one_struct_and_reads_as_it_did(words: bool, cut: bool) -> None:
    update = one_by_one(300, words=words, cut=cut)
    joined, left = join_runs(update)
    assert left == 0
    assert may_hold_runs(scan_update(update))
    assert not may_hold_runs(scan_update(joined))
    assert count_structs(joined) == 1 + cut
    read = []
    for one in (update, joined):
        doc: Doc = Doc()
        root = doc.get("content" if words else "list", type=Text if words else Array)
        doc.apply_update(one)
        read.append((str(root) if words else root.to_py(), doc.get_state()))
    assert read[0] == read[1]


@pytest.mark.long
def test_a_long_run_takes_no_more_than_it_holds() -> None:
    """As it comes, 40,000 values of one struct each take some 35 GB."""
    document = Document("data", client=5)
    joined = join_runs(one_by_one(40_000))[0]
    tracemalloc.start()
    document.apply(joined)
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()
    assert document.state_vector() == {70_000: 40_000}


def test_what_stands_under_a_key_is_no_run() -> None:
    doc: Doc = Doc()
    root = doc.get("data", type=Map)
    for at in range(RUN_MAX + 9):
        root["key"] = at
    update = merge([doc.get_update()])
    assert join_runs(update) == (update, 0)
    keyed = Writer().var_uint(1).var_uint(3).var_uint(7).var_uint(0)
    keyed.byte(0x28).var_uint(1).var_string("data").var_string("key").var_uint(1).byte(0x78)
    for at in range(2):
        keyed.byte(0xA8).var_uint(7).var_uint(at).var_uint(1).byte(0x79)
    written = keyed.byte(0).getvalue()
    assert join_runs(written) == (written, 0)
    unsaid = written.replace(b"\xa8", b"\x88")  # as pycrdt writes it: the key is the neighbour's
    assert join_runs(unsaid) == (unsaid, 2)


def _typed(seed: int) -> list[bytes]:
    """Return what two people send who type words, put values in lists and take them out again, now and then at once."""
    chance, sent = random.Random(seed), list[bytes]()
    docs = [Doc(client_id=10**6 + at) for at in range(2)]
    docs[0].get("data", type=Map)["list"] = Array([])
    docs[0].get("data", type=Map)["text"] = Text("")
    sent.append(docs[0].get_update())
    docs[1].apply_update(sent[0])
    for _ in range(60):
        doc = chance.choice(docs)
        before = doc.get_state()
        items, text = doc.get("data", type=Map)["list"], doc.get("data", type=Map)["text"]
        match chance.randrange(6):
            case 0 if len(items):
                del items[chance.randrange(len(items))]
            case 1 | 2:
                items.insert(chance.choice((0, len(items), len(items))), chance.choice((1, "a", None, 2.5, [1])))
            case 3:
                text.insert(chance.choice((0, len(str(text)))), chance.choice("abc"))
            case 4:
                doc.get("data", type=Map)[chance.choice("kl")] = chance.randrange(9)
            case _:
                docs[0].apply_update(docs[1].get_update(docs[0].get_state()))
                docs[1].apply_update(docs[0].get_update(docs[1].get_state()))
                continue
        sent.append(doc.get_update(before))
    return sent


@pytest.mark.stock
@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_merged_updates_read_as_they_did_here_and_in_a_stock_yjs(yjs: Oracle, seed: int) -> None:
    sent = _typed(seed)
    apart, together = Server("data"), Server("data")
    for update in sent:
        apart.send(update)
    together.send(merge(sent))
    assert together.document.value() == apart.document.value()
    assert together.document.digest() == apart.document.digest()
    said = [yjs.look("data", updates)["value"] for updates in (sent, [merge(sent)])]
    assert comparable(said[0]) == comparable(said[1]) == comparable(together.document.value())


def test_a_run_that_hangs_on_what_is_elsewhere_is_left_and_counted() -> None:
    """Only the document knows whether it is a list, or a key that was set so often."""
    hanging = one_by_one(90).replace(b"\x08\x01\x04list", b"\x88\x07\x00", 1)
    assert join_runs(hanging) == (hanging, 90)
    words = one_by_one(90, words=True).replace(b"\x04\x01\x07content", b"\x84\x07\x00", 1)
    assert count_structs(join_runs(words)[0]) == 1


@given(count=st.integers(1, 200))
def test_ids_stay_what_they_were(count: int) -> None:
    update = one_by_one(count)
    for one in read_sections(join_runs(update)[0]).values():
        assert (one[0].clock, one[-1].stop) == (0, count)
    assert scan_update(join_runs(update)[0]).inserted == scan_update(update).inserted
