"""What is hostile is refused at once, within bounds, and without memory; what is odd is marked."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.updates.lib0 import Writer
from crdt.updates.scan import (
    Limits,
    encode_state_vector,
    scan_state_vector,
    scan_update,
)
from crdt.updates.summary import DEEP, DOC, HOOK, SKIP
from tests.crdt.updates.hostile_updates import HOSTILE, embedded, head, keyed, many_of_one_key, nested, ranges


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_updates_are_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises((MalformedFrame, FrameTooLarge)):
        scan_update(HOSTILE[name])
    assert time.process_time() - began < 1


VECTORS = {
    "2^29 entries": Writer().var_uint(2**29).getvalue(),
    "2^29 entries and some": Writer().var_uint(2**29).raw(b"\x01" * 50_000).getvalue(),
    "one entry too many": b"\x02\x01\x01\x02",
    "trailing bytes": b"\x01\x01\x01\x01",
    "200 KB of 0xff": b"\xff" * 200_000,
    "60 KB of 0xff": b"\xff" * 60_000,
    "nothing": b"",
}


@pytest.mark.parametrize("name", list(VECTORS))
def test_hostile_state_vectors_are_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises((MalformedFrame, FrameTooLarge)):
        scan_state_vector(VECTORS[name])
    assert time.process_time() - began < 0.1


def lies() -> Iterator[tuple[Callable[[bytes], object], bytes]]:
    yield from ((scan_state_vector, data) for data in VECTORS.values())
    yield from ((scan_update, data) for name, data in HOSTILE.items() if "claim" in name or "2^" in name)


def test_a_lie_about_a_size_costs_no_memory() -> None:
    """pycrdt reserves up to 1 GB for five bytes (promises §3.1)."""
    cases = list(lies())
    tracemalloc.start()
    try:
        for scan, data in cases:
            with pytest.raises((MalformedFrame, FrameTooLarge)):
                scan(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.long
@pytest.mark.parametrize("name, data", [("32 deep", nested(117, 32)), ("5,000 of one key", many_of_one_key(5_000))])
def test_what_is_just_within_a_bound_is_taken(name: str, data: bytes) -> None:
    assert scan_update(data).inserted, name


def test_what_is_too_large_names_its_bound() -> None:
    with pytest.raises(FrameTooLarge, match="at most 10"):
        scan_update(b"\x00" * 11, Limits(update_bytes_max=10))
    with pytest.raises(MalformedFrame, match="announced"):
        scan_state_vector(VECTORS["2^29 entries"])


def test_a_struct_that_burns_clocks_is_told() -> None:
    scan = scan_update(head().byte(0).var_uint(2**31 - 1).byte(0).getvalue())
    assert (scan.gc_clients, scan.inserted) == ({9}, {9: (0, 2**31 - 1)})


# Found by holding the scanner against pycrdt 0.14.13; each ends in another document than the scan tells.
READ_OTHERWISE_BYTES = {
    "a GC of 2^32 + 5 clocks": head().byte(0).var_uint(2**32 + 5).byte(0).getvalue(),
    "a clock of 2^32": keyed(head(clock=2**32)).var_uint(1).byte(126).byte(0).getvalue(),
    "a parent number that is 1 in 32 bits": head()
    .byte(0x28)
    .var_uint(2**32 + 1)
    .raw(b"\x04a\x02xy\x02~~\x01~\x00")
    .getvalue(),
    "two delete sections of one client": b"\x00\x02\x09\x01\x00\x01\x09\x01\x05\x01",
}


@pytest.mark.parametrize("name", list(READ_OTHERWISE_BYTES))
def test_what_pycrdt_reads_otherwise_is_refused(name: str) -> None:
    with pytest.raises((MalformedFrame, FrameTooLarge)):
        scan_update(READ_OTHERWISE_BYTES[name])


def hidden_in_a_hooks_name(depth: int) -> bytes:
    """Nested arrays in the name of an XmlHook: the length of the name is, to pycrdt, the next item's head."""
    name = (b"\x00\x01" + b"\x75\x01" * depth + b"\x7e\x00").ljust(0x28 | 6 << 14, b"\x00")
    return keyed(head(2), 7).byte(5).var_bytes(name).raw(b"\x00\x01\x00").getvalue()


def test_nothing_hides_in_the_name_of_a_hook() -> None:
    assert scan_update(hidden_in_a_hooks_name(40_000)).kinds & 1 << HOOK


DEEP_VALUES = {
    "arrays 33 deep": nested(117, 33),
    "arrays 50,000 deep": nested(117, 50_000),
    "objects 500 deep": nested(118, 500),
    "an embed 33 deep": embedded("[" * 33 + "]" * 33),
    "an embed 50,000 deep": embedded("[" * 50_000 + "]" * 50_000),
    "an embed 40 deep behind a quote in a string": embedded('["\\"", ' + "[" * 40 + "]" * 41),
    "an embed 500 deep in objects": embedded('{"k":' * 500 + "1" + "}" * 500),
}


@pytest.mark.parametrize("name", list(DEEP_VALUES))
def test_deep_values_are_passed_over_and_marked(name: str) -> None:
    began = time.process_time()
    assert scan_update(DEEP_VALUES[name]).kinds & 1 << DEEP
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "name, data, mark",
    [
        ("a subdocument", b"\x01\x01\x09\x00\x09\x01\x01a\x01g\x76\x00\x00", DOC),
        ("a skip", head().raw(b"\x0a\x05\x00").getvalue(), SKIP),
    ],
)
def test_what_documents_do_not_take_is_marked(name: str, data: bytes, mark: int) -> None:
    assert scan_update(data).kinds & 1 << mark, name


@pytest.mark.long
def test_what_a_long_life_makes_is_bounded_by_its_bytes_alone() -> None:
    assert scan_update(head(300_000).raw(b"\x00\x01" * 300_000).byte(0).getvalue()).structs == 300_000
    assert len(scan_update(ranges(500_000, real=500_000)).deleted[9]) == 500_000
    vector = encode_state_vector({2**31 + client: 5 for client in range(20_000)})
    assert len(scan_state_vector(vector)) == 20_000
