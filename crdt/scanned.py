"""What one look at an update finds: which ids it brings, deletes and needs, and which kinds of content it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP = range(11)
# Marks of `Scan.kinds` beside the kinds of content: an item under a map key, one inside another item, and one that
# refers to its own client from its own clock on, which no client writes.
KEYED, NESTED, FORWARD = 11, 12, 13

Span = tuple[int, int]


class Id(NamedTuple):
    """One unit of content: the `clock`-th (from 0, in UTF-16 units for text) that `client` made."""

    client: int
    clock: int


class Item(NamedTuple):
    """The first item of a client's section: its own id and the neighbours it was put between."""

    id: Id
    origin: Id | None
    right: Id | None


Ranges = Mapping[int, tuple[Span, ...]]


# A msgspec structure: one is made for every keystroke, and a frozen dataclass takes four times as long to make.
class Scan(msgspec.Struct, frozen=True):
    """What an update holds, without applying it. All spans are half open, `[start, end)` in clocks.

    `overwrites` are the entries of map keys that its items take the place of, deleted ones included. Bit k of `kinds`
    is set where a struct of kind k is held; `KEYED`, `NESTED` and `FORWARD` are bits too.
    """

    inserted: Mapping[int, Span]
    deleted: Ranges
    needs: Mapping[int, int]
    first_item: Mapping[int, Item]
    gc_clients: frozenset[int]
    structs: int
    overwrites: tuple[Id, ...] = ()
    kinds: int = 0
