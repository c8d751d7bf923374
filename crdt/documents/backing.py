"""What stands behind a document: a pycrdt document while it is loaded, its encoded state while it is not.

Invariants: a pycrdt document that panicked is never used again: it is built anew from what it was, or the document is
broken (decision 75). An unloaded document is its encoded state, a tenth of the memory; whatever needs more than that
loads it (decision 68).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from pycrdt import Doc

from crdt.documents.data_image import DataImage
from crdt.documents.pycrdt_document import DocumentKind, EventListener, PycrdtDocument, Root
from crdt.errors import BrokenDocument, MalformedFrame
from crdt.updates.runs import merge
from crdt.updates.scan import INTERNAL, scan_state_vector
from crdt.updates.summary import DeleteSet, Span, UpdateSummary

T = TypeVar("T")
EMPTY_UPDATE = b"\x00\x00"
# Decision 75: above these a new state is shorter than the updates, and building from it is quicker.
BACKUP_BYTES_MAX, BACKUP_UPDATES_MAX = 256 << 10, 2_000


class Applied(msgspec.Struct, frozen=True):
    """What a change brought that was new: the bytes to journal and relay, the ids inserted and deleted."""

    update: bytes
    inserted: Mapping[int, Span]
    deleted: DeleteSet


class Backup:
    """A state and the updates since, from which a document is built again that pycrdt trips over (decision 75).

    Kept only while the document is loaded: an unloaded one is its state.
    """

    __slots__ = ("_bytes", "_state", "_updates")

    def __init__(self, state: bytes) -> None:
        assert state, "an empty document has an update of two counts"
        self._state = state
        self._updates: list[bytes] = []
        self._bytes = 0

    def keep(self, update: bytes) -> bool:
        """Remember an update; False when there are so many that a new state is shorter."""
        assert update, "what was applied had bytes"
        self._updates.append(update)
        self._bytes += len(update)
        return self._bytes <= BACKUP_BYTES_MAX and len(self._updates) <= BACKUP_UPDATES_MAX

    def build(self, kind: DocumentKind, client: int) -> PycrdtDocument:
        """Return the document as it was after the last update that was kept."""
        built = PycrdtDocument(kind, client)
        for update in (self._state, *self._updates):
            if update != EMPTY_UPDATE:
                built.integrate(update)
        return built


# What an item that comes may add to those that are here: itself, and the halves of two that it parts.
ITEM_COUNTS = 3


class Backing:
    """What stands behind one document, written under the Yjs client id `client`; see `Document`."""

    __slots__ = (
        "_backup",
        "_broken",
        "_cache",
        "_image",
        "_image_version",
        "_items",
        "_listener",
        "_loaded",
        "_state",
        "_unloaded_state",
        "client",
        "kind",
        "rest",
        "version",
    )

    def __init__(self, kind: DocumentKind, *, client: int) -> None:
        self.kind = kind
        self.client = client
        self.version = 0
        self._loaded: PycrdtDocument | None = PycrdtDocument(kind, client)
        self._unloaded_state = b""
        self._state: dict[int, int] = {}
        # Items that came otherwise than one by one, at most: see `items_bound`.
        self._items = 0
        self._listener = EventListener()
        self._broken = False
        self._cache: dict[str, tuple[int, object]] = {}
        self._backup: Backup | None = None
        # Of a data document with many keys, and the version of which it, or what it notes, is true.
        self._image: DataImage | None = None
        self._image_version = -1
        # What a transaction writes that pycrdt must be given in parts: each does one, in a native one of its own.
        self.rest: deque[Callable[[], None]] | None = None

    def encode(self, since: bytes | None = None) -> bytes:
        """Return the whole state as one v1 update."""
        raise NotImplementedError

    def items_bound(self) -> int:
        """Return how many items pycrdt walks over here, at most: what stands together in one counts once.

        An item that comes parts at most two others, a deleted range too. Of what was loaded, characters are counted.
        """
        return min(sum(self._state.values()), self._items + ITEM_COUNTS * self.version)

    def _note_items(self, summary: UpdateSummary) -> None:
        """Count what an update brings and parts."""
        self._items += ITEM_COUNTS * summary.structs + 2 * sum(map(len, summary.deleted.values()))

    @property
    def is_loaded(self) -> bool:
        """Tell whether pycrdt holds this document."""
        return self._loaded is not None

    def unload(self) -> bool:
        """Give the pycrdt document up, until it is needed; tell whether the document is unloaded now.

        One that panicked, in which something waits, or with a transaction under way, stays as it is. To load it again
        may be costly: a megabyte of state takes some twenty milliseconds.
        """
        if self._loaded is None:
            return True
        if self._broken or self._loaded.doc._txn is not None:
            return False
        # What waits inside pycrdt is in no export (trap 8): with the state vector it would be lost without a word.
        if scan_state_vector(self._call_pycrdt(self._doc.get_state), INTERNAL) != self._state:
            return False
        state = self.encode()
        assert state, "even an empty document has an update"
        self._backup = None
        # The state is kept once: what was worked out from it, and can be again, would undo half of what is saved.
        self._cache = {name: self._cache[name] for name in ("encode", "digest") if name in self._cache}
        self._unloaded_state, self._loaded, self._image = state, None, None
        return True

    def prepare_load(self) -> tuple[bytes, PycrdtDocument]:
        """Return the unloaded state and what pycrdt makes of it, for `load`; may run in a thread of its own.

        Raises `BrokenDocument`.
        """
        # Only read here: in a thread beside the room nothing of the document may be written.
        state, built = self._unloaded_state, PycrdtDocument(self.kind, self.client)
        if state not in (b"", EMPTY_UPDATE):
            self._call_pycrdt(lambda: built.integrate(state))
        return state, built

    def load(self, state: bytes, built: PycrdtDocument) -> None:
        """Go on with what `prepare_load` has made; does nothing where the document went on meanwhile."""
        # The very same bytes, not equal ones: a document that was loaded, written to and unloaded since has others.
        if self._loaded is None and self._unloaded_state is state:
            self._loaded, self._unloaded_state = built, b""

    @property
    def _pycrdt(self) -> PycrdtDocument:
        if self._loaded is None:
            self.load(*self.prepare_load())
        assert self._loaded is not None, "it was loaded just now"
        return self._loaded

    @property
    def _doc(self) -> Doc[Any]:
        return self._pycrdt.doc

    @property
    def _root(self) -> Root:
        return self._pycrdt.root

    def _call_pycrdt(self, call: Callable[[], T]) -> T:
        """Return what pycrdt answers. Raises `MalformedFrame` where it refuses, `BrokenDocument` where it panics."""
        if self._broken:
            raise BrokenDocument("this document panicked before")
        try:
            return call()
        # A panic is no `Exception`: pyo3 derives it from BaseException, and one that is let go ends the process.
        except (KeyboardInterrupt, SystemExit):
            raise
        except ValueError as error:
            raise MalformedFrame(f"pycrdt refuses the bytes: {error}") from error
        except BaseException as panic:
            self._broken = True
            raise BrokenDocument(f"pycrdt panicked: {panic}") from panic

    def _integrate(self, update: bytes, listener: EventListener | None = None) -> None:
        """Integrate an update. Raises `MalformedFrame`, after which all is as before, and `BrokenDocument`."""
        if self._broken:
            raise BrokenDocument("this document panicked before")
        pycrdt_document = self._loaded or self._pycrdt
        assert pycrdt_document.doc._txn is None, "an update is not applied inside a transaction"
        try:
            pycrdt_document.integrate(update, listener, self._image)
        except (KeyboardInterrupt, SystemExit):
            raise
        except ValueError as error:
            self._forget_derived()
            raise MalformedFrame(f"pycrdt refuses the bytes: {error}") from error
        except BaseException as panic:
            self._rebuild(panic)
            raise MalformedFrame(f"pycrdt trips over the bytes: {panic}") from panic

    def _rebuild(self, panic: object) -> None:
        """Build the document again as it was before pycrdt tripped. Raises `BrokenDocument` where that cannot be."""
        # Broken until it is built: a second panic must not leave it usable. pycrdt may still hold the old listener.
        self._broken, self._listener = True, EventListener()
        if self._backup is None:  # a plain text keeps none: no words that were scanned have made pycrdt panic
            raise BrokenDocument(f"pycrdt panicked: {panic}")
        try:
            self._loaded = self._backup.build(self.kind, self.client)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as again:
            raise BrokenDocument(f"pycrdt panicked, and again on what was there: {again}") from again
        self._broken, self._image = False, None
        self._forget_derived()
        assert self._loaded.doc._txn is None, "it was just built"
        # What was cached may speak of the update that did not come in.
        self.version += 1

    def _write_rest(self) -> bytes:
        """Write what a transaction has left to be written in parts (trap 29); return all of it as one update.

        Raises `BrokenDocument`.
        """
        assert self._listener.event is not None, "the first part is written"
        first, deleted = self._listener.event
        rest = self._call_pycrdt(self._write_parts)
        self._listener.event = b"", deleted
        return merge([first, *rest])

    def _write_parts(self) -> list[bytes]:
        updates = list[bytes]()
        subscription = self._doc._doc.observe(self._listener)
        try:
            while self.rest:
                with self._doc.transaction(origin="folkmoot"):
                    self.rest.popleft()()
                assert self._listener.event is not None, "each part puts something in"
                updates.append(self._listener.event[0])
        finally:
            subscription.drop()
        return updates

    def _forget_derived(self) -> None:
        """Let go of what was worked out beside pycrdt, and may speak of what did not come in."""
        raise NotImplementedError

    def _replace_state(self, state: bytes) -> None:
        """Go on with another state of the same clocks. Raises `MalformedFrame` and `BrokenDocument`."""
        assert state != EMPTY_UPDATE, "characters are put in place of others: something stands there"
        built = PycrdtDocument(self.kind, self.client)
        self._call_pycrdt(lambda: built.integrate(state))
        self._loaded, self._unloaded_state, self._image = built, b"", None
        if self._backup is not None:
            self._backup = Backup(state)

    def _extend_backup(self, update: bytes) -> None:
        """Keep an update for the day when pycrdt panics; where there are many, keep the state instead."""
        if self._backup is not None and not self._backup.keep(update):
            self._backup = Backup(self.encode())

    def _cached(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` returns, made once for each version of the document."""
        kept = self._cache.get(name)
        if kept is not None and kept[0] == self.version:
            return kept[1]  # type: ignore[return-value]
        value = make()
        self._cache[name] = (self.version, value)
        return value
