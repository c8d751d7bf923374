"""What one look at an update finds: which ids it brings, deletes and needs, and which kinds of content it holds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP = range(11)
# Bits of `UpdateSummary.kinds` beside those of the kinds of content.
# KEYED: an item stands under a map key. NESTED: an item hangs from another item. ELSEWHERE: an item hangs from a root
# that is not `content`. HOOK: an XmlHook. DEEP: a value nests deeper than `Limits.any_depth_max`. EXACT: a number that
# pycrdt writes otherwise than it came. UNREAD: JSON of an embed or a mark that pycrdt does not read. FORWARD: an item
# refers to its own client from its own clock on, or names one neighbour on both sides; no client writes these.
KEYED, NESTED, FORWARD, ELSEWHERE, HOOK, DEEP, EXACT, UNREAD = range(11, 19)
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


class Branch(NamedTuple):
    """An item that does not go on where its client ended: its id, the place it was put at, its right neighbour.

    The place is its left neighbour, or else what it hangs from and its key, as far as its bytes say.
    """

    id: Id
    place: object
    right: Id | None


def branch_of(id: Id, origin: Id | None, right: Id | None, parent: object, key: str | None) -> Branch:
    """Return where an item stands, by what its bytes say; `parent` and `key` count where it has no neighbour."""
    if origin is not None:
        return Branch(id, origin, right)
    # At the beginning of something: of what, only its right neighbour knows.
    return Branch(id, (right,) if right is not None else (parent, key), right)


DeleteSet = Mapping[int, tuple[Span, ...]]


NO_PAIRS: Mapping[int, tuple[int, ...]] = MappingProxyType({})


# A msgspec structure: one is made for every keystroke, and a frozen dataclass takes four times as long to make.
class UpdateSummary(msgspec.Struct, frozen=True):
    """What an update holds, without applying it. All spans are half open, `[start, end)` in clocks.

    `overwrites` are the entries of map keys that its items take the place of, deleted ones included. Bit k of `kinds`
    is set where a struct of kind k is held; `KEYED` to `UNREAD` are bits too. `pairs` are, by client, the clocks at
    which a character of two UTF-16 units begins; `branches` the items that do not go on where their client ended.
    Where `SKIP` is set, an `inserted` span has holes. `sections` are the structs themselves by client, where reading
    them takes so long that they were read beside the event loop (`crdt.updates.structs.with_sections`).
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
    branches: tuple[Branch, ...] = ()
    sections: Any = None
