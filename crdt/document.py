"""One Yjs document: apply, read, export, fork. The only place that talks to pycrdt's documents.

Invariants: nothing is applied that leaves a gap (semantics F4); the state vector mirror equals pycrdt's; `version`
grows with every change; a document whose native side panicked is never used again (`BrokenDocument`). A document that
rests is its encoded state, a tenth of the memory; whatever needs more than that wakes it, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import msgspec
from pycrdt import Doc, Map, Text

from crdt.digest import Json, digest_value, normal
from crdt.errors import BrokenDocument, MalformedFrame, MissingDependencies, WrongKind
from crdt.native import TEXT_ROOT, DocumentKind, Heard, Native, Root
from crdt.scan import (
    INTERNAL,
    Block,
    Ranges,
    Scan,
    Span,
    encode_state_vector,
    scan_blocks,
    scan_delete_set,
    scan_state_vector,
    scan_update,
)
from crdt.scanned import DELETED, STRING
from crdt.text import byte_offset

T = TypeVar("T")

__all__ = ["KINDS", "TEXT_ROOT", "Applied", "Document", "DocumentKind"]
KINDS: tuple[DocumentKind, ...] = ("text", "data", "rich")
EMPTY_UPDATE = b"\x00\x00"
HAS_NOTHING = b"\x00"  # the state vector of a peer that comes for the first time
CLOCK_MAX = 2**32 - 1  # pycrdt's clocks have 32 bits, a scan's 53
NO_DELETIONS = b"\x00"
TYPED, PLAIN = 1 << STRING, 1 << STRING | 1 << DELETED


class Applied(msgspec.Struct, frozen=True):
    """What a change brought that was new: the bytes to journal and relay, the ids inserted and deleted."""

    update: bytes
    inserted: Mapping[int, Span]
    deleted: Ranges


class Document:
    """A document of one kind, written under the Yjs client id `client`, built from `updates` in causal order."""

    __slots__ = ("_asleep", "_awake", "_broken", "_cache", "_heard", "_is_plain", "_state", "client", "kind", "version")

    def __init__(self, kind: DocumentKind, *, client: int, updates: Iterable[bytes] = ()) -> None:
        self.kind = kind
        self.client = client
        self.version = 0
        self._awake: Native | None = Native(kind, client)
        self._asleep = b""
        self._state: dict[int, int] = {}
        self._heard = Heard()
        self._broken = False
        self._cache: dict[str, tuple[int, object]] = {}
        self._is_plain = kind == "text"
        for update in updates:
            self.apply(update, scan_update(update, INTERNAL))

    @classmethod
    def of_state(cls, kind: DocumentKind, state: bytes, *, client: int) -> Document:
        """Return the document whose whole state is `state`, as this server's `encode` gave it.

        Only for bytes of our own: they are integrated without a pass over them, which costs Python forty times as much
        as it costs pycrdt. Raises `MalformedFrame` and `BrokenDocument`.
        """
        document = cls(kind, client=client)
        if state != EMPTY_UPDATE:
            document._integrate(state)
            document._state = scan_state_vector(document._native(document._doc.get_state), INTERNAL)
            document._is_plain = False
            document.version = 1
        return document

    # ------------------------------------------------------------ reading

    def state_vector(self) -> Mapping[int, int]:
        """Return client id to next clock: what this document holds without gaps."""
        return self._state

    def encode_state_vector(self) -> bytes:
        """Return the state vector in its Yjs form."""
        return encode_state_vector(self._state)

    def encode(self, since: bytes | None = None) -> bytes:
        """Return the whole state as one v1 update, or what a peer with state vector `since` lacks."""
        if since is None or since == HAS_NOTHING:
            return self._cached("encode", lambda: self._native(self._doc.get_update))
        return self._native(lambda: self._doc.get_update(since))

    def text(self) -> str:
        """Return the text of a text document. Raises `WrongKind` for other kinds."""
        return self._cached("text", lambda: str(self.text_root))

    def value(self) -> Json:
        """Return the canonical value: the text, the JSON of the data, or the XML of a rich document."""
        return self._cached("value", self._read_value)

    def digest(self) -> str:
        """Return the hash over kind, value, state vector and delete set: equal on every replica of this state."""
        return self._cached("digest", self._read_digest)

    def blocks(self) -> tuple[dict[int, list[Block]], dict[int, tuple[Span, ...]]]:
        """Return the stored structs by Yjs client, and which of their clocks are deleted."""
        return self._cached("blocks", lambda: scan_blocks(self.encode()))

    def missing(self, scan: Scan) -> bool:
        """Tell whether an update would leave a gap or refers to ids that are not here."""
        state = self._state
        for client, (start, _) in scan.inserted.items():
            if start > state.get(client, 0):
                return True
        for client, clock in scan.needs.items():  # noqa: SIM110  # a generator costs as much as all of these
            if clock > state.get(client, 0):
                return True
        return False

    @property
    def text_root(self) -> Text:
        """The pycrdt text of a text document, for the modules of this package only."""
        if not isinstance(self._root, Text):
            raise WrongKind(f"a {self.kind} document has no text")
        return self._root

    @property
    def data_root(self) -> Map[object]:
        """The pycrdt map of a data document, for the modules of this package only."""
        if not isinstance(self._root, Map):
            raise WrongKind(f"a {self.kind} document has no values")
        return self._root

    # ------------------------------------------------------------ changing

    def apply(self, update: bytes, scan: Scan | None = None) -> Applied | None:
        """Integrate an update; None when it holds nothing new.

        Raises:
            MissingDependencies: there is a gap; nothing was applied.
            MalformedFrame, FrameTooLarge: the update does not scan or pycrdt refuses it.
            BrokenDocument: pycrdt panicked; discard this document.
        """
        found = scan if scan is not None else scan_update(update)
        if self._is_typing(found):
            self._integrate(update)
            for client, (_, end) in found.inserted.items():
                self._state[client] = end
            self.version += 1
            return Applied(update, found.inserted, {})
        if not found.structs and not found.deleted:
            return None  # what a newcomer answers with
        if self.missing(found):
            raise MissingDependencies("the update leaves a gap or refers to edits that are not here")
        self._is_plain = self._is_plain and not found.kinds & ~PLAIN
        self._heard.event = None
        self._integrate(update, self._heard)
        state = self._state
        is_new = all(start == state.get(client, 0) for client, (start, _) in found.inserted.items())
        applied = self._integrated(found, update, is_new=is_new)
        if self._is_plain and len(found.inserted) > 1:
            # Sections that refer to one another may do so in a circle, and then wait in pycrdt for ever.
            self._is_plain = scan_state_vector(self._native(self._doc.get_state), INTERNAL) == state
        return applied

    @contextmanager
    def transaction(self) -> Iterator[list[Applied]]:
        """Write through the roots; the list holds what was integrated once the block is left.

        There is no rollback: an exception inside leaves what was written (trap 4), so write on forks only.
        """
        done: list[Applied] = []
        self._heard.event = None
        # The outermost block hears of everything; pycrdt panics when asked to observe inside a transaction.
        subscription = self._doc._doc.observe(self._heard) if self._doc._txn is None else None
        try:
            with self._doc.transaction(origin="folkmoot"):
                yield done
        except (KeyboardInterrupt, SystemExit, Exception):
            raise
        except BaseException as panic:
            self._broken = True
            raise BrokenDocument(f"pycrdt panicked: {panic}") from panic
        finally:
            if subscription is not None:
                subscription.drop()
        if self._heard.event is not None:
            update = self._heard.event[0]
            found = scan_update(update, INTERNAL)
            self._is_plain = self._is_plain and not found.kinds & ~PLAIN
            applied = self._integrated(found, update, is_new=False)
            assert applied is not None, "an event means that something changed"
            done.append(applied)

    def insert_text(self, point: int, text: str) -> None:
        """Insert at code point `point`, inside a transaction. Raises `OffsetOutside`."""
        root = self.text_root
        root.insert(byte_offset(str(root), point), text)

    def delete_text(self, start: int, end: int) -> None:
        """Delete code points `start` to `end`, inside a transaction. Raises `OffsetOutside`."""
        root = self.text_root
        now = str(root)
        first, last = byte_offset(now, start), byte_offset(now, end)
        if last > first:
            del root[first:last]

    def fork(self, client: int) -> Document:
        """Return an independent copy that writes under `client`; its bytes must not come back under another id (F2)."""
        copy = Document(self.kind, client=client)
        state = self.encode()
        if state != EMPTY_UPDATE:
            copy._integrate(state)
            copy._state = dict(self._state)
            copy._is_plain = self._is_plain
            copy.version = self.version
        return copy

    # ------------------------------------------------------------ resting

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

    # ------------------------------------------------------------ inside

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

    def _integrate(self, update: bytes, heard: Heard | None = None) -> None:
        if self._broken:
            raise BrokenDocument("this document panicked before")
        native = self._awake or self._live
        assert native.doc._txn is None, "an update is not applied inside a transaction"
        try:
            native.integrate(update, heard)
        except (KeyboardInterrupt, SystemExit):
            raise
        except ValueError as error:
            raise MalformedFrame(f"pycrdt refuses the bytes: {error}") from error
        except BaseException as panic:
            self._broken = True
            raise BrokenDocument(f"pycrdt panicked: {panic}") from panic

    def _is_typing(self, scan: Scan) -> bool:
        """Tell whether an update is new strings of one client in a plain text: then pycrdt's event says nothing new.

        What integrates is all of it, because it starts where its client ends and both neighbours are here: `needs`
        leaves out its own ids, but one from its own clock on would be a bit of `kinds`. And it
        deletes nothing: Yjs deletes an item as it is integrated where its parent is deleted or collected, where it is
        not the last under its map key, and where its content is of kind `DELETED`. An item takes parent and key from
        its neighbours. Everything in a plain text is a string or a deleted one (which is kept as an item, not
        collected), under no key and in a root, and so on down: the new item is in a root, which is never deleted, and
        under no key. And nothing else comes with it: in a plain text nothing waits inside pycrdt. `_is_plain` is lost
        for good with the first struct of another kind, or one that does not integrate at once.
        """
        if scan.kinds != TYPED or len(scan.inserted) != 1 or scan.deleted or not self._is_plain:
            return False
        state = self._state
        for client, (start, end) in scan.inserted.items():
            if start != state.get(client, 0) or end > CLOCK_MAX:
                return False
        for client, clock in scan.needs.items():  # noqa: SIM110  # a generator costs as much as all of these
            if clock > state.get(client, 0):
                return False
        return True

    def _integrated(self, scan: Scan, original: bytes, *, is_new: bool) -> Applied | None:
        state = self._state
        inserted = {}
        for client, (start, end) in scan.inserted.items():
            known = state.get(client, 0)
            if end > known:
                inserted[client] = (max(start, known), end)
        if self._heard.event is None:
            # New structs without an event wait inside pycrdt for what they refer to, and come with another update.
            self._is_plain = self._is_plain and not inserted
            return None
        update, delete_set = self._heard.event
        self._heard.event = None
        for client, (_, end) in inserted.items():
            state[client] = end
        deleted: Ranges
        if delete_set == NO_DELETIONS:
            deleted = {}
        elif scan.structs == 0 and delete_set == original[1:]:
            deleted = scan.deleted
        else:
            deleted = scan_delete_set(delete_set)
        if not inserted and not deleted:
            return None
        self.version += 1
        return Applied(original if is_new else update, inserted, deleted)

    def _cached(self, name: str, make: Callable[[], T]) -> T:
        kept = self._cache.get(name)
        if kept is not None and kept[0] == self.version:
            return kept[1]  # type: ignore[return-value]
        value = make()
        self._cache[name] = (self.version, value)
        return value

    def _read_value(self) -> Json:
        match self._root:
            case Text():
                return self.text()
            case Map() as root:
                return normal(self._native(root.to_py))
            case root:
                return str(root)

    def _read_digest(self) -> str:
        own = encode_state_vector(self._state)
        tail = self._native(lambda: self._doc.get_update(own))
        if tail == EMPTY_UPDATE and not self._state:
            return _empty_digest(self.kind)
        scan = scan_update(tail, INTERNAL)
        assert not scan.inserted, "the state vector mirror is pycrdt's own"
        state = sorted([client, clock] for client, clock in self._state.items())
        deleted = sorted([client, list(spans)] for client, spans in scan.deleted.items())
        return digest_value({"kind": self.kind, "value": self.value(), "state": state, "deleted": deleted})


@cache
def _empty_digest(kind: DocumentKind) -> str:
    """Return the digest of a document without structs and deletions: most workspaces that open hold nothing else."""
    value: Json = {} if kind == "data" else ""
    return digest_value({"kind": kind, "value": value, "state": [], "deleted": []})
