"""The scanner agrees with pycrdt and stock Yjs on honest updates; any other bytes are scanned or refused."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, merge_updates

from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.updates.lib0 import UINT_MAX
from crdt.updates.scan import (
    INTERNAL,
    encode_state_vector,
    normalise_ranges,
    scan_delete_set,
    scan_state_vector,
    scan_update,
)
from crdt.updates.structs import scan_stored_structs
from crdt.updates.summary import ODD, DeleteSet, FirstItem, Id, UpdateSummary
from tests.crdt.histories import scribble_values, shared_history
from tests.crdt.updates.corpus import EDITS, REFUSED, TAKEN, mutated
from tests.crdt.updates.hostile_updates import head
from tests.support.examples import examples

U32_MAX = 2**32 - 1


def union(*many: DeleteSet) -> dict[int, tuple[tuple[int, int], ...]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for ranges in many:
        for client, spans in ranges.items():
            found.setdefault(client, []).extend(spans)
    return {client: normalise_ranges(spans) for client, spans in found.items()}


# ---------------------------------------------------------------- pycrdt


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_history_is_scanned_as_pycrdt_applies_it(seed: int) -> None:
    original, updates = shared_history(seed)
    native: Doc = Doc()
    state: dict[int, int] = {}
    for update in updates:
        scan = scan_update(update)
        assert all(clock <= state.get(client, 0) for client, clock in scan.needs.items()), "causal order needs no more"
        native.apply_update(update)
        for client, (start, end) in scan.inserted.items():
            assert start == state.get(client, 0)
            state[client] = end
        assert scan_state_vector(native.get_state()) == state
    whole = scan_update(original.encode())
    assert {client: end for client, (_, end) in whole.inserted.items()} == state
    blocks, deleted = scan_stored_structs(original.encode())
    assert deleted == whole.deleted == union(*(scan_update(update).deleted for update in updates))
    gone = {(client, clock) for client, spans in deleted.items() for a, b in spans for clock in range(a, b)}
    kept = [(client, at) for client, own in blocks.items() for b in own for at in range(b.start, b.start + b.length)]
    assert len(set(kept) - gone) == len(original.text().encode("utf-16-le")) // 2
    for client, own in blocks.items():
        assert [b.start for b in own] == [0, *(b.start + b.length for b in own[:-1])], f"client {client} has no hole"


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_histories_of_values_and_markup_are_scanned_as_pycrdt_tells_them(seed: int) -> None:
    chance = random.Random(seed)
    docs = [Doc(client_id=100 + who) for who in range(2)]
    events: list[tuple[bytes, bytes]] = []
    watched = [doc.observe(lambda event: events.append((event.update, event.delete_set))) for doc in docs]
    state: dict[int, int] = {}
    deleted: list[DeleteSet] = []
    for _ in range(25):
        author, reader = chance.sample(docs, 2)
        events.clear()
        with author.transaction():
            for _ in range(chance.randint(1, 3)):
                scribble_values(author, chance)
        for update, delete_set in list(events):
            scan = scan_update(update)
            assert scan.deleted == scan_delete_set(delete_set)
            for client, (start, end) in scan.inserted.items():
                assert start == state.get(client, 0)
                state[client] = end
            assert scan_state_vector(author.get_state()) == state
            deleted.append(scan.deleted)
            reader.apply_update(update)
    for doc in docs:
        whole = scan_update(doc.get_update())
        assert {client: end for client, (_, end) in whole.inserted.items()} == state
        assert whole.deleted == union(*deleted)
    assert len(watched) == 2


# ---------------------------------------------------------------- stock Yjs


def expected(case: dict[str, Any]) -> tuple[dict[int, tuple[int, int]], dict[int, tuple[tuple[int, int], ...]]]:
    return (
        {int(client): tuple(span) for client, span in case["inserted"].items()},
        {int(client): tuple(tuple(span) for span in spans) for client, spans in case["deleted"].items()},
    )


@pytest.mark.parametrize("case", TAKEN, ids=[case["name"] for case in TAKEN])
def test_updates_of_stock_yjs_are_read_as_yjs_reads_them(case: dict[str, Any]) -> None:
    update = base64.b64decode(case["update"])
    scan = scan_update(update)
    assert (scan.inserted, scan.deleted) == expected(case)
    blocks, deleted = scan_stored_structs(update)
    assert deleted == scan.deleted
    spans = {client: (own[0].start, own[-1].start + own[-1].length) for client, own in blocks.items()}
    assert spans == scan.inserted
    assert sum(len(own) for own in blocks.values()) == scan.structs


@pytest.mark.parametrize("case", TAKEN, ids=[case["name"] for case in TAKEN])
def test_updates_of_stock_yjs_reach_pycrdt_as_scanned(case: dict[str, Any]) -> None:
    inserted, deleted = expected(case)
    native: Doc = Doc()
    if any(start for start, _ in inserted.values()):
        merged = scan_update(merge_updates(base64.b64decode(case["update"]), b"\x00\x00"), INTERNAL)
        assert (merged.inserted, merged.deleted) == (inserted, deleted)
        return
    native.apply_update(base64.b64decode(case["update"]))
    assert scan_state_vector(native.get_state()) == {client: end for client, (_, end) in inserted.items()}
    assert scan_update(native.get_update()).deleted == deleted


@pytest.mark.parametrize("case", [case for case in TAKEN if "steps" in case], ids=lambda case: case["name"])
def test_the_steps_of_stock_yjs_add_up_to_its_state(case: dict[str, Any]) -> None:
    inserted, deleted = expected(case)
    state: dict[int, int] = {}
    steps = [scan_update(base64.b64decode(step)) for step in case["steps"]]
    for scan in steps:
        assert all(clock <= state.get(client, 0) for client, clock in scan.needs.items())
        for client, (start, end) in scan.inserted.items():
            assert start == state.get(client, 0)
            state[client] = end
    assert state == {client: end for client, (_, end) in inserted.items()}
    assert union(*(scan.deleted for scan in steps)) == deleted


def test_the_corpus_holds_collected_deleted_and_refused_updates() -> None:
    found = {case["name"]: scan_update(base64.b64decode(case["update"])) for case in TAKEN}
    assert found["deleted and collected"].gc_clients
    assert found["deleted and kept"].deleted[1012] == ((0, 1), (2, 3), (4, 5), (6, 7), (8, 9))
    assert found["a difference that starts inside"].inserted == {50: (9, 14)}
    assert len(REFUSED) == 4


@pytest.mark.parametrize("case", REFUSED, ids=[case["name"] for case in REFUSED])
def test_what_documents_do_not_hold_is_marked(case: dict[str, Any]) -> None:
    """pycrdt reads no name after an XmlHook, and one string more than ContentJSON has: these bytes never reach it."""
    scan = scan_update(base64.b64decode(case["update"]))
    assert scan.kinds & ODD
    assert (scan.inserted, scan.deleted) == expected(case)


# ---------------------------------------------------------------- any bytes


def is_sound(scan: UpdateSummary) -> bool:
    return all(0 <= a < b <= UINT_MAX for a, b in scan.inserted.values()) and all(
        spans and all(a < b for a, b in spans) and all(x[1] < y[0] for x, y in pairwise(spans))
        for spans in scan.deleted.values()
    )


@settings(max_examples=examples(300), deadline=None)
@given(seed=st.integers(0, 39), edits=EDITS)
def test_mutated_updates_of_pycrdt_are_scanned_or_refused(seed: int, edits: list[tuple[str, int, int]]) -> None:
    original, _ = shared_history(seed)
    try:
        assert is_sound(scan_update(mutated(original.encode(), edits)))
    except (MalformedFrame, FrameTooLarge):
        return


@settings(max_examples=examples(400))
@given(case=st.sampled_from(TAKEN), edits=EDITS)
def test_mutated_updates_of_yjs_are_scanned_or_refused(case: dict[str, Any], edits: list[tuple[str, int, int]]) -> None:
    data = mutated(base64.b64decode(case["update"]), edits)
    for scan in (scan_update, scan_stored_structs):
        try:
            found = scan(data)
        except (MalformedFrame, FrameTooLarge):
            continue
        assert not isinstance(found, UpdateSummary) or is_sound(found)


@settings(max_examples=examples(400), deadline=None, derandomize=True)
@given(case=st.sampled_from([case for case in TAKEN if len(case["update"]) < 500]), edits=EDITS)
def test_pycrdt_reads_no_mutant_otherwise_than_the_scanner(
    case: dict[str, Any], edits: list[tuple[str, int, int]]
) -> None:
    """Where the two parsers disagree, bytes reach the native side that nothing looked at."""
    data = mutated(base64.b64decode(case["update"]), edits)
    try:
        scan = scan_update(data)
        merged = scan_update(merge_updates(data, b"\x00\x00"), INTERNAL)
    except (MalformedFrame, FrameTooLarge, ValueError):
        return
    if max((end for _, end in scan.inserted.values()), default=0) <= U32_MAX:
        assert (merged.inserted, merged.deleted) == (scan.inserted, scan.deleted)


@given(junk=st.binary(max_size=200) | st.binary(max_size=200).map(b"\x01\x01\x09\x00".__add__))
@pytest.mark.parametrize("scan", [scan_update, scan_stored_structs, scan_state_vector, scan_delete_set])
def test_any_bytes_are_scanned_or_refused(scan: Callable[[bytes], object], junk: bytes) -> None:
    try:
        scan(junk)
    except (MalformedFrame, FrameTooLarge):
        return


# ---------------------------------------------------------------- directed


def test_a_deletion_of_anothers_content_needs_it() -> None:
    scan = scan_update(b"\x00\x01\x07\x01\x02\x05")
    assert (scan.deleted, scan.needs, scan.inserted) == ({7: ((2, 7),)}, {7: 7}, {})


def test_an_item_tells_its_neighbours_and_what_it_takes_the_place_of() -> None:
    writer = head(client=9, clock=4).byte(0x80 | 0x40 | 0x20 | 8)
    data = writer.var_uint(7).var_uint(3).var_uint(8).var_uint(5).var_uint(1).byte(126).byte(0).getvalue()
    scan = scan_update(data)
    assert scan.first_item == {9: FirstItem(Id(9, 4), Id(7, 3), Id(8, 5))}
    assert scan.overwrites == (Id(7, 3),)
    assert scan.needs == {7: 4, 8: 6}


# ---------------------------------------------------------------- small forms


@given(state=st.dictionaries(st.integers(1, UINT_MAX), st.integers(1, 2**40), max_size=20))
def test_state_vectors_round_trip(state: dict[int, int]) -> None:
    assert scan_state_vector(encode_state_vector(state)) == state


@given(spans=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 8)).map(lambda p: (p[0], p[0] + p[1])), max_size=12))
def test_ranges_are_sorted_merged_and_the_same_set(spans: list[tuple[int, int]]) -> None:
    merged = normalise_ranges(spans)
    assert {x for a, b in merged for x in range(a, b)} == {x for a, b in spans for x in range(a, b)}
    assert all(left[1] < right[0] for left, right in pairwise(merged))
