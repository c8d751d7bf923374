"""What of an update a document takes: the rest is entered as deleted, left out, or waits, and its author is told.

Nearly every update passes as it is. Where it does not, it is written anew: what is known already is cut off, what
waits for edits that are not here is left out, ids of others too; and a value that no document holds (`docs/values.md`)
becomes a deletion of the same length at the same place (decision 71). So a client's clocks go on without a gap,
whatever the client types next is kept, and once its replica has the same deletion all replicas hold the same. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

from crdt.documents.crowds import NOTHING, PLACE_ITEMS_MAX
from crdt.documents.shape import (
    ARRAY,
    GONE,
    MAP,
    TEXTS,
    TYPE_DEPTH_MAX,
    XML_ELEMENT,
    XML_FRAGMENT,
    XML_HOOK,
    XML_NODES,
    Known,
    Shape,
)
from crdt.updates.known_structs import are_same, note_units
from crdt.updates.lib0 import Writer
from crdt.updates.rewrite import encode_delete_set, mend_halves_in_json, write_collected, write_deleted, write_rest
from crdt.updates.scan import INTERNAL, normalise_ranges, scan_fully
from crdt.updates.structs import Struct, in_causal_order, read_sections, sections_of
from crdt.updates.summary import (
    ANY,
    BINARY,
    DELETED,
    DOC,
    EMBED,
    FORWARD,
    GC,
    JSON,
    KEYED,
    NESTED,
    ODD,
    SKIP,
    STRING,
    TYPE,
    Id,
    Span,
    UpdateSummary,
)
from crdt.updates.surrogates import cut_strings, find_cuts, find_edges, find_middles, read_string

Reason = Literal[
    "unsupported_value", "nested_too_deep", "no_place", "foreign_id", "conflicting_id", "too_large", "crowded"
]
# Any other update holds and hangs nothing that may not be in a plain text: words, marks and deletions.
LOOKED_AT = 1 << EMBED | 1 << TYPE | 1 << ANY | 1 << BINARY | 1 << NESTED | 1 << KEYED
TYPED = 1 << STRING
UNDER_A_KEY = frozenset({ANY, BINARY, TYPE})
WORDS: Mapping[Reason, str] = {
    "unsupported_value": "documents hold no subdocuments, XML hooks, values of the old form JSON or JSON that is none",
    "nested_too_deep": f"values and shared types are nested at most {TYPE_DEPTH_MAX} deep",
    "no_place": "such a value has no place there",
    "foreign_id": "it was written under a Yjs client id that is somebody else's",
    "conflicting_id": "other content stands under the same Yjs ids: give the client another id",
    "too_large": "the document would grow over its bound",
    "crowded": "too many items stand at one place, or under one key, whose authors did not know of each other",
}


class Refused(msgspec.Struct, frozen=True):
    """What of an update was not taken, and why: clocks `start` to `end` of `client`."""

    reason: Reason
    client: int
    start: int
    end: int


class Intake(msgspec.Struct, frozen=True):
    """What comes in: `update` is to be applied, with its `summary`. `waits` where a part of it lacks what came before.

    `removed` are the ids whose content was entered as deleted: their author's replica is to delete them, too.
    `known` is what `Document.apply` need not find out, or do, again.
    """

    update: bytes
    summary: UpdateSummary
    refused: tuple[Refused, ...] = ()
    waits: bool = False
    removed: Mapping[int, tuple[Span, ...]] = {}
    known: Known = ""


class IntakeTarget(Protocol):
    """What the intake asks of the document that an update is for."""

    @property
    def is_plain(self) -> bool:
        """Tell whether the document is a text into which nothing but words was ever written."""

    def state_vector(self) -> Mapping[int, int]:
        """Return client id to next clock."""

    def is_typing(self, update: bytes, summary: UpdateSummary) -> bool:
        """Tell whether an update is new words of one client in a plain text."""

    def lacks_before(self, summary: UpdateSummary) -> bool:
        """Tell whether something that an update stands on is lacking."""

    def shape(self) -> Shape:
        """Return where the items hang."""

    def find_crowded(self, summary: UpdateSummary, items_max: int) -> frozenset[Id]:
        """Return those of an update's items that come to where too many are."""

    def since(self, client: int, clock: int) -> bytes:
        """Return what the document holds of one client from a clock on, as an update."""


def take_in(
    document: IntakeTarget,
    update: bytes,
    summary: UpdateSummary,
    *,
    foreign: Collection[int] = (),
    unwanted: Collection[int] = (),
    is_full: bool = False,
    place_items_max: int = PLACE_ITEMS_MAX,
) -> Intake:
    """Return what of a client's update may be applied to `document` as it is.

    What is new under the ids `foreign` is left out: the connection that holds them is to send it (decision 73). Under
    the ids `unwanted`, whose author is gone, it is entered as deleted, so that edits beside it find their place
    (decision 74); where the document `is_full`, all that is new. What comes to a place, or a key, where
    `place_items_max` stand already without knowing of each other is collected: it would cost as much as all of them.

    Raises:
        MalformedFrame: a part of it cannot be cut where it must be.
    """
    crowded = document.find_crowded(summary, place_items_max) if summary.branches else NOTHING
    is_free = not (foreign or unwanted or is_full or crowded)
    # Nearly every edit there is: words of one client, or a deletion, in a plain text.
    if is_free and not summary.pairs and document.is_typing(update, summary):
        return Intake(update, summary, known="typing")
    # The first of several checks, each dearer than the one before: a deletion or a replacement in a plain text.
    state = document.state_vector()
    if is_free and not (summary.kinds & ~TYPED or summary.pairs) and len(summary.inserted) <= 1 and document.is_plain:
        for client, (start, _) in summary.inserted.items():
            if start != state.get(client, 0):
                break
        else:
            if not document.lacks_before(summary):
                return Intake(update, summary)
    # Then any other edit of one client that goes on where it ended: looked at, and passed as it is where all is well.
    is_plain = is_free and not summary.kinds & (ODD | 1 << FORWARD) and len(summary.inserted) <= 1
    if is_plain and all(start == state.get(client, 0) for client, (start, _) in summary.inserted.items()):
        is_plain = not document.lacks_before(summary)
        is_plain = is_plain and not (_is_looked_at(document, summary) and _misplaced(document.shape(), update, summary))
        is_plain = is_plain and not _hangs_from_nothing(document, summary)
        if is_plain and not (summary.pairs and find_cuts(find_middles(summary.pairs), find_edges(update, summary))):
            return Intake(update, summary)
    # All else is read struct by struct.
    return _Rewrite(document, update, summary, frozenset(foreign), frozenset(unwanted), crowded, is_full).result()


def _is_looked_at(document: IntakeTarget, summary: UpdateSummary) -> bool:
    """Tell whether an update may hang something where it may not; words, too, where there are keys."""
    return bool(summary.kinds & LOOKED_AT) or bool(summary.structs and not document.is_plain)


def _hangs_from_nothing(document: IntakeTarget, summary: UpdateSummary) -> bool:
    """Tell whether an update may put something beside what was collected; Yjs collects it, pycrdt may show it."""
    if document.is_plain or not summary.structs:
        return False
    shape = document.shape()
    if not shape.has_gone:
        return False
    firsts = summary.first_item.values()
    return summary.structs > 1 or any(shape.is_gone(item.origin) or shape.is_gone(item.right) for item in firsts)


def _misplaced(shape: Shape, update: bytes, summary: UpdateSummary) -> bool:
    """Tell whether an update may hang something where it may not; of several structs only the rewrite can say."""
    if summary.structs > 1 or summary.kinds & 1 << TYPE:
        return True
    sections = sections_of(update, summary).values()
    return any(_find_reason(shape, update, struct) for structs in sections for struct in structs)


def _find_reason(shape: Shape, update: bytes, struct: Struct) -> Reason | None:
    """Return why a struct may not come in, by what it is and what it hangs from."""
    if struct.kind in (GC, SKIP):
        return None
    number = shape.holder_of(struct)
    assert struct.length > 0, "the scanner refuses empty structs"
    if struct.kind == DELETED:
        # What is deleted is a neighbour still: what comes to stand beside it hangs where it hangs.
        return "no_place" if number != GONE and shape.is_torn(struct) else None
    # pycrdt tells words and an embed that is a string apart nowhere.
    is_string = struct.kind == EMBED and read_string(update, struct).lstrip().startswith('"')
    if struct.kind in (JSON, DOC) or struct.ref == XML_HOOK or struct.is_unread or is_string:
        return "unsupported_value"
    if struct.is_deep:
        return "nested_too_deep"
    # From here on it counts what the item hangs from.
    if isinstance(struct.parent, Id) and not shape.is_type(struct.parent):
        return "no_place"
    if number == GONE:
        return None  # it is collected as it comes in, whatever it is
    if shape.is_torn(struct):
        return "no_place"
    holder, has_key = shape.holder(number), shape.is_keyed(struct)
    if struct.kind == TYPE and holder.depth >= TYPE_DEPTH_MAX:
        return "nested_too_deep"
    if has_key:
        # A mark is no value, nor is a word; of several values under one key Yjs shows the last, and keeps the others or
        # not by how they came.
        return None if struct.length == 1 and struct.kind in UNDER_A_KEY else "no_place"
    if holder.kind in TEXTS and struct.kind in (ANY, BINARY):
        return "no_place"
    # A list holds values, a map nothing that stands under no key: pycrdt never comes to an end of words in a list.
    if holder.kind == MAP or (holder.kind == ARRAY and struct.kind not in UNDER_A_KEY):
        return "no_place"
    is_node = struct.kind == TYPE and struct.ref in XML_NODES
    if holder.kind in (XML_ELEMENT, XML_FRAGMENT) and not is_node:
        return "no_place"
    return None


def _take_rest(struct: Struct, begin: int) -> Struct:
    """Return what of a struct is new: the rest of an item hangs from its own first part, wherever that came to lie."""
    assert struct.clock <= begin < struct.stop, "a part of the struct is new"
    if begin == struct.clock:
        return struct
    rest = struct._replace(clock=begin, length=struct.stop - begin)
    return (
        rest if struct.kind in (GC, SKIP) else rest._replace(origin=Id(struct.client, begin - 1), parent=None, key=None)
    )


@dataclass(slots=True)
class _Rewrite:
    """One update that is written anew: what is kept of each section, and what its author is told of the rest."""

    document: IntakeTarget
    update: bytes
    summary: UpdateSummary
    foreign: frozenset[int]
    unwanted: frozenset[int]
    crowded: frozenset[Id]
    is_full: bool
    refused: list[Refused] = field(default_factory=list)
    removed: dict[int, list[Span]] = field(default_factory=dict)
    kept: dict[int, list[tuple[Struct, bytes]]] = field(default_factory=dict)
    waits: bool = False
    is_cut: bool = False
    structs: int = 0

    def result(self) -> Intake:
        """Return what of the update comes in, written anew, or as it is where nothing of it had to change."""
        state = self.document.state_vector()
        # A plain text has no shape that is kept.
        entered: Known = "" if self.document.is_plain else "entered"
        sections: dict[int, list[Struct]] = {}
        count = 0
        # A client that was away for a while sends all there is; where nothing of it is new, no struct is looked at.
        is_known = all(end <= state.get(client, 0) for client, (_, end) in self.summary.inserted.items())
        self.structs = self.summary.structs if is_known else 0
        for client, structs in () if is_known else sections_of(self.update, self.summary).items():
            self.structs += len(structs)
            end = structs[-1].stop
            if client in self.foreign:
                known = state.get(client, 0)
                if end > known:
                    self.refused.append(Refused("foreign_id", client, max(known, structs[0].clock), end))
                continue
            own = self._unknown(client, structs, state.get(client, 0))
            if own:
                sections[client] = own
                count += len(own)
        # In causal order: what a struct hangs from must be known before the struct is judged.
        shape = self.document.shape()
        taken = 0
        for struct in in_causal_order(sections, state):
            taken += 1
            if struct.kind != SKIP:
                self._take(shape, struct)
        assert taken <= count, "each struct comes once"
        self.waits = taken < count
        if count == self.structs and not (
            self.waits or self.refused or self.is_cut or self.document.lacks_before(self.summary)
        ):
            return Intake(*_cut_pairs(self.update, self.summary), known=entered)
        reach = {client: structs[-1][0].stop for client, structs in self.kept.items()}
        update = self._write({**state, **reach})
        update, summary = _cut_pairs(update, scan_fully(update, INTERNAL))
        removed = {client: normalise_ranges(spans) for client, spans in self.removed.items()}
        refused = tuple(_join_refused(self.refused))
        return Intake(update, summary, refused, self.waits, removed, known=entered)

    def _unknown(self, client: int, structs: list[Struct], known: int) -> list[Struct]:
        """Return the structs that are new, the first of them cut where it begins below what is known."""
        new = [struct for struct in structs if struct.stop > known]
        # Another person may have typed under the same id meanwhile: then the clocks hold other words (decision 73).
        if new and structs[0].clock < known and not self._repeats(structs, known):
            self.refused.append(Refused("conflicting_id", client, known, new[-1].stop))
            return []
        return new

    def _repeats(self, structs: list[Struct], known: int) -> bool:
        """Tell whether structs hold, below what is known, what the document holds."""
        client, start = structs[0].client, structs[0].clock
        assert start < known, "only what is known already can be repeated"
        known_update = self.document.since(client, start)
        mine = note_units(known_update, read_sections(known_update).get(client, []), start, known)
        theirs = note_units(self.update, structs, start, known)
        return are_same(mine, theirs)

    def _take(self, shape: Shape, struct: Struct) -> None:
        """Keep one struct: as it is, cut, mended, collected or deleted; and note why where its content is refused."""
        known = self.document.state_vector().get(struct.client, 0)
        begin = max(struct.clock, known)
        assert begin < struct.stop, "structs that are known as a whole were left out"
        placed = _take_rest(struct, begin)
        self.is_cut = self.is_cut or begin > struct.clock
        mended = mend_halves_in_json(self.update, struct, begin) if struct.is_unread and not struct.is_deep else None
        reason = _find_reason(shape, self.update, placed if mended is None else placed._replace(is_unread=False))
        if reason is None and struct.kind not in (GC, DELETED):
            reason = "foreign_id" if struct.client in self.unwanted else "too_large" if self.is_full else None
        is_crowded = Id(struct.client, struct.clock) in self.crowded
        reason = "crowded" if is_crowded else reason
        if reason is None and struct.kind != GC and shape.holder_of(placed) == GONE:
            # Beside what was collected Yjs collects it, and pycrdt may show it: both are given what Yjs makes of it.
            written, entered, self.is_cut = write_collected(struct, begin), placed._replace(kind=GC, ref=-1), True
        elif reason is None and mended is not None:
            written, entered, self.is_cut = mended, placed, True
        elif reason is None:
            written = (
                self.update[struct.at : struct.end] if begin == struct.clock else write_rest(self.update, struct, begin)
            )
            entered = placed
        else:
            # Deleted it keeps its place as a neighbour; where it has none that all agree on, or none that is found at a
            # bearable cost, it is collected.
            is_lost = shape.holder_of(placed) == GONE and isinstance(placed.parent, Id)
            is_buried = is_crowded or is_lost or shape.is_torn(placed)
            written = write_collected(struct, begin) if is_buried else write_deleted(self.update, struct, begin)
            entered = placed._replace(kind=GC if is_buried else DELETED, ref=-1)
            self.refused.append(Refused(reason, struct.client, begin, struct.stop))
            self.removed.setdefault(struct.client, []).append((begin, struct.stop))
        assert written, "clocks go on without a gap: something stands for each struct"
        shape.add(entered)
        self.kept.setdefault(struct.client, []).append((placed, written))

    def _write(self, reach: Mapping[int, int]) -> bytes:
        """Return what was kept as an update, with the deletions of what is here then; `reach` is where clients end."""
        writer = Writer().var_uint(len(self.kept))
        for client in sorted(self.kept, reverse=True):
            structs = self.kept[client]
            assert structs, "a section holds at least one struct"
            writer.var_uint(len(structs)).var_uint(client).var_uint(structs[0][0].clock)
            for _, written in structs:
                writer.raw(written)
        there: dict[int, list[Span]] = {}
        for client, spans in self.summary.deleted.items():
            top = reach.get(client, 0)
            # A deletion of what is not here would wait inside pycrdt, in no export: its author sends it again.
            here = [(start, min(end, top)) for start, end in spans if start < top]
            if len(here) < len(spans) or (here and here[-1] != spans[-1]):
                self.waits = self.waits or client not in self.foreign
            if here:
                there[client] = here
        return writer.raw(encode_delete_set(there)).getvalue()


def _cut_pairs(update: bytes, summary: UpdateSummary) -> tuple[bytes, UpdateSummary]:
    """Return an update in which no item lies between the halves of a character that comes with it."""
    cut = find_cuts(find_middles(summary.pairs), find_edges(update, summary)) if summary.pairs else {}
    if not cut:
        return update, summary
    update = cut_strings(update, cut)
    return update, scan_fully(update, INTERNAL)


def _join_refused(refused: Iterable[Refused]) -> list[Refused]:
    """Return refusals with those joined that go on where another of the same reason ends."""
    joined: list[Refused] = []
    for one in sorted(refused, key=lambda one: (one.client, one.start)):
        last = joined[-1] if joined else None
        if last is not None and (last.reason, last.client, last.end) == (one.reason, one.client, one.start):
            joined[-1] = Refused(last.reason, last.client, last.start, one.end)
        else:
            joined.append(one)
    return joined
