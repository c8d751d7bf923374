"""What a document holds of pycrdt: awake, at rest as its encoded state, or built again after pycrdt tripped.

Invariants: a document whose native side panicked is never used again: it is built anew from what it was, or it is
broken. One that rests is its encoded state, a tenth of the memory; whatever needs more than that wakes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from pycrdt import Doc

from crdt.documents.pycrdt_document import Backup, DocumentKind, EventListener, PycrdtDocument, Root
from crdt.errors import BrokenDocument, MalformedFrame
from crdt.updates.scan import INTERNAL, scan_state_vector
from crdt.updates.summary import DeleteSet, Span

T = TypeVar("T")
EMPTY_UPDATE = b"\x00\x00"


class Applied(msgspec.Struct, frozen=True):
    """What a change brought that was new: the bytes to journal and relay, the ids inserted and deleted."""

    update: bytes
    inserted: Mapping[int, Span]
    deleted: DeleteSet


class Backing:
    """The native half of one document, written under the Yjs client id `client`; see `Document`."""

    __slots__ = (
        "_backup",
        "_broken",
        "_cache",
        "_listener",
        "_loaded",
        "_state",
        "_unloaded_state",
        "client",
        "kind",
        "version",
    )

    def __init__(self, kind: DocumentKind, *, client: int) -> None:
        self.kind = kind
        self.client = client
        self.version = 0
        self._loaded: PycrdtDocument | None = PycrdtDocument(kind, client)
        self._unloaded_state = b""
        self._state: dict[int, int] = {}
        self._listener = EventListener()
        self._broken = False
        self._cache: dict[str, tuple[int, object]] = {}
        self._backup: Backup | None = None

    def encode(self, since: bytes | None = None) -> bytes:
        """Return the whole state as one v1 update."""
        raise NotImplementedError

    @property
    def is_loaded(self) -> bool:
        """Tell whether pycrdt holds this document."""
        return self._loaded is not None

    def unload(self) -> bool:
        """Give up what pycrdt holds, until it is needed; tell whether the document rests.

        One that panicked, or that something waits in or writes to, goes on as it is. Waking it may be costly: a
        megabyte of state takes some twenty milliseconds.
        """
        if self._loaded is None:
            return True
        if self._broken or self._loaded.doc._txn is not None:
            return False
        if scan_state_vector(self._call_pycrdt(self._doc.get_state), INTERNAL) != self._state:
            return False
        state = self.encode()
        self._backup = None
        self._cache = {name: self._cache[name] for name in ("encode", "digest") if name in self._cache}
        self._unloaded_state, self._loaded = state, None
        return True

    def prepare_load(self) -> tuple[bytes, PycrdtDocument]:
        """Return the state that rests and what pycrdt makes of it, for `load`; may run in a thread of its own.

        Raises `BrokenDocument`.
        """
        state, native = self._unloaded_state, PycrdtDocument(self.kind, self.client)
        if state not in (b"", EMPTY_UPDATE):
            self._call_pycrdt(lambda: native.integrate(state))
        return state, native

    def load(self, state: bytes, native: PycrdtDocument) -> None:
        """Go on with what `prepare_load` has made; does nothing where the document went on meanwhile."""
        if self._loaded is None and self._unloaded_state is state:
            self._loaded, self._unloaded_state = native, b""

    @property
    def _pycrdt(self) -> PycrdtDocument:
        if self._loaded is None:
            self.load(*self.prepare_load())
        assert self._loaded is not None, "it was woken"
        return self._loaded

    @property
    def _doc(self) -> Doc[Any]:
        return self._pycrdt.doc

    @property
    def _root(self) -> Root:
        return self._pycrdt.root

    def _call_pycrdt(self, call: Callable[[], T]) -> T:
        if self._broken:
            raise BrokenDocument("this document panicked before")
        try:
            return call()
        except (KeyboardInterrupt, SystemExit):
            raise
        except ValueError as error:
            raise MalformedFrame(f"pycrdt refuses the bytes: {error}") from error
        except BaseException as panic:
            self._broken = True
            raise BrokenDocument(f"pycrdt panicked: {panic}") from panic

    def _integrate(self, update: bytes, heard: EventListener | None = None) -> None:
        if self._broken:
            raise BrokenDocument("this document panicked before")
        native = self._loaded or self._pycrdt
        assert native.doc._txn is None, "an update is not applied inside a transaction"
        try:
            native.integrate(update, heard)
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
        self._broken, self._listener = True, EventListener()
        if self._backup is None:
            raise BrokenDocument(f"pycrdt panicked: {panic}")
        try:
            self._loaded = self._backup.build(self.kind, self.client)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as again:
            raise BrokenDocument(f"pycrdt panicked, and again on what was there: {again}") from again
        self._broken = False
        self._forget_derived()
        self.version += 1

    def _forget_derived(self) -> None:
        """Let go of what was worked out beside the native half, and may speak of what did not come in."""
        raise NotImplementedError

    def _replace_state(self, state: bytes) -> None:
        """Go on with another state of the same clocks. Raises `MalformedFrame` and `BrokenDocument`."""
        native = PycrdtDocument(self.kind, self.client)
        self._call_pycrdt(lambda: native.integrate(state))
        self._loaded, self._unloaded_state = native, b""
        if self._backup is not None:
            self._backup = Backup(state)

    def _extend_backup(self, update: bytes) -> None:
        if self._backup is not None and not self._backup.keep(update):
            self._backup = Backup(self.encode())

    def _cached(self, name: str, make: Callable[[], T]) -> T:
        kept = self._cache.get(name)
        if kept is not None and kept[0] == self.version:
            return kept[1]  # type: ignore[return-value]
        value = make()
        self._cache[name] = (self.version, value)
        return value
