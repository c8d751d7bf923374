"""The structs of an update one by one: where each lies in the bytes, where it hangs, what comes before it.

Only for bytes that `crdt.updates.scan` has passed. Most updates never need this: it serves the callers that must look
inside one (to rewrite it, to find where its items hang) and whole states.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from crdt.breath import take_breath
from crdt.text import utf16_length
from crdt.updates.lib0 import Reader
from crdt.updates.scan import HAS_KEY, HAS_ORIGIN, HAS_RIGHT, INTERNAL, LIMITS, Scanner
from crdt.updates.summary import DEEP, FORWARD, GC, SKIP, TYPE, UNREAD, Id, Span, UpdateSummary

LARGE_BYTES, FEW_STRUCTS = 16 << 10, 50_000


class Struct(NamedTuple):
    """One struct as it lies in an update: an item, or what is left of some (collected, skipped).

    `at` to `end` are its bytes, from `body` on its content; `ref` is the kind of a shared type, or -1. An item with
    neighbours has neither parent nor key in its bytes: both are theirs. `parent` is a root's name or an item's id.
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
        """Return the clock behind its last one."""
        return self.clock + self.length

    def needs(self) -> Iterator[Id]:
        """Yield the ids that must be in a document before this struct."""
        for id in (self.origin, self.right, self.parent):
            if isinstance(id, Id):
                yield id


def read_structs(update: bytes) -> Iterator[tuple[int, Iterator[Struct]]]:
    """Yield each section's client with its structs, which must be read before the next section is."""
    scanner = Scanner(Reader(update), LIMITS)
    for _ in range(scanner.reader.var_uint()):
        count, client, clock = scanner.reader.var_uint(), scanner.reader.var_uint(), scanner.reader.var_uint()
        yield client, read_section(scanner, count, client, clock)


def read_sections(update: bytes) -> dict[int, list[Struct]]:
    """Return the structs of an update by client."""
    return {client: list(structs) for client, structs in read_structs(update)}


def sections_of(update: bytes, summary: UpdateSummary) -> Mapping[int, list[Struct]]:
    """Return the structs of an update by client, as they were read already where `summary` holds them."""
    found: Mapping[int, list[Struct]] = summary.sections if summary.sections is not None else read_sections(update)
    return found


def with_sections(update: bytes, summary: UpdateSummary) -> UpdateSummary:
    """Return the summary with the structs in it, where they are few and large: to find their ends takes a second a MB.

    For whoever reads beside the event loop. What is of many structs is carried out in pieces.
    """
    if len(update) < LARGE_BYTES or summary.structs > FEW_STRUCTS:
        return summary
    return msgspec.structs.replace(summary, sections=read_sections(update))


def read_section(scanner: Scanner, count: int, client: int, clock: int) -> Iterator[Struct]:
    """Yield the structs of a section whose head has been read."""
    for _ in range(count):
        take_breath()
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
    assert at < body <= reader.end, "the content lies behind the head"
    ref = reader.data[body] if kind == TYPE else -1
    # One scanner serves all structs: its bits are cleared so that they speak of this one.
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
    # A struct that lacks something puts its client to sleep on the client that must come first; when that one has come
    # so far, the sleeper goes on. Looked at in rounds instead, a long chain of clients would cost its square.
    reach, cursor = dict(known), dict.fromkeys(sections, 0)
    waiting: dict[int, list[tuple[int, int]]] = {}
    ready = deque(sections)
    while ready:
        client = ready.popleft()
        structs, at = sections[client], cursor[client]
        while at < len(structs):
            struct = structs[at]
            lack = _find_lack(struct, reach)
            if lack is not None:
                # What its own client lacks, or a client of which nothing comes, never arrives: the rest is left out.
                if lack.client != client and lack.client in sections:
                    heapq.heappush(waiting.setdefault(lack.client, []), (lack.clock, client))
                break
            take_breath()
            yield struct
            assert struct.clock <= reach.get(client, 0), "a client's structs leave no gap"
            reach[client] = max(struct.stop, reach.get(client, 0))
            at += 1
        cursor[client] = at
        own = waiting.get(client, [])
        while own and own[0][0] < reach.get(client, 0):
            ready.append(heapq.heappop(own)[1])


def waits_for_itself(update: bytes, summary: UpdateSummary, state: Mapping[int, int]) -> bool:
    """Tell whether an update holds structs of which each needs another: pycrdt would keep them, unseen, for ever."""
    # A circle takes two clients, or an item that names itself: a client's own structs come in order.
    if len(summary.inserted) < 2 and not summary.kinds & 1 << FORWARD:
        return False
    assert summary.structs > 0, "several sections hold structs"
    return sum(1 for _ in in_causal_order(sections_of(update, summary), state)) < summary.structs


def _find_lack(struct: Struct, reach: Mapping[int, int]) -> Id | None:
    """Return what a struct waits for: an id, or the clock before its own; None where all of that is here."""
    assert struct.length > 0, "an empty struct is refused by the scanner"
    if struct.clock > reach.get(struct.client, 0):
        return Id(struct.client, struct.clock)
    if struct.kind == SKIP and struct.stop > reach.get(struct.client, 0):
        return Id(struct.client, struct.clock)
    for id in struct.needs():
        if id.clock >= reach.get(id.client, 0):
            return id
    return None


class StoredStruct(NamedTuple):
    """One struct of a whole state: its first clock, how many clocks it takes, its kind, and its text if it has one."""

    start: int
    length: int
    kind: int
    text: str | None


@dataclass(slots=True)
class _StoredStructScanner(Scanner):
    """A pass that also keeps place, kind and text of each struct."""

    stored: dict[int, list[StoredStruct]] = field(default_factory=dict)
    text: str | None = None

    def struct(self, client: int, clock: int) -> int:
        """Read one struct and keep its place and text."""
        self.text = None
        # The kind is peeked at: what the pass itself reads next is the same byte, and it knows the errors.
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
    assert sum(map(len, scanner.stored.values())) == scanner.structs, "each struct was kept"
    return scanner.stored, deleted
