"""Updates that no client makes, by hand: what they claim, how deep they nest, where they end."""

from __future__ import annotations

from crdt.updates.lib0 import UINT_MAX, Writer


def head(count: int = 1, *, client: int = 9, clock: int = 0) -> Writer:
    """Start an update with one section of `count` structs."""
    return Writer().var_uint(1).var_uint(count).var_uint(client).var_uint(clock)


def keyed(writer: Writer, kind: int = 8) -> Writer:
    """Start an item under the key `k` of the root `data`."""
    return writer.byte(0x20 | kind).var_uint(1).var_string("data").var_string("k")


def nested(tag: int, depth: int, count: int = 1) -> bytes:
    """Return an update with a value nested in itself, each level of `count` parts."""
    writer = keyed(head()).var_uint(1)
    for _ in range(depth):
        writer.byte(tag).var_uint(count)
        if tag == 118:
            writer.var_string("k")
    return writer.byte(126).var_uint(0).getvalue()


def many_of_one_key(count: int) -> bytes:
    """Return an update that sets one key many times."""
    writer = head(count)
    for _ in range(count):
        keyed(writer).var_uint(1).byte(126)
    return writer.var_uint(0).getvalue()


def embedded(value: str) -> bytes:
    """Return an update that embeds JSON in the text."""
    return head().byte(5).var_uint(1).var_string("content").var_string(value).byte(0).getvalue()


def ranges(count: int, *, real: int) -> bytes:
    """Return a delete set that claims `count` ranges and has `real` ones."""
    writer = Writer().raw(b"\x00\x01\x09").var_uint(count)
    for at in range(real):
        writer.var_uint(2 * at).byte(1)
    return writer.getvalue()


HOSTILE = {
    "nothing": b"",
    "200 KB of 0xff": b"\xff" * 200_000,
    "0xff where a clock stands": b"\x01\x01\x09" + b"\xff" * 200_000,
    "arrays 50,000 deep that claim 2^20 each": nested(117, 50_000, 2**20),
    "more bytes than a frame": b"\x00" * ((17 << 20) + 1),
    "an array that claims 2^27": nested(117, 1, 2**27),
    "an object that claims 2^27": nested(118, 1, 2**27),
    "30 nested objects that claim 2^24 each": nested(118, 30, 2**24),
    "2^27 values": keyed(head()).var_uint(2**27).byte(126).byte(0).getvalue(),
    "2^27 old values": keyed(head(), 2).var_uint(2**27).byte(0).getvalue(),
    "2^40 bytes": keyed(head(), 3).var_uint(2**40).byte(0).getvalue(),
    "2^28 clients": Writer().var_uint(2**28).byte(0).getvalue(),
    "10,001 clients": Writer().var_uint(10_001).raw(b"\x00" * 50_000).getvalue(),
    "2^28 structs": head(2**28, client=1).byte(0).getvalue(),
    "no structs": head(0).byte(0).getvalue(),
    "trailing bytes": b"\x00\x00\x00",
    "an update cut short": nested(117, 3)[:-1],
    "two sections of one client": b"\x02" + b"\x01\x09\x00\x00\x01" + b"\x01\x09\x01\x00\x01" + b"\x00",
    "a skip with flags": head().raw(b"\xea\x05\x00").getvalue(),
    "an unknown struct": head().raw(b"\x0b\x00\x00").getvalue(),
    "an unknown type": keyed(head(), 7).raw(b"\x07\x00").getvalue(),
    "an unknown value": keyed(head()).raw(b"\x01\x00\x00").getvalue(),
    "an empty struct": head().raw(b"\x00\x00\x00").getvalue(),
    "an empty text": head().byte(4).var_uint(1).var_string("content").var_string("").byte(0).getvalue(),
    "a name that is not UTF-8": head().byte(4).var_uint(1).var_bytes(b"\xff").var_string("a").byte(0).getvalue(),
    "a clock at the end of numbers": head(clock=UINT_MAX - 1).raw(b"\x00\x63\x00").getvalue(),
    "a delete set that claims 2^28 clients": Writer().byte(0).var_uint(2**28).byte(0).getvalue(),
    "a delete set that claims 2^28 ranges": ranges(2**28, real=2),
    "a deletion of nothing": b"\x00\x01\x09\x01\x00\x00",
    "a deletion to the end of numbers": Writer().raw(b"\x00\x01\x09\x01\x01").var_uint(UINT_MAX).getvalue(),
}
