"""What one look at an update finds: which ids it brings, deletes and needs, and which kinds of content it holds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP = range(11)
# Marks of `UpdateSummary.kinds` beside the kinds of content: an item under a map key, one inside another item, one that
# refers to its own client from its own clock on or to one neighbour twice (no client writes these), one in a root with
# another name than `content`, an XmlHook, a value nested more than `Limits.any_depth_max` deep, one that holds a number
# which pycrdt writes otherwise than it came, a key that is set more than `Limits.key_items_max` times at once, and JSON
# of an embed or a mark that pycrdt does not read.
KEYED, NESTED, FORWARD, ELSEWHERE, HOOK, DEEP, EXACT, CROWDED, UNREAD = range(11, 20)
# What a document takes from nobody: it is entered as deleted (`crdt.documents.intake`), or waits for what comes before
# it (SKIP).
ODD = 1 << JSON | 1 << DOC | 1 << SKIP | 1 << HOOK | 1 << DEEP | 1 << UNREAD

CLOCK_MAX = 2**32 - 1  # pycrdt keeps clocks and lengths in 32 bits
Span = tuple[int, int]  # (first clock, end clock), half open
IdSpan = tuple[int, int, int]  # (Yjs client id, first clock, end clock), half open


class Id(NamedTuple):
    """One unit of content: the `clock`-th (from 0, in UTF-16 units for text) that `client` made."""

    client: int
    clock: int


class FirstItem(NamedTuple):
    """The first item of a client's section: its own id and the neighbours it was put between."""

    id: Id
    origin: Id | None
    right: Id | None


DeleteSet = Mapping[int, tuple[Span, ...]]


NO_PAIRS: Mapping[int, tuple[int, ...]] = MappingProxyType({})


# A msgspec structure: one is made for every keystroke, and a frozen dataclass takes four times as long to make.
class UpdateSummary(msgspec.Struct, frozen=True):
    """What an update holds, without applying it. All spans are half open, `[start, end)` in clocks.

    `overwrites` are the entries of map keys that its items take the place of, deleted ones included. Bit k of `kinds`
    is set where a struct of kind k is held; `KEYED` to `UNREAD` are bits too. `pairs` are, by client, the clocks at
    which a character of two UTF-16 units begins. Where `SKIP` is set, an `inserted` span has holes.
    """

    inserted: Mapping[int, Span]
    deleted: DeleteSet
    needs: Mapping[int, int]
    first_item: Mapping[int, FirstItem]
    gc_clients: frozenset[int]
    structs: int
    overwrites: tuple[Id, ...] = ()
    kinds: int = 0
    pairs: Mapping[int, tuple[int, ...]] = NO_PAIRS
