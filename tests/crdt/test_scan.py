"""The scanner agrees with pycrdt and stock Yjs on honest updates, and refuses hostile ones cheaply."""

from __future__ import annotations

import base64
import contextlib
import json
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc

from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.scan import (
    Limits,
    encode_state_vector,
    normalise_ranges,
    scan_blocks,
    scan_delete_set,
    scan_state_vector,
    scan_update,
)
from crdt.sync import (
    AwarenessFrame,
    ControlFrame,
    QueryAwareness,
    SyncStep1,
    SyncUpdate,
    decode_frame,
    encode_awareness_frame,
    encode_control,
    encode_step1,
    encode_step2,
    encode_update,
)
from crdt.wire import Writer
from tests.crdt.histories import shared_history

CORPUS = json.loads((Path(__file__).parent / "yjs_updates.json").read_text())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_history_is_scanned_as_pycrdt_applies_it(seed: int) -> None:
    original, updates = shared_history(seed)
    native: Doc = Doc()
    state: dict[int, int] = {}
    for update in updates:
        scan = scan_update(update)
        assert all(clock <= state.get(client, 0) for client, clock in scan.needs.items()), (
            "causal order needs nothing more"
        )
        native.apply_update(update)
        for client, (start, end) in scan.inserted.items():
            assert start == state.get(client, 0)
            state[client] = end
        assert scan_state_vector(native.get_state()) == state
    whole = scan_update(original.encode())
    assert {client: end for client, (_, end) in whole.inserted.items()} == state
    blocks, deleted = scan_blocks(original.encode())
    visible = sum(
        sum(
            1
            for clock in range(block.start, block.start + block.length)
            if not any(a <= clock < b for a, b in deleted.get(client, ()))
        )
        for client, own in blocks.items()
        for block in own
    )
    assert visible == len(original.text().encode("utf-16-le")) // 2


@pytest.mark.parametrize("case", CORPUS, ids=[case["name"] for case in CORPUS])
def test_updates_of_stock_yjs_scan_and_apply(case: dict[str, object]) -> None:
    update = base64.b64decode(str(case["update"]))
    scan = scan_update(update)
    assert {str(client): end for client, (_, end) in scan.inserted.items()} == case["state"]
    native: Doc = Doc()
    native.apply_update(update)
    assert scan_state_vector(native.get_state()) == {client: end for client, (_, end) in scan.inserted.items()}


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10**6), flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4))
def test_mutated_updates_are_scanned_or_refused(seed: int, flips: list[tuple[int, int]]) -> None:
    original, _ = shared_history(seed % 40)
    data = bytearray(original.encode())
    for at, value in flips:
        data[at % len(data)] = value
    if seed % 3 == 0:
        del data[random.Random(seed).randrange(len(data)) :]
    with contextlib.suppress(MalformedFrame, FrameTooLarge):
        scan_update(bytes(data))


@given(junk=st.binary(max_size=200))
def test_any_bytes_are_scanned_or_refused(junk: bytes) -> None:
    for read in (scan_update, scan_state_vector, scan_delete_set, decode_frame):
        try:
            read(junk)
        except (MalformedFrame, FrameTooLarge):
            continue


def nested(tag: int, depth: int, count: int = 1) -> bytes:
    writer = Writer().var_uint(1).var_uint(1).var_uint(9).var_uint(0)
    writer.byte(0x28).var_uint(1).var_string("data").var_string("k").var_uint(1)
    for _ in range(depth):
        writer.byte(tag).var_uint(count)
        if tag == 118:
            writer.var_string("k")
    return writer.byte(126).var_uint(0).getvalue()


def many_of_one_key(count: int) -> bytes:
    writer = Writer().var_uint(1).var_uint(count).var_uint(9).var_uint(0)
    for _ in range(count):
        writer.byte(0x28).var_uint(1).var_string("data").var_string("k").var_uint(1).byte(126)
    return writer.var_uint(0).getvalue()


HOSTILE = {
    "arrays 50,000 deep": nested(117, 50_000),
    "objects 500 deep": nested(118, 500),
    "an array that claims 2^27": nested(117, 1, 2**27),
    "an object that claims 2^27": nested(118, 1, 2**27),
    "2^28 clients": b"\xff\xff\xff\x7f\x00",
    "2^28 structs": Writer().var_uint(1).var_uint(2**28).var_uint(1).var_uint(0).getvalue(),
    "trailing bytes": b"\x00\x00\x00",
    "two sections of one client": Writer().raw(b"\x02" + b"\x01\x09\x00\x00\x01" * 2 + b"\x00").getvalue(),
    "a skip": b"\x01\x01\x09\x00\x0a\x05\x00",
    "a subdocument": b"\x01\x01\x09\x00\x09\x01\x01a\x01g\x76\x00\x00",
    "a clock at the end of numbers": Writer()
    .raw(b"\x01\x01\x09")
    .var_uint(2**53 - 2)
    .raw(b"\x00")
    .var_uint(99)
    .byte(0)
    .getvalue(),
    "one key 6,000 times": many_of_one_key(6_000),
    "an empty struct": b"\x01\x01\x09\x00\x00\x00\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_updates_are_refused(name: str) -> None:
    with pytest.raises((MalformedFrame, FrameTooLarge)):
        scan_update(HOSTILE[name])


def test_what_is_too_large_names_its_bound() -> None:
    with pytest.raises(FrameTooLarge, match="at most 10"):
        scan_update(b"\x00" * 11, Limits(update_bytes_max=10))
    with pytest.raises(MalformedFrame, match="announced"):
        scan_state_vector(Writer().var_uint(2**29).getvalue())


def test_a_struct_that_burns_clocks_is_told() -> None:
    update = Writer().raw(b"\x01\x01\x09\x00\x00").var_uint(2**31 - 1).byte(0).getvalue()
    assert scan_update(update).gc_clients == {9}


@given(state=st.dictionaries(st.integers(1, 2**53 - 1), st.integers(1, 2**40), max_size=20))
def test_state_vectors_round_trip(state: dict[int, int]) -> None:
    assert scan_state_vector(encode_state_vector(state)) == state


@given(spans=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 8)).map(lambda p: (p[0], p[0] + p[1])), max_size=12))
def test_ranges_are_sorted_merged_and_the_same_set(spans: list[tuple[int, int]]) -> None:
    merged = normalise_ranges(spans)
    assert {x for a, b in merged for x in range(a, b)} == {x for a, b in spans for x in range(a, b)}
    assert all(left[1] < right[0] for left, right in pairwise(merged))


@given(payload=st.binary(max_size=80))
def test_frames_round_trip(payload: bytes) -> None:
    assert decode_frame(encode_step1(payload)) == SyncStep1(payload)
    assert decode_frame(encode_step2(payload)) == SyncUpdate(payload, is_step2=True)
    assert decode_frame(encode_update(payload)) == SyncUpdate(payload, is_step2=False)
    assert decode_frame(encode_awareness_frame(payload)) == AwarenessFrame(payload)
    assert decode_frame(encode_control(payload)) == ControlFrame(payload)
    assert decode_frame(b"\x03") == QueryAwareness()
