"""Look at a Yjs v1 update before pycrdt does: bounds, shape, and which ids it brings, deletes and needs.

Iterative, never recursive, one pass: nested values are followed with an explicit depth (a 52 KB update of nested
arrays ends the process inside pycrdt, promises §0.2), every count is checked against the bytes left before it is used.
Format: Yjs `INTERNALS.md` and `UpdateEncoderV1`; the tests hold it against updates of stock Yjs and of pycrdt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from typing import NamedTuple

from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.keystroke import scan_keystroke
from crdt.scanned import FORWARD, GC, KEYED, NESTED, SKIP, STRING
from crdt.scanned import Id as Id
from crdt.scanned import Item as Item
from crdt.scanned import Ranges as Ranges
from crdt.scanned import Scan as Scan
from crdt.scanned import Span as Span
from crdt.text import utf16_length
from crdt.wire import UINT_MAX, Reader, Writer

HAS_ORIGIN, HAS_RIGHT, HAS_KEY = 0x80, 0x40, 0x20
XML_ELEMENT, XML_HOOK, TYPE_MAX = 3, 5, 6
TYPES_WITH_NAME = frozenset({XML_ELEMENT, XML_HOOK})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one update may hold. Bytes, structs, clients, nesting, items of one map key, ranges."""

    update_bytes_max: int = 1 << 20
    structs_max: int = 200_000
    clients_max: int = 10_000
    any_depth_max: int = 32
    key_items_max: int = 5_000
    state_vector_bytes_max: int = 65_536
    delete_ranges_max: int = 200_000

    def __post_init__(self) -> None:
        assert min(astuple(self)) >= 1, "one keystroke fits every bound: `scan_keystroke` asks for none"


LIMITS = Limits()


@dataclass(slots=True)
class _Pass:
    """The state of one pass over an update."""

    reader: Reader
    limits: Limits
    inserted: dict[int, Span] = field(default_factory=dict)
    needs: dict[int, int] = field(default_factory=dict)
    first_item: dict[int, Item] = field(default_factory=dict)
    gc_clients: set[int] = field(default_factory=set)
    keys: dict[tuple[object, str], int] = field(default_factory=dict)
    structs: int = 0
    overwrites: list[Id] = field(default_factory=list)
    kinds: int = 0

    def section(self) -> None:
        """Read all structs of one client."""
        reader = self.reader
        count = reader.var_uint()
        client = reader.var_uint()
        start = clock = reader.var_uint()
        self.structs += count
        if count == 0 or count > reader.remaining:
            raise MalformedFrame(f"{count} structs are announced, {reader.remaining} bytes are left")
        if self.structs > self.limits.structs_max:
            raise FrameTooLarge(f"the update has {self.structs} structs, at most {self.limits.structs_max} are taken")
        if client in self.inserted:
            raise MalformedFrame(f"client {client} has two sections")
        for _ in range(count):
            length = self.struct(client, clock)
            clock += length
            if length == 0 or clock > UINT_MAX:
                raise MalformedFrame(f"a struct of length {length} at clock {clock}")
        self.inserted[client] = (start, clock)

    def struct(self, client: int, clock: int) -> int:
        """Read one struct and return how far it moves the clock."""
        reader = self.reader
        info = reader.byte()
        kind = info & 0x1F
        self.kinds |= 1 << kind
        if kind == GC:
            self.gc_clients.add(client)
            return reader.var_uint()
        if kind == SKIP or kind > SKIP:
            raise MalformedFrame(f"struct kind {kind} is not taken from a client")
        origin = self.id() if info & HAS_ORIGIN else None
        right = self.id() if info & HAS_RIGHT else None
        if client not in self.first_item:
            self.first_item[client] = Item(Id(client, clock), origin, right)
        for neighbour in (origin, right):
            if neighbour is not None and neighbour[0] == client and neighbour[1] >= clock:
                self.kinds |= 1 << FORWARD
        if info & HAS_KEY:
            self.kinds |= 1 << KEYED
            if origin is not None:
                self.overwrites.append(origin)
        if origin is None and right is None:
            parent = self.parent()
            if info & HAS_KEY:
                self.count_key(parent, reader.var_string())
        return self.content(kind)

    def id(self) -> Id:
        """Read an id and remember that it is needed."""
        client, clock = self.reader.var_uint(), self.reader.var_uint()
        if clock >= self.needs.get(client, 0):
            self.needs[client] = clock + 1
        return Id(client, clock)

    def parent(self) -> object:
        """Read what an item without neighbours hangs from: a root by name or an item by id."""
        if self.reader.var_uint() == 1:
            return self.reader.var_string()
        self.kinds |= 1 << NESTED
        return self.id()

    def count_key(self, parent: object, key: str) -> None:
        """Bound how many unlinked items one map key gets: pycrdt's cost is quadratic in it (promises §0.4)."""
        many = self.keys.get((parent, key), 0) + 1
        self.keys[(parent, key)] = many
        if many > self.limits.key_items_max:
            raise FrameTooLarge(f"one key is set {many} times at once, at most {self.limits.key_items_max}")

    def content(self, kind: int) -> int:
        """Read an item's content and return its length in clocks."""
        reader = self.reader
        match kind:
            case 4:
                return utf16_length(reader.var_string())
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
            case _:
                raise MalformedFrame(f"content kind {kind} is not taken from a client")
        return 1

    def count(self, value: int) -> int:
        """Return a count after holding it against the bytes that are left."""
        if value > self.reader.remaining:
            raise MalformedFrame(f"{value} values are announced, {self.reader.remaining} bytes are left")
        return value

    def json(self) -> None:
        """Pass over a JSON string. pycrdt's own parser bounds its nesting at 128 and raises."""
        text = self.reader.var_string()
        if text.count("[") + text.count("{") > 4 * self.limits.any_depth_max and _json_depth(text) > 100:
            raise FrameTooLarge("a JSON value is nested more than 100 deep")

    def type(self) -> None:
        kind = self.reader.var_uint()
        if kind > TYPE_MAX:
            raise MalformedFrame(f"type {kind} is not a shared type")
        if kind in TYPES_WITH_NAME:
            self.reader.var_string()

    def any(self) -> None:
        """Pass over one lib0 `any` value with an explicit stack of how many parts each open level still has."""
        reader = self.reader
        open_levels: list[list[int]] = []
        while True:
            parts, is_object = self.any_head()
            if parts:
                open_levels.append([parts, is_object])
                if len(open_levels) > self.limits.any_depth_max:
                    raise FrameTooLarge(f"a value is nested more than {self.limits.any_depth_max} deep")
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
                reader.var_int()
            case 124:
                reader.take(4)
            case 123 | 122:
                reader.take(8)
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
        total = 0
        for _ in range(self.count(reader.var_uint())):
            client = reader.var_uint()
            count = self.count(reader.var_uint())
            total += count
            if total > self.limits.delete_ranges_max:
                raise FrameTooLarge(f"{total} ranges are deleted, at most {self.limits.delete_ranges_max} are taken")
            spans = deleted.setdefault(client, [])
            for _ in range(count):
                clock, length = reader.var_uint(), reader.var_uint()
                if length == 0 or clock + length > UINT_MAX:
                    raise MalformedFrame(f"a deletion of length {length} at clock {clock}")
                spans.append((clock, clock + length))
        for client, spans in deleted.items():
            top = max((end for _, end in spans), default=0)
            if top > self.needs.get(client, 0):
                self.needs[client] = top
        return {client: normalise_ranges(spans) for client, spans in deleted.items() if spans}


class Block(NamedTuple):
    """One stored struct of a client: its first clock, how many clocks it takes, and its text where it is text."""

    start: int
    length: int
    text: str | None


@dataclass(slots=True)
class _BlockPass(_Pass):
    """A pass that also keeps what each struct is."""

    blocks: dict[int, list[Block]] = field(default_factory=dict)
    text: str | None = None

    def struct(self, client: int, clock: int) -> int:
        """Read one struct and keep its place and text."""
        self.text = None
        length = _Pass.struct(self, client, clock)
        self.blocks.setdefault(client, []).append(Block(clock, length, self.text))
        return length

    def content(self, kind: int) -> int:
        """Read an item's content, keeping a string."""
        if kind == STRING:
            self.text = self.reader.var_string()
            return utf16_length(self.text)
        return _Pass.content(self, kind)


def scan_blocks(state: bytes) -> tuple[dict[int, list[Block]], dict[int, tuple[Span, ...]]]:
    """Return the structs of a whole document state by client, ascending, and what of them is deleted."""
    work = _BlockPass(Reader(state), INTERNAL)
    for _ in range(work.count(work.reader.var_uint())):
        work.section()
    deleted = work.deletions()
    work.reader.expect_end()
    return work.blocks, deleted


def scan_update(update: bytes, limits: Limits = LIMITS) -> Scan:
    """Return what a Yjs v1 update inserts, deletes and refers to.

    Raises:
        MalformedFrame: it is not a well-formed v1 update, or holds structs a client never sends (Skip, subdocuments).
        FrameTooLarge: a bound of `limits` is passed.
    """
    if len(update) > limits.update_bytes_max:
        raise FrameTooLarge(f"the update has {len(update)} bytes, at most {limits.update_bytes_max} are taken")
    quick = scan_keystroke(update)
    return quick if quick is not None else scan_fully(update, limits)


def scan_fully(update: bytes, limits: Limits = LIMITS) -> Scan:
    """Return what `scan_update` returns, by the general pass: whatever the shape. Raises as it does."""
    work = _Pass(Reader(update), limits)
    sections = work.count(work.reader.var_uint())
    if sections > limits.clients_max:
        raise FrameTooLarge(f"the update has {sections} clients, at most {limits.clients_max} are taken")
    for _ in range(sections):
        work.section()
    deleted = work.deletions()
    work.reader.expect_end()
    needs = {
        client: clock
        for client, clock in work.needs.items()
        # What lies below a section's own start is covered by the gap check of that section.
        if client not in work.inserted or clock > work.inserted[client][1]
    }
    gone = frozenset(work.gc_clients)
    return Scan(work.inserted, deleted, needs, work.first_item, gone, work.structs, tuple(work.overwrites), work.kinds)


def _json_depth(text: str) -> int:
    depth = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            escaped = not escaped and char == "\\"
            in_string = escaped or char != '"'
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def normalise_ranges(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return half-open spans sorted and merged where they touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
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
    return state


def encode_state_vector(state: Mapping[int, int]) -> bytes:
    """Return the Yjs form of a state vector, clients in descending order as Yjs writes them."""
    present = sorted(((client, clock) for client, clock in state.items() if clock), reverse=True)
    writer = Writer().var_uint(len(present))
    for client, clock in present:
        writer.var_uint(client).var_uint(clock)
    return writer.getvalue()


def scan_delete_set(delete_set: bytes) -> dict[int, tuple[Span, ...]]:
    """Return the ranges of a bare Yjs v1 delete set, sorted and merged per client. Raises `MalformedFrame`."""
    work = _Pass(Reader(delete_set), INTERNAL)
    deleted = work.deletions()
    work.reader.expect_end()
    return deleted


# For bytes that this server wrote itself: whole documents, journal rows.
INTERNAL = Limits(
    update_bytes_max=1 << 30,
    structs_max=1 << 30,
    clients_max=1 << 30,
    any_depth_max=64,
    key_items_max=1 << 30,
    state_vector_bytes_max=1 << 30,
    delete_ranges_max=1 << 30,
)
