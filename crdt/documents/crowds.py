"""How many items crowd at one place of a document: what pycrdt must pass by, one by one, to find where another stands.

An item that its author put between two neighbours costs nothing where nobody else put one there. Of those that nobody
knew of, each passes by the others: the cost is the square of how many there are, inside one native call that holds the
interpreter's lock (8 × 4,000 values of one key: 21 s), and again whenever the document is loaded. So they are counted
over all updates: by left neighbour, or by map key where there is none. Pure.

An item that stands right before the one that was put last behind the same left neighbour is not counted: so lists grow
at their beginning. What is counted is never less than what crowds; more, where somebody returns to a place, or where
two places share a slot.

Counts begin at zero with each loading: only where they grow suspiciously is the state read for what came before. To
read it costs Python some 15 µs an item, so whoever has an event loop reads beside it (`Crowds.begin_reading`) before
more comes in (decision 124).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from zlib import crc32

from crdt.updates.structs import in_causal_order, read_sections
from crdt.updates.summary import GC, SKIP, Branch, Id, branch_of

# How many items may crowd at one place: about half a second of pycrdt's, once.
PLACE_ITEMS_MAX = 5_000
# What all places together may cost: items passed by. A second of pycrdt's at each loading, measured 2026-11-29.
PASSED_MAX = 25_000_000
# Passing by so many takes no longer than the item itself, and as many places may share a slot: they are not summed up.
NEAR = 16
# Beyond these the state is to be read, to know what crowds there already: no hand has ever come so far in a day. And
# beyond these it is read at once, where nobody has read it beside the loop.
SUSPICIOUS_PASSED, URGENT_PASSED = 200_000, 1_000_000
# Above so many places they are counted in slots.
PLACES_MAX, SLOTS = 256, 8_192
# Left neighbours behind which somebody wrote last.
TOPS_MAX = 64
NOTHING: frozenset[Id] = frozenset()


def slot_of(place: object) -> int:
    """Return the slot in which a place is counted, the same in every process: `hash` of a word is not."""
    # Nearly all stand behind another: neighbours are far apart, and a CRC of their names takes eight times as long.
    if type(place) is Id:
        return (place.client * 0x9E3779B1 ^ place.clock * 0x85EBCA77) >> 7 & SLOTS - 1
    return crc32(repr(place).encode()) % SLOTS


class CrowdsReading:
    """The crowds of a document state, read beside the event loop."""

    __slots__ = ("_state", "crowds")

    def __init__(self, state: bytes) -> None:
        self._state = state
        self.crowds: Crowds | None = None

    def read(self) -> None:
        """Count what crowds in the state; runs in any thread."""
        self.crowds = Crowds.of_state(self._state)


class Crowds:
    """The crowds of one document. `is_partial`: what was there when it was loaded is not counted."""

    __slots__ = ("_counts", "_since", "_slots", "_tops", "is_partial", "passed")

    def __init__(self) -> None:
        self.is_partial = True
        # What came while the state was being read; None while it is not.
        self._since: list[Branch] | None = None
        # Items that were, at most, passed by.
        self.passed = 0
        self._counts: dict[object, int] = {}
        self._slots: array[int] | None = None
        # By left neighbour, the item that was put behind it last, the neighbour that was last touched at the end.
        self._tops: dict[object, Id] = {}

    @classmethod
    def of_state(cls, state: bytes) -> Crowds:
        """Return the crowds of a whole document state."""
        crowds = cls()
        crowds.is_partial = False
        for struct in in_causal_order(read_sections(state), {}):
            if struct.kind not in (GC, SKIP) and struct.origin != (struct.client, struct.clock - 1):
                id = Id(struct.client, struct.clock)
                crowds._count(branch_of(id, struct.origin, struct.right, struct.parent, struct.key))
        return crowds

    def add(self, branches: Iterable[Branch], items_max: int) -> frozenset[Id]:
        """Count items that come in; return those of them for which there is no place left: they are not counted."""
        refused: set[Id] | None = None
        for branch in branches:
            crowd = self._at(branch)
            if crowd and (crowd >= items_max or self.passed + crowd > PASSED_MAX):
                refused = refused or set()
                refused.add(branch.id)
            else:
                self._count(branch, crowd)
        return frozenset(refused) if refused else NOTHING

    @property
    def is_suspicious(self) -> bool:
        """Tell whether more came than hands write, so that what was there before is to be known."""
        return self.is_partial and self.passed > SUSPICIOUS_PASSED

    @property
    def is_urgent(self) -> bool:
        """Tell whether so much came that what was there before has to be known now."""
        return self.is_partial and self.passed > URGENT_PASSED

    def begin_reading(self, state: bytes) -> CrowdsReading:
        """Begin to read what crowds in the whole state of the document, as it is now."""
        self._since = []
        return CrowdsReading(state)

    def end_reading(self, reading: CrowdsReading) -> None:
        """Take over what was read, and count what came meanwhile.

        Does nothing where another reading came before, or this one came to nothing.
        """
        found, since, self._since = reading.crowds, self._since, None
        if found is None or since is None or not self.is_partial:
            return
        self._counts, self._slots, self._tops = found._counts, found._slots, found._tops
        self.passed, self.is_partial = found.passed, False
        for branch in since:
            self._count(branch)

    def _at(self, branch: Branch) -> int:
        """Return how many items one would meet, at most; 0 where it stands next to the last."""
        if self._tops.get(branch.place) == branch.right is not None:
            return 0
        if self._slots is not None:
            return self._slots[slot_of(branch.place)]
        return self._counts.get(branch.place, 0)

    def _count(self, branch: Branch, crowd: int | None = None) -> None:
        """Count an item that comes to its place; `crowd` is how many it meets there, where that was asked already."""
        place = branch.place
        if self._since is not None:
            self._since.append(branch)
        is_next = branch.right is not None and self._tops.get(place) == branch.right
        self._tops.pop(place, None)
        self._tops[place] = branch.id
        if len(self._tops) > TOPS_MAX:
            del self._tops[next(iter(self._tops))]
        if is_next:
            return
        if crowd is None:
            crowd = self._at(branch)
        self.passed += crowd if crowd > NEAR else 0
        if self._slots is None and len(self._counts) >= PLACES_MAX and place not in self._counts:
            self._slots = array("I", bytes(4 * SLOTS))
            for other, count in self._counts.items():
                self._slots[slot_of(other)] += count
            self._counts = {}
        if self._slots is not None:
            self._slots[slot_of(place)] += 1
        else:
            self._counts[place] = crowd + 1
