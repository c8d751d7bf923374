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
from crdt.updates.scan import HAS_KEY, HAS_ORIGIN, HAS_RIGHT, INTERNAL, LIMITS, Pass
from crdt.updates.summary import DEEP, FORWARD, GC, SKIP, TYPE, UNREAD, Id, Scan, Span


class Part(NamedTuple):
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


def read_parts(update: bytes) -> Iterator[tuple[int, Iterator[Part]]]:
    """Yield each section's client with its structs, which must be read before the next section is."""
    work = Pass(Reader(update), LIMITS)
    for _ in range(work.reader.var_uint()):
        count, client, clock = work.reader.var_uint(), work.reader.var_uint(), work.reader.var_uint()
        yield client, _section(work, count, client, clock)


def sections_of(update: bytes) -> dict[int, list[Part]]:
    """Return the structs of an update by client."""
    return {client: list(parts) for client, parts in read_parts(update)}


def _section(work: Pass, count: int, client: int, clock: int) -> Iterator[Part]:
    for _ in range(count):
        part = _part(work, client, clock)
        clock = part.stop
        yield part


def _part(work: Pass, client: int, clock: int) -> Part:
    reader = work.reader
    at = reader.pos
    info = reader.byte()
    kind = info & 0x1F
    if kind in (GC, SKIP):
        body = reader.pos
        return Part(
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
    work.kinds = 0
    length = work.content(kind, client, clock)
    is_deep, is_unread = bool(work.kinds >> DEEP & 1), bool(work.kinds >> UNREAD & 1)
    return Part(client, clock, length, kind, origin, right, parent, key, ref, is_deep, is_unread, at, body, reader.pos)


def in_causal_order(sections: Mapping[int, list[Part]], known: Mapping[int, int]) -> Iterator[Part]:
    """Yield structs, each after all that it needs; those that wait for something that does not come are left out.

    `known` says, by client, what is here already; a client's structs go on where that ends or below. As Yjs does, in
    time proportional to what is given.
    """
    reach, cursor = dict(known), dict.fromkeys(sections, 0)
    waiting: dict[int, list[tuple[int, int]]] = {}
    ready = deque(sections)
    while ready:
        client = ready.popleft()
        parts, at = sections[client], cursor[client]
        while at < len(parts):
            part = parts[at]
            lack = _lacks(part, reach)
            if lack is not None:
                if lack.client != client and lack.client in sections:
                    heapq.heappush(waiting.setdefault(lack.client, []), (lack.clock, client))
                break
            yield part
            reach[client] = max(part.stop, reach.get(client, 0))
            at += 1
        cursor[client] = at
        own = waiting.get(client, [])
        while own and own[0][0] < reach.get(client, 0):
            ready.append(heapq.heappop(own)[1])


def waits_for_itself(update: bytes, scan: Scan, state: Mapping[int, int]) -> bool:
    """Tell whether an update holds structs of which each needs another: pycrdt would keep them, unseen, for ever."""
    if len(scan.inserted) < 2 and not scan.kinds & 1 << FORWARD:
        return False
    return sum(1 for _ in in_causal_order(sections_of(update), state)) < scan.structs


def _lacks(part: Part, reach: Mapping[int, int]) -> Id | None:
    """Return what a struct waits for: an id, or the clock before its own."""
    if part.clock > reach.get(part.client, 0):
        return Id(part.client, part.clock)
    if part.kind == SKIP and part.stop > reach.get(part.client, 0):
        return Id(part.client, part.clock)
    for id in part.needs():
        if id.clock >= reach.get(id.client, 0):
            return id
    return None


class Block(NamedTuple):
    """One stored struct of a client: its first clock, how many clocks it takes, its kind, and its text where it is."""

    start: int
    length: int
    kind: int
    text: str | None


@dataclass(slots=True)
class _BlockPass(Pass):
    """A pass that also keeps what each struct is."""

    blocks: dict[int, list[Block]] = field(default_factory=dict)
    text: str | None = None

    def struct(self, client: int, clock: int) -> int:
        """Read one struct and keep its place and text."""
        self.text = None
        kind = 0 if self.reader.at_end else self.reader.data[self.reader.pos] & 0x1F
        length = Pass.struct(self, client, clock)
        self.blocks.setdefault(client, []).append(Block(clock, length, kind, self.text))
        return length

    def string(self, text: str, client: int, clock: int) -> int:
        """Keep a string."""
        self.text = text
        return utf16_length(text)


def scan_blocks(state: bytes) -> tuple[dict[int, list[Block]], dict[int, tuple[Span, ...]]]:
    """Return the structs of a whole document state by client, ascending, and what of them is deleted."""
    work = _BlockPass(Reader(state), INTERNAL)
    for _ in range(work.count(work.reader.var_uint())):
        work.section()
    deleted = work.deletions()
    work.reader.expect_end()
    return work.blocks, deleted
