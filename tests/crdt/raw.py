"""Updates that no client makes: structs of every kind in every place, and honest ones with a few bytes changed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from crdt.documents.pycrdt_document import DocumentKind
from crdt.updates.lib0 import UINT_MAX, Writer

CLIENTS = (70_000, 10**6, 2**31 + 7, 2**32 - 1, 2**32, 2**53 - 1, 0, 1, 4097)
ROOTS = ("content", "data", "default", "other", "", "__proto__")
OWN: Mapping[DocumentKind, str] = {"text": "content", "data": "data", "rich": "default"}
KEYS = ("a", "b", "", "__proto__", "~bytes", "😀")
STRINGS = ("a", "bc", "😀", "x😀y", "", "é", "\ufffc", "\ufffd", "\x00")
JSONS = (
    "null",
    "1",
    '{"a":[1]}',
    "[]",
    '"\\ud83d"',
    "1e400",
    "NaN",
    "undefined",
    "",
    "{",
    '{"__proto__":1}',
    "[" * 40 + "]" * 40,
)
HUGE = (2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1, 2**32, 2**53 - 1)


def raw_update(chance: random.Random, kind: DocumentKind, state: Mapping[int, int]) -> bytes:
    """Return an update of random structs for a document that holds `state`."""
    writer = Writer()
    clients = chance.sample(CLIENTS, chance.choice((1, 1, 1, 2, 3)))
    made = dict(state)
    writer.var_uint(len(clients))
    for client in sorted(clients, reverse=True):
        known = state.get(client, 0)
        start = known if chance.random() < 0.8 else max(0, chance.choice((known - 1, known + 1, 0, *HUGE[:4])))
        count = chance.choice((1, 1, 1, 2, 3, 6))
        writer.var_uint(count).var_uint(client).var_uint(start)
        for _ in range(count):
            start = min(start + _struct(writer, chance, kind, client, start, made), UINT_MAX - 1)
            made[client] = max(made.get(client, 0), min(start, 2**32))
    return writer.raw(_deletions(chance, made)).getvalue()


def _id(writer: Writer, chance: random.Random, client: int, clock: int, made: Mapping[int, int]) -> None:
    draw = chance.random()
    if draw < 0.35 and clock:
        writer.var_uint(client).var_uint(clock - 1)
    elif draw < 0.9 and made:
        other = chance.choice(list(made))
        writer.var_uint(other).var_uint(chance.randrange(max(1, made[other])) if made[other] < 10**6 else 0)
    else:
        writer.var_uint(chance.choice(CLIENTS)).var_uint(chance.choice((0, 1, clock, clock + 1, *HUGE)))


def _struct(
    writer: Writer, chance: random.Random, kind: DocumentKind, client: int, clock: int, made: Mapping[int, int]
) -> int:
    content = chance.choice((0, 1, 2, 3, 4, 4, 4, 5, 6, 7, 7, 7, 8, 8, 9, 10)) if chance.random() < 0.98 else 11
    if content in (0, 10):
        length = chance.choice((1, 2, 5)) if chance.random() < 0.95 else chance.choice((0, *HUGE))
        writer.byte(content).var_uint(length)
        return length
    flags = chance.choice((0, 0, 0x80, 0x80, 0x40, 0xC0)) | chance.choice((0, 0, 0x20))
    writer.byte(flags | content)
    if flags & 0x80:
        _id(writer, chance, client, clock, made)
    if flags & 0x40:
        _id(writer, chance, client, clock, made)
    if not flags & 0xC0:
        if chance.random() < 0.6:
            writer.var_uint(1).var_string(OWN[kind] if chance.random() < 0.7 else chance.choice(ROOTS))
        else:
            writer.var_uint(0)
            _id(writer, chance, client, clock, made)
        if flags & 0x20:
            writer.var_string(chance.choice(KEYS))
    return _content(writer, chance, content)


def _content(writer: Writer, chance: random.Random, content: int) -> int:
    match content:
        case 1:
            length = chance.choice((1, 3)) if chance.random() < 0.95 else chance.choice((0, *HUGE))
            writer.var_uint(length)
            return length
        case 2:
            count = chance.randrange(3)
            writer.var_uint(count)
            for _ in range(count):
                writer.var_string(chance.choice(JSONS))
            return count
        case 3:
            writer.var_bytes(bytes(chance.randrange(3)))
        case 4:
            text = chance.choice(STRINGS)
            writer.var_string(text)
            return len(text.encode("utf-16-le")) // 2
        case 5:
            writer.var_string(chance.choice(JSONS))
        case 6:
            writer.var_string(chance.choice(KEYS)).var_string(chance.choice(JSONS))
        case 7:
            ref = chance.randrange(8)
            writer.var_uint(ref)
            if ref in (3, 5):
                writer.var_string(chance.choice(("p", "", "a b", "é")))
        case 8:
            count = chance.randrange(3)
            writer.var_uint(count)
            for _ in range(count):
                any_value(writer, chance)
            return count
        case 9:
            writer.var_string("g")
            any_value(writer, chance)
        case _:
            writer.raw(bytes(chance.randrange(4)))
    return 1


def any_value(writer: Writer, chance: random.Random, depth: int = 0) -> None:
    """Write a lib0 value of any kind."""
    tag = chance.choice((127, 126, 125, 124, 123, 122, 121, 120, 119, 116, 118, 117, 115))
    if tag == 115 and chance.random() < 0.8:
        tag = 126
    writer.byte(tag)
    match tag:
        case 125:
            writer.var_int(chance.choice((0, 1, -1, 63, 64, -64, 2**31, 2**53 - 1, 1 - 2**53)))
        case 124:
            writer.raw(
                chance.choice((b"\x7f\x80\x00\x00", b"\xff\xc0\x00\x01", b"\x00\x00\x00\x01", b"\x5f\x00\x00\x00"))
            )
        case 123:
            writer.raw(
                chance.choice(
                    (b"\x7f\xf0" + bytes(6), b"\x80" + bytes(7), b"\x43\xe0" + bytes(6), b"\x7f\xf8" + bytes(6))
                )
            )
        case 122:
            writer.raw(
                chance.choice(
                    (b"\x7f" + b"\xff" * 7, b"\x80" + bytes(7), bytes(8), b"\x0d\xe0\xb6\xb3\xa7\x64\x00\x00")
                )
            )
        case 119:
            writer.var_string(chance.choice(STRINGS))
        case 116:
            writer.var_bytes(b"\x00\xff"[: chance.randrange(3)])
        case 117 | 118:
            count = chance.randrange(3) if depth < 4 else 0
            writer.var_uint(count)
            for _ in range(count):
                if tag == 118:
                    writer.var_string(chance.choice(KEYS))
                any_value(writer, chance, depth + 1)
        case _:
            pass


def _deletions(chance: random.Random, made: Mapping[int, int]) -> bytes:
    writer = Writer()
    clients = [client for client in made if chance.random() < 0.3]
    writer.var_uint(len(clients))
    for client in clients:
        spans = chance.choice((1, 1, 2))
        writer.var_uint(client).var_uint(spans)
        for _ in range(spans):
            top = min(made[client], 100)
            clock = chance.randrange(top + 1) if chance.random() < 0.95 else chance.choice(HUGE)
            writer.var_uint(clock).var_uint(
                chance.choice((1, 1, 2, 4)) if chance.random() < 0.95 else chance.choice((0, *HUGE))
            )
    return writer.getvalue()


def mutated(chance: random.Random, update: bytes) -> bytes:
    """Return bytes with a few of them changed, left out, put in or repeated."""
    data = bytearray(update)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0 if at < len(data):
                data[at] = chance.randrange(256)
            case 1 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 2:
                del data[at : at + chance.choice((1, 1, 2, 8))]
            case 3:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 2))))
            case _:
                data[at:at] = data[at : at + chance.choice((1, 4, 16))]
    return bytes(data)


def hostile(chance: random.Random, kind: DocumentKind, state: Mapping[int, int], honest: Sequence[bytes]) -> bytes:
    """Return what somebody may send who wishes nobody well."""
    draw = chance.random()
    if draw < 0.55 or not honest:
        return raw_update(chance, kind, state)
    if draw < 0.75:
        return mutated(chance, chance.choice(honest))
    if draw < 0.85:
        return mutated(chance, raw_update(chance, kind, state))
    return chance.choice(honest)
