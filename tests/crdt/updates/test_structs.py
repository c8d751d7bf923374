"""Structs one by one are what the scanner sums up, in an order in which each finds what it needs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.errors import MalformedFrame, MissingDependencies
from crdt.text import utf16_length
from crdt.updates.scan import scan_update
from crdt.updates.structs import Struct, in_causal_order, read_sections, scan_stored_structs, waits_for_itself
from crdt.updates.summary import GC, SKIP, TYPE, Id
from tests.crdt.histories import shared_history
from tests.crdt.updates.hostile_updates import head, keyed
from tests.support.examples import examples
from tests.support.oracle import Oracle

SELFISH = {
    "an item left of itself": head().byte(0xA8).var_uint(9).var_uint(0).var_uint(1).byte(126).byte(0).getvalue(),
    "an item inside itself": head().byte(0x28).raw(b"\x00\x09\x00\x01k").var_uint(1).byte(126).byte(0).getvalue(),
    "an item after one that comes later": keyed(head(2).byte(0xA8).raw(b"\x09\x01\x01\x7e"))
    .raw(b"\x01\x7e\x00")
    .getvalue(),
    "a good item, then one left of itself": keyed(head(2)).raw(b"\x01\x7e\xa8\x09\x01\x01\x78\x00").getvalue(),
    "two clients that wait for each other": b"\x02\x01\x09\x00\xa8\x08\x00\x01\x7e\x01\x08\x00\xa8\x09\x00\x01\x7e\x00",
}


@pytest.mark.parametrize("name", list(SELFISH))
def test_an_update_that_waits_for_itself_is_never_pending(name: str) -> None:
    with pytest.raises((MalformedFrame, MissingDependencies)):
        Document("data", client=7).apply(SELFISH[name])


def concurrent(seed: int, people: int = 4) -> tuple[list[bytes], bytes]:
    """Return updates of people who wrote beside one another, and all of it as one update."""
    original, updates = shared_history(seed, people=people)
    return updates, original.encode()


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_structs_lie_one_behind_the_other_and_are_what_the_summary_counts(seed: int) -> None:
    updates, whole = concurrent(seed)
    for update in (*updates, whole):
        summary, sections = scan_update(update), read_sections(update)
        assert {client: (own[0].clock, own[-1].stop) for client, own in sections.items()} == summary.inserted
        assert sum(map(len, sections.values())) == summary.structs
        for own in sections.values():
            for left, right in pairwise(own):
                assert (left.end, left.stop) == (right.at, right.clock)
            assert all(struct.at < struct.body <= struct.end for struct in own)
        kinds = {struct.kind for own in sections.values() for struct in own}
        assert sum(1 << kind for kind in kinds) == summary.kinds & 0x7FF


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_stored_structs_are_the_structs_of_the_state(seed: int) -> None:
    _, whole = concurrent(seed)
    stored, deleted = scan_stored_structs(whole)
    sections = read_sections(whole)
    assert deleted == scan_update(whole).deleted
    for client, own in stored.items():
        assert [(one.start, one.length, one.kind) for one in own] == [
            (struct.clock, struct.length, struct.kind) for struct in sections[client]
        ]
        assert all(utf16_length(one.text) == one.length for one in own if one.text is not None)


def follows(structs: Sequence[Struct], known: Mapping[int, int]) -> dict[int, int]:
    """Assert that each struct finds what it needs; return where clients end then."""
    reach = dict(known)
    for struct in structs:
        assert struct.clock <= reach.get(struct.client, 0), "its client has come so far"
        assert all(id.clock < reach.get(id.client, 0) for id in struct.needs())
        reach[struct.client] = max(struct.stop, reach.get(struct.client, 0))
    return reach


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6), order=st.randoms(use_true_random=False))
def test_each_struct_comes_after_all_that_it_needs(seed: int, order: random.Random) -> None:
    _, whole = concurrent(seed)
    sections = list(read_sections(whole).items())
    order.shuffle(sections)
    structs = list(in_causal_order(dict(sections), {}))
    assert follows(structs, {}) == {client: own[-1].stop for client, own in sections}
    assert len(structs) == scan_update(whole).structs


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6), left_out=st.integers(0, 3))
def test_without_one_client_only_what_waits_for_it_is_left_out(seed: int, left_out: int) -> None:
    _, whole = concurrent(seed)
    sections = read_sections(whole)
    gone = 100 + left_out
    sections.pop(gone, None)
    structs = list(in_causal_order(sections, {}))
    reach = follows(structs, {})
    for client, own in sections.items():
        waiting = next((struct for struct in own if struct.stop > reach.get(client, 0)), None)
        if waiting is not None:
            lacks = [id for id in waiting.needs() if id.clock >= reach.get(id.client, 0)]
            assert lacks, "what is left out lacks something"


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_is_here_already_may_come_again(seed: int) -> None:
    updates, whole = concurrent(seed)
    known = dict(Document("text", client=9, updates=updates[: len(updates) // 2]).state_vector())
    structs = list(in_causal_order(read_sections(whole), known))
    assert len(structs) == scan_update(whole).structs
    assert not waits_for_itself(whole, scan_update(whole), known)


@pytest.mark.stock
@settings(max_examples=examples(20), deadline=None)
@given(seed=st.integers(0, 10**4), kind=st.sampled_from(["text", "data", "rich"]))
def test_structs_of_stock_yjs_say_where_they_hang(yjs: Oracle, seed: int, kind: str) -> None:
    for _, update, _ in yjs.program(seed=seed, kind=kind, people=2, steps=12):
        for client, own in read_sections(update).items():
            for struct in own:
                is_item = struct.kind not in (GC, SKIP)
                has_neighbour = struct.origin is not None or struct.right is not None
                assert struct.client == client
                assert (struct.parent is not None) == (is_item and not has_neighbour)
                assert (struct.ref >= 0) == (struct.kind == TYPE)
                assert (struct.origin, struct.right) != (Id(client, struct.clock),) * 2
