"""Documents of a long life: what years of editing make cumulative is taken, served and opened in bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from crdt.document import Document
from crdt.intake import encode_deletions, take_in
from crdt.scan import scan_update
from crdt.wire import Writer

SECONDS = 60.0
CLIENTS, RANGES, BYTES = 20_000, 500_000, 10 << 20


def _of_many_clients() -> bytes:
    writer = Writer().var_uint(CLIENTS)
    for client in range(10**6 + CLIENTS, 10**6, -1):
        writer.var_uint(1).var_uint(client).var_uint(0).byte(4).var_uint(1).var_string("content").var_string("w")
    return writer.byte(0).getvalue()


def _of_many_ranges() -> bytes:
    """Return words of which every other character was deleted, as whoever saw that sends them."""
    own = Writer().var_uint(10**6).getvalue()
    writer = Writer().var_uint(1).var_uint(RANGES).var_uint(10**6).var_uint(0)
    writer.byte(4).var_uint(1).var_string("content").var_string("a")
    for at in range(1, RANGES):
        writer.byte(0x84 if at % 2 == 0 else 0x81).raw(own).var_uint(at - 1).raw(b"\x01a" if at % 2 == 0 else b"\x01")
    return writer.raw(encode_deletions({10**6: [(at, at + 1) for at in range(1, RANGES, 2)]})).getvalue()


def _of_many_bytes() -> bytes:
    writer = Writer().var_uint(1).var_uint(1).var_uint(10**6).var_uint(0).byte(4)
    return writer.var_uint(1).var_string("content").var_string("a word " * (BYTES // 7)).byte(0).getvalue()


@pytest.mark.parametrize("make", [_of_many_clients, _of_many_ranges, _of_many_bytes])
def test_a_document_of_a_long_life(make: Callable[[], bytes]) -> None:
    update = make()
    began = time.monotonic()
    document = Document("text", client=4097)
    for _ in range(2):  # it comes, and comes again when its author is back
        intake = take_in(document, update, scan_update(update))
        document.apply(intake.update, intake.scan)
        assert not intake.refused
    newcomer = document.encode()
    assert document.encode(document.encode_state_vector())
    assert Document.of_state("text", newcomer, client=5).digest() == document.digest()
    assert Document("text", client=6, updates=[update]).digest() == document.digest()
    with document.fork(4098).transaction():
        pass
    assert time.monotonic() - began < SECONDS
