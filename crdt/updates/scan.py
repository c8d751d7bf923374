"""Look at a Yjs v1 update before pycrdt does: bounds, shape, and which ids it brings, deletes and needs.

Iterative, never recursive, one pass: nested values are followed with an explicit depth (a 52 KB update of nested
arrays ends the process inside pycrdt, promises §0.2), every count is checked against the bytes left before it is used.
Format: Yjs `INTERNALS.md` and `UpdateEncoderV1`; the tests hold it against updates of stock Yjs and of pycrdt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field

from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.text import find_pairs, utf16_length
from crdt.updates.json_text import has_fraction, is_read, measure_depth
from crdt.updates.keystroke import scan_keystroke
from crdt.updates.lib0 import Reader, Writer
from crdt.updates.summary import (
    CLOCK_MAX,
    DEEP,
    ELSEWHERE,
    EXACT,
    FORWARD,
    GC,
    HOOK,
    KEYED,
    NESTED,
    NO_PAIRS,
    SKIP,
    UNREAD,
    branch_of,
)
from crdt.updates.summary import Branch as Branch
from crdt.updates.summary import DeleteSet as DeleteSet
from crdt.updates.summary import FirstItem as FirstItem
from crdt.updates.summary import Id as Id
from crdt.updates.summary import Span as Span
from crdt.updates.summary import UpdateSummary as UpdateSummary

HAS_ORIGIN, HAS_RIGHT, HAS_KEY = 0x80, 0x40, 0x20
KIND_BITS = 0x1F
XML_ELEMENT, XML_HOOK, TYPE_MAX = 3, 5, 6
TYPES_WITH_NAME = frozenset({XML_ELEMENT, XML_HOOK})
TEXT_ROOT = "content"
NEGATIVE_ZERO = 0x40  # the sign bit alone: pycrdt reads it as 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one update may hold: bytes, nesting of a plain value.

    Whatever a protocol makes cumulative (structs, clients, deleted ranges, state vectors) is bounded by the bytes
    alone: a document of a long life has much of it, and a client has no other way than to send it in one frame.
    """

    update_bytes_max: int = 17 << 20
    any_depth_max: int = 32
    state_vector_bytes_max: int = 17 << 20

    def __post_init__(self) -> None:
        assert min(astuple(self)) >= 1, "one keystroke fits every bound: `scan_keystroke` asks for none"


LIMITS = Limits()


@dataclass(slots=True)
class Scanner:
    """One pass over an update and what it has found so far, for this package: it bounds everything that it passes."""

    reader: Reader
    limits: Limits
    inserted: dict[int, Span] = field(default_factory=dict)
    needs: dict[int, int] = field(default_factory=dict)
    first_item: dict[int, FirstItem] = field(default_factory=dict)
    gc_clients: set[int] = field(default_factory=set)
    structs: int = 0
    overwrites: list[Id] = field(default_factory=list)
    kinds: int = 0
    pairs: dict[int, list[int]] = field(default_factory=dict)
    branches: list[Branch] = field(default_factory=list)

    def section(self) -> None:
        """Read all structs of one client."""
        reader = self.reader
        count = reader.var_uint()
        client = reader.var_uint()
        start = clock = reader.var_uint()
        self.structs += count
        # A struct takes at least a byte: a count above what is left is a lie, told before anything is reserved for it.
        if count == 0 or count > reader.remaining:
            raise MalformedFrame(f"{count} structs are announced, {reader.remaining} bytes are left")
        if client in self.inserted:
            raise MalformedFrame(f"client {client} has two sections")
        for _ in range(count):
            length = self.struct(client, clock)
            clock += length
            if length == 0 or clock > CLOCK_MAX:
                raise MalformedFrame(f"a struct of length {length} ends at clock {clock}")
        assert start < clock <= CLOCK_MAX, "a section of at least one struct moves the clock"
        self.inserted[client] = (start, clock)

    def struct(self, client: int, clock: int) -> int:
        """Read one struct and return how far it moves the clock."""
        reader = self.reader
        info = reader.byte()
        kind = info & KIND_BITS
        self.kinds |= 1 << kind
        if kind == GC:
            self.gc_clients.add(client)
            return reader.var_uint()
        if kind == SKIP:
            if info != SKIP:
                raise MalformedFrame("a skip has no flags")
            return reader.var_uint()
        origin = self.id() if info & HAS_ORIGIN else None
        right = self.id() if info & HAS_RIGHT else None
        if client not in self.first_item:
            self.first_item[client] = FirstItem(Id(client, clock), origin, right)
        # No client writes these, and Yjs itself puts such an item here in an edit and there in a state (decision 83).
        if origin is not None and origin == right:
            self.kinds |= 1 << FORWARD
        for neighbour in (origin, right):
            if neighbour is not None and neighbour[0] == client and neighbour[1] >= clock:
                self.kinds |= 1 << FORWARD
        if info & HAS_KEY:
            self.kinds |= 1 << KEYED
            if origin is not None:
                self.overwrites.append(origin)
        # With a neighbour, parent and key are not in the bytes: both are the neighbour's.
        parent: object = None
        key = None
        if origin is None and right is None:
            parent = self.parent(client, clock)
            key = reader.var_string() if info & HAS_KEY else None
        if origin is None or origin.client != client or origin.clock != clock - 1:
            self.branches.append(branch_of(Id(client, clock), origin, right, parent, key))
        return self.content(kind, client, clock)

    def id(self) -> Id:
        """Read an id and remember that it is needed."""
        client, clock = self.reader.var_uint(), self.reader.var_uint()
        if clock >= self.needs.get(client, 0):
            self.needs[client] = clock + 1
        return Id(client, clock)

    def parent(self, client: int, clock: int) -> object:
        """Read what an item without neighbours hangs from: a root by name or an item by id."""
        # Only 0 and 1: pycrdt keeps 32 bits of this number, and would read 2**32 + 1 as a root.
        match self.reader.var_uint():
            case 1:
                name = self.reader.var_string()
                if name != TEXT_ROOT:
                    self.kinds |= 1 << ELSEWHERE
                return name
            case 0:
                self.kinds |= 1 << NESTED
                id = self.id()
                if id.client == client and id.clock >= clock:
                    self.kinds |= 1 << FORWARD
                return id
            case other:
                raise MalformedFrame(f"a parent of form {other}")

    def content(self, kind: int, client: int, clock: int) -> int:
        """Read an item's content and return its length in clocks."""
        reader = self.reader
        # Words first: the kinds stand in the order in which documents hold them.
        match kind:
            case 4:
                return self.string(reader.var_string(), client, clock)
            case 1:
                return reader.var_uint()
            case 8:
                count = self.count(reader.var_uint())
                for _ in range(count):
                    self.any()
                return count
            case 2:
                count = self.count(reader.var_uint())
                for _ in range(count):
                    self.json()
                return count
            case 3:
                reader.skip_bytes()
            case 5:
                self.json()
            case 6:
                reader.var_string()
                self.json()
            case 7:
                self.type()
            case 9:
                reader.var_string()
                self.any()
            case _:
                raise MalformedFrame(f"content kind {kind} is unknown")
        return 1

    def string(self, text: str, client: int, clock: int) -> int:
        """Note where a string has characters of two units; return its length in clocks."""
        length = utf16_length(text)
        if length != len(text):
            self.pairs.setdefault(client, []).extend(clock + unit for unit in find_pairs(text))
        return length

    def count(self, value: int) -> int:
        """Return a count after holding it against the bytes that are left."""
        if value > self.reader.remaining:
            raise MalformedFrame(f"{value} values are announced, {self.reader.remaining} bytes are left")
        return value

    def json(self) -> None:
        """Pass over a JSON string. pycrdt's own parser bounds its nesting at 128 and raises."""
        text, most = self.reader.var_string(), self.limits.any_depth_max
        if text.count("[") + text.count("{") > most and measure_depth(text) > most:
            self.kinds |= 1 << DEEP
        elif not is_read(text):
            self.kinds |= 1 << UNREAD
        elif has_fraction(text):
            self.kinds |= 1 << EXACT

    def type(self) -> None:
        """Pass over the kind of a shared type, and its name where it has one."""
        kind = self.reader.var_uint()
        if kind > TYPE_MAX:
            raise MalformedFrame(f"type {kind} is not a shared type")
        # pycrdt reads no name after an XmlHook: what Yjs reads as a name would be the next struct to it.
        if kind in TYPES_WITH_NAME:
            self.reader.var_string()
        if kind == XML_HOOK:
            self.kinds |= 1 << HOOK

    def any(self) -> None:
        """Pass over one lib0 `any` value with an explicit stack of how many parts each open level still has."""
        reader = self.reader
        # Never recursive: some ten kilobytes of nested arrays would end the process (promises §0.2).
        open_levels: list[list[int]] = []
        while True:
            parts, is_object = self.any_head()
            if parts:
                open_levels.append([parts, is_object])
                if len(open_levels) > self.limits.any_depth_max:
                    self.kinds |= 1 << DEEP
            else:
                while open_levels and open_levels[-1][0] == 1:
                    open_levels.pop()
                if not open_levels:
                    return
                open_levels[-1][0] -= 1
            if open_levels[-1][1]:
                reader.var_string()

    def any_head(self) -> tuple[int, int]:
        """Read one value's own bytes; return how many parts follow and whether they are named."""
        reader = self.reader
        match reader.byte():
            case 127 | 126 | 121 | 120:
                pass
            case 125:
                if reader.pos < reader.end and reader.data[reader.pos] == NEGATIVE_ZERO:
                    self.kinds |= 1 << EXACT
                reader.var_int()
            case 124:
                reader.take(4)
            case 123:
                reader.take(8)
            case 122:
                reader.take(8)
                self.kinds |= 1 << EXACT
            case 119:
                reader.var_string()
            case 118:
                return self.count(reader.var_uint()), 1
            case 117:
                return self.count(reader.var_uint()), 0
            case 116:
                reader.skip_bytes()
            case other:
                raise MalformedFrame(f"value tag {other} is unknown")
        return 0, 0

    def deletions(self) -> dict[int, tuple[Span, ...]]:
        """Read the delete set."""
        reader = self.reader
        deleted: dict[int, list[Span]] = {}
        var_uint = reader.var_uint
        for _ in range(self.count(var_uint())):
            client = var_uint()
            if client in deleted:
                raise MalformedFrame(f"client {client} stands twice in the delete set")
            spans = deleted[client] = []
            for _ in range(self.count(var_uint())):
                clock = var_uint()
                end = clock + var_uint()
                if not clock < end <= CLOCK_MAX:
                    raise MalformedFrame(f"a deletion from clock {clock} to {end}")
                spans.append((clock, end))
        # What is deleted must be here: a deletion that waits would be lost on every export (semantics F4).
        for client, spans in deleted.items():
            top = max((end for _, end in spans), default=0)
            if top > self.needs.get(client, 0):
                self.needs[client] = top
        return {client: normalise_ranges(spans) for client, spans in deleted.items() if spans}


def scan_update(update: bytes, limits: Limits = LIMITS) -> UpdateSummary:
    """Return what a Yjs v1 update inserts, deletes and refers to.

    Raises:
        MalformedFrame: it is not a well-formed v1 update.
        FrameTooLarge: a bound of `limits` is passed.
    """
    if len(update) > limits.update_bytes_max:
        raise FrameTooLarge(f"the update has {len(update)} bytes, at most {limits.update_bytes_max} are taken")
    # Nearly every update is a keystroke, and a third as dear this way.
    quick = scan_keystroke(update)
    return quick if quick is not None else scan_fully(update, limits)


def scan_fully(update: bytes, limits: Limits = LIMITS) -> UpdateSummary:
    """Return what `scan_update` returns, by the general pass: whatever the shape. Raises as it does."""
    scanner = Scanner(Reader(update), limits)
    for _ in range(scanner.count(scanner.reader.var_uint())):
        scanner.section()
    deleted = scanner.deletions()
    scanner.reader.expect_end()
    needs = {
        client: clock
        for client, clock in scanner.needs.items()
        # What lies below a section's own start is covered by the gap check of that section.
        if client not in scanner.inserted or clock > scanner.inserted[client][1]
    }
    assert len(scanner.inserted) <= scanner.structs, "a section holds at least one struct"
    assert len(deleted) <= len(update), "each client of a delete set took bytes"
    gone = frozenset(scanner.gc_clients)
    pairs = {client: tuple(clocks) for client, clocks in scanner.pairs.items()} or NO_PAIRS
    overwrites, branches = tuple(scanner.overwrites), tuple(scanner.branches)
    return UpdateSummary(
        scanner.inserted,
        deleted,
        needs,
        scanner.first_item,
        gone,
        scanner.structs,
        overwrites,
        scanner.kinds,
        pairs,
        branches,
    )


def normalise_ranges(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return half-open spans sorted and merged where they touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    assert not merged or merged[0][0] <= merged[-1][0], "spans come out ascending"
    return tuple(merged)


def scan_state_vector(vector: bytes, limits: Limits = LIMITS) -> dict[int, int]:
    """Return a state vector as client id to clock. Raises `MalformedFrame` and `FrameTooLarge`."""
    if len(vector) > limits.state_vector_bytes_max:
        raise FrameTooLarge(f"the state vector has {len(vector)} bytes, at most {limits.state_vector_bytes_max}")
    reader = Reader(vector)
    count = reader.var_uint()
    if 2 * count > reader.remaining:
        raise MalformedFrame(f"{count} clients are announced, {reader.remaining} bytes are left")
    state = {reader.var_uint(): reader.var_uint() for _ in range(count)}
    reader.expect_end()
    assert len(state) <= count, "a client named twice counts once"
    return state


def encode_state_vector(state: Mapping[int, int]) -> bytes:
    """Return the Yjs form of a state vector, clients in descending order as Yjs writes them."""
    # Clock 0 is left out, as Yjs does: a client that has written nothing is not in its vector.
    present = sorted(((client, clock) for client, clock in state.items() if clock), reverse=True)
    writer = Writer().var_uint(len(present))
    for client, clock in present:
        assert clock > 0, "clocks count up from nothing"
        writer.var_uint(client).var_uint(clock)
    return writer.getvalue()


def scan_delete_set(delete_set: bytes) -> dict[int, tuple[Span, ...]]:
    """Return the ranges of a bare Yjs v1 delete set, sorted and merged per client. Raises `MalformedFrame`."""
    scanner = Scanner(Reader(delete_set), INTERNAL)
    deleted = scanner.deletions()
    scanner.reader.expect_end()
    return deleted


# For bytes that this server wrote itself: whole documents, journal rows.
INTERNAL = Limits(update_bytes_max=1 << 30, any_depth_max=1 << 30, state_vector_bytes_max=1 << 30)
