"""The structs of an update one by one: where each lies in the bytes, where it hangs, what comes before it.

Only for bytes that `crdt.updates.scan` has passed. Most updates never need this: it serves what must look inside one
(rewrite it, find where its items hang) and whole states.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from crdt.text import utf16_length
from crdt.updates.lib0 import Reader
from crdt.updates.scan import HAS_KEY, HAS_ORIGIN, HAS_RIGHT, INTERNAL, LIMITS, Scanner
from crdt.updates.summary import DEEP, FORWARD, GC, SKIP, TYPE, UNREAD, Id, Span, UpdateSummary


class Struct(NamedTuple):
    """One struct: `at` to `end` are its bytes, from `body` on its content; `ref` is the kind of a shared type, or -1.

    An item with neighbours has neither parent nor key: both are theirs. `parent` is a root's name or an item's id.
    """

    client: int
    clock: int
    length: int
    kind: int
    origin: Id | None
    right: Id | None
    parent: str | Id | None
    key: str | None
    ref: int
    is_deep: bool
    is_unread: bool
    at: int
    body: int
    end: int

    @property
    def stop(self) -> int:
        """The clock behind its last one."""
        return self.clock + self.length

    def needs(self) -> Iterator[Id]:
        """Yield the ids that must be here before it."""
        for id in (self.origin, self.right, self.parent):
            if isinstance(id, Id):
                yield id


def read_structs(update: bytes) -> Iterator[tuple[int, Iterator[Struct]]]:
    """Yield each section's client with its structs, which must be read before the next section is."""
    scanner = Scanner(Reader(update), LIMITS)
    for _ in range(scanner.reader.var_uint()):
        count, client, clock = scanner.reader.var_uint(), scanner.reader.var_uint(), scanner.reader.var_uint()
        yield client, _read_section(scanner, count, client, clock)


def sections_of(update: bytes) -> dict[int, list[Struct]]:
    """Return the structs of an update by client."""
    return {client: list(structs) for client, structs in read_structs(update)}


def _read_section(scanner: Scanner, count: int, client: int, clock: int) -> Iterator[Struct]:
    for _ in range(count):
        struct = _read_struct(scanner, client, clock)
        clock = struct.stop
        yield struct


def _read_struct(scanner: Scanner, client: int, clock: int) -> Struct:
    reader = scanner.reader
    at = reader.pos
    info = reader.byte()
    kind = info & 0x1F
    if kind in (GC, SKIP):
        body = reader.pos
        return Struct(
            client, clock, reader.var_uint(), kind, None, None, None, None, -1, False, False, at, body, reader.pos
        )
    origin = Id(reader.var_uint(), reader.var_uint()) if info & HAS_ORIGIN else None
    right = Id(reader.var_uint(), reader.var_uint()) if info & HAS_RIGHT else None
    parent: str | Id | None = None
    key = None
    if origin is None and right is None:
        parent = reader.var_string() if reader.var_uint() == 1 else Id(reader.var_uint(), reader.var_uint())
        key = reader.var_string() if info & HAS_KEY else None
    body = reader.pos
    ref = reader.data[body] if kind == TYPE else -1
    scanner.kinds = 0
    length = scanner.content(kind, client, clock)
    is_deep, is_unread = bool(scanner.kinds >> DEEP & 1), bool(scanner.kinds >> UNREAD & 1)
    return Struct(
        client, clock, length, kind, origin, right, parent, key, ref, is_deep, is_unread, at, body, reader.pos
    )


def in_causal_order(sections: Mapping[int, list[Struct]], known: Mapping[int, int]) -> Iterator[Struct]:
    """Yield structs, each after all that it needs; those that wait for something that does not come are left out.

    `known` says, by client, what is here already; a client's structs go on where that ends or below. As Yjs does, in
    time proportional to what is given.
    """
    reach, cursor = dict(known), dict.fromkeys(sections, 0)
    waiting: dict[int, list[tuple[int, int]]] = {}
    ready = deque(sections)
    while ready:
        client = ready.popleft()
        structs, at = sections[client], cursor[client]
        while at < len(structs):
            struct = structs[at]
            lack = _lacks(struct, reach)
            if lack is not None:
                if lack.client != client and lack.client in sections:
                    heapq.heappush(waiting.setdefault(lack.client, []), (lack.clock, client))
                break
            yield struct
            reach[client] = max(struct.stop, reach.get(client, 0))
            at += 1
        cursor[client] = at
        own = waiting.get(client, [])
        while own and own[0][0] < reach.get(client, 0):
            ready.append(heapq.heappop(own)[1])


def waits_for_itself(update: bytes, summary: UpdateSummary, state: Mapping[int, int]) -> bool:
    """Tell whether an update holds structs of which each needs another: pycrdt would keep them, unseen, for ever."""
    if len(summary.inserted) < 2 and not summary.kinds & 1 << FORWARD:
        return False
    return sum(1 for _ in in_causal_order(sections_of(update), state)) < summary.structs


def _lacks(struct: Struct, reach: Mapping[int, int]) -> Id | None:
    """Return what a struct waits for: an id, or the clock before its own."""
    if struct.clock > reach.get(struct.client, 0):
        return Id(struct.client, struct.clock)
    if struct.kind == SKIP and struct.stop > reach.get(struct.client, 0):
        return Id(struct.client, struct.clock)
    for id in struct.needs():
        if id.clock >= reach.get(id.client, 0):
            return id
    return None


class StoredStruct(NamedTuple):
    """One stored struct of a client: its first clock, how many clocks it takes, its kind, and its text where it is."""

    start: int
    length: int
    kind: int
    text: str | None


@dataclass(slots=True)
class _StoredStructScanner(Scanner):
    """A pass that also keeps what each struct is."""

    stored: dict[int, list[StoredStruct]] = field(default_factory=dict)
    text: str | None = None

    def struct(self, client: int, clock: int) -> int:
        """Read one struct and keep its place and text."""
        self.text = None
        kind = 0 if self.reader.at_end else self.reader.data[self.reader.pos] & 0x1F
        length = Scanner.struct(self, client, clock)
        self.stored.setdefault(client, []).append(StoredStruct(clock, length, kind, self.text))
        return length

    def string(self, text: str, client: int, clock: int) -> int:
        """Keep a string."""
        self.text = text
        return utf16_length(text)


def scan_stored_structs(state: bytes) -> tuple[dict[int, list[StoredStruct]], dict[int, tuple[Span, ...]]]:
    """Return the structs of a whole document state by client, ascending, and what of them is deleted."""
    scanner = _StoredStructScanner(Reader(state), INTERNAL)
    for _ in range(scanner.count(scanner.reader.var_uint())):
        scanner.section()
    deleted = scanner.deletions()
    scanner.reader.expect_end()
    return scanner.stored, deleted
