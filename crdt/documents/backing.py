"""What a document holds of pycrdt: awake, at rest as its encoded state, or built again after pycrdt tripped.

Invariants: a document whose native side panicked is never used again: it is built anew from what it was, or it is
broken. One that rests is its encoded state, a tenth of the memory; whatever needs more than that wakes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from pycrdt import Doc

from crdt.documents.pycrdt_document import DocumentKind, Emitted, Native, Root, Spare
from crdt.errors import BrokenDocument, MalformedFrame
from crdt.updates.scan import INTERNAL, Ranges, Span, scan_state_vector

T = TypeVar("T")
EMPTY_UPDATE = b"\x00\x00"


class Applied(msgspec.Struct, frozen=True):
    """What a change brought that was new: the bytes to journal and relay, the ids inserted and deleted."""

    update: bytes
    inserted: Mapping[int, Span]
    deleted: Ranges


class Backing:
    """The native half of one document, written under the Yjs client id `client`; see `Document`."""

    __slots__ = ("_asleep", "_awake", "_broken", "_cache", "_heard", "_spare", "_state", "client", "kind", "version")

    def __init__(self, kind: DocumentKind, *, client: int) -> None:
        self.kind = kind
        self.client = client
        self.version = 0
        self._awake: Native | None = Native(kind, client)
        self._asleep = b""
        self._state: dict[int, int] = {}
        self._heard = Emitted()
        self._broken = False
        self._cache: dict[str, tuple[int, object]] = {}
        self._spare: Spare | None = None

    def encode(self, since: bytes | None = None) -> bytes:
        """Return the whole state as one v1 update."""
        raise NotImplementedError

    @property
    def is_awake(self) -> bool:
        """Tell whether pycrdt holds this document."""
        return self._awake is not None

    def rest(self) -> bool:
        """Give up what pycrdt holds, until it is needed; tell whether the document rests.

        One that panicked, or that something waits in or writes to, goes on as it is. Waking it may be costly: a
        megabyte of state takes some twenty milliseconds.
        """
        if self._awake is None:
            return True
        if self._broken or self._awake.doc._txn is not None:
            return False
        if scan_state_vector(self._native(self._doc.get_state), INTERNAL) != self._state:
            return False
        state = self.encode()
        self._spare = None
        self._cache = {name: self._cache[name] for name in ("encode", "digest") if name in self._cache}
        self._asleep, self._awake = state, None
        return True

    def revive(self) -> tuple[bytes, Native]:
        """Return the state that rests and what pycrdt makes of it, for `wake`; may run in a thread of its own.

        Raises `BrokenDocument`.
        """
        state, native = self._asleep, Native(self.kind, self.client)
        if state not in (b"", EMPTY_UPDATE):
            self._native(lambda: native.integrate(state))
        return state, native

    def wake(self, state: bytes, native: Native) -> None:
        """Go on with what `revive` has made; does nothing where the document went on meanwhile."""
        if self._awake is None and self._asleep is state:
            self._awake, self._asleep = native, b""

    @property
    def _live(self) -> Native:
        if self._awake is None:
            self.wake(*self.revive())
        assert self._awake is not None, "it was woken"
        return self._awake

    @property
    def _doc(self) -> Doc[Any]:
        return self._live.doc

    @property
    def _root(self) -> Root:
        return self._live.root

    def _native(self, call: Callable[[], T]) -> T:
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

    def _integrate(self, update: bytes, heard: Emitted | None = None) -> None:
        if self._broken:
            raise BrokenDocument("this document panicked before")
        native = self._awake or self._live
        assert native.doc._txn is None, "an update is not applied inside a transaction"
        try:
            native.integrate(update, heard)
        except (KeyboardInterrupt, SystemExit):
            raise
        except ValueError as error:
            self._forget()
            raise MalformedFrame(f"pycrdt refuses the bytes: {error}") from error
        except BaseException as panic:
            self._heal(panic)
            raise MalformedFrame(f"pycrdt trips over the bytes: {panic}") from panic

    def _heal(self, panic: object) -> None:
        """Build the document again as it was before pycrdt tripped. Raises `BrokenDocument` where that cannot be."""
        self._broken, self._heard = True, Emitted()
        if self._spare is None:
            raise BrokenDocument(f"pycrdt panicked: {panic}")
        try:
            self._awake = self._spare.build(self.kind, self.client)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as again:
            raise BrokenDocument(f"pycrdt panicked, and again on what was there: {again}") from again
        self._broken = False
        self._forget()
        self.version += 1

    def _forget(self) -> None:
        """Let go of what was worked out beside the native half, and may speak of what did not come in."""
        raise NotImplementedError

    def _replace(self, state: bytes) -> None:
        """Go on with another state of the same clocks. Raises `MalformedFrame` and `BrokenDocument`."""
        native = Native(self.kind, self.client)
        self._native(lambda: native.integrate(state))
        self._awake, self._asleep = native, b""
        if self._spare is not None:
            self._spare = Spare(state)

    def _spare_with(self, update: bytes) -> None:
        if self._spare is not None and not self._spare.keep(update):
            self._spare = Spare(self.encode())

    def _cached(self, name: str, make: Callable[[], T]) -> T:
        kept = self._cache.get(name)
        if kept is not None and kept[0] == self.version:
            return kept[1]  # type: ignore[return-value]
        value = make()
        self._cache[name] = (self.version, value)
        return value
