"""States of documents that many people edited for years, as whoever has all of one sends it."""

from __future__ import annotations

from crdt.updates.lib0 import Writer
from crdt.updates.rewrite import encode_delete_set

CLIENTS, RANGES, BYTES = 20_000, 500_000, 10 << 20
FIRST = 10**6


def of_many_clients(share: float = 1.0) -> bytes:
    """Return words of 20,000 Yjs clients, each of which went on where the one before had ended."""
    count = int(CLIENTS * share)
    writer = Writer().var_uint(count)
    for client in range(FIRST + count, FIRST, -1):
        writer.var_uint(1).var_uint(client).var_uint(0)
        if client == FIRST + count:
            writer.byte(4).var_uint(1).var_string("content").var_string("w")
        else:
            writer.byte(0x84).var_uint(client + 1).var_uint(0).var_string("w")
    return writer.byte(0).getvalue()


def of_many_ranges(share: float = 1.0) -> bytes:
    """Return words of which every other character was deleted: 500,000 deleted ranges."""
    own, count = Writer().var_uint(FIRST).getvalue(), 2 * int(RANGES * share)
    writer = Writer().var_uint(1).var_uint(count).var_uint(FIRST).var_uint(0)
    writer.byte(4).var_uint(1).var_string("content").var_string("a")
    for at in range(1, count):
        writer.byte(0x84 if at % 2 == 0 else 0x81).raw(own).var_uint(at - 1).raw(b"\x01a" if at % 2 == 0 else b"\x01")
    return writer.raw(encode_delete_set({FIRST: [(at, at + 1) for at in range(1, count, 2)]})).getvalue()


def of_many_bytes(share: float = 1.0) -> bytes:
    """Return 10 MiB of words."""
    writer = Writer().var_uint(1).var_uint(1).var_uint(FIRST).var_uint(0).byte(4)
    return writer.var_uint(1).var_string("content").var_string("a word " * int(BYTES * share / 7)).byte(0).getvalue()
