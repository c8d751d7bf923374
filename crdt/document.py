"""One Yjs document: apply, read, export, fork. The only place that talks to pycrdt's documents.

Invariants: nothing is applied that leaves a gap (semantics F4); the state vector mirror equals pycrdt's; `version`
grows with every change; a document whose native side panicked is never used again (`BrokenDocument`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pycrdt import Doc, Map, Text, TransactionEvent, XmlFragment

from crdt.digest import Json, digest_value, normal
from crdt.errors import BrokenDocument, MalformedFrame, MissingDependencies, WrongKind
from crdt.scan import (
    INTERNAL,
    Block,
    Ranges,
    Scan,
    Span,
    encode_state_vector,
    scan_blocks,
    scan_delete_set,
    scan_update,
)
from crdt.text import byte_offset

T = TypeVar("T")

DocumentKind = Literal["text", "data", "rich"]
KINDS: tuple[DocumentKind, ...] = ("text", "data", "rich")
TEXT_ROOT, DATA_ROOT, RICH_ROOT = "content", "data", "default"
EMPTY_UPDATE = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change brought that was new: the bytes to journal and relay, the ids inserted and deleted."""

    update: bytes
    inserted: Mapping[int, Span]
    deleted: Ranges


class _Heard:
    """What pycrdt said of the last transaction: its update and delete set.

    An object of its own, because pycrdt holds its observers where Python's collector cannot look: a method of the
    document would keep the document, and all its text, for ever.
    """

    __slots__ = ("__weakref__", "event")

    def __init__(self) -> None:
        self.event: tuple[bytes, bytes] | None = None

    def __call__(self, event: TransactionEvent) -> None:
        self.event = (event.update, event.delete_set)  # type: ignore[attr-defined]  # missing from pycrdt's stub


class Document:
    """A document of one kind, written under the Yjs client id `client`, built from `updates` in causal order."""

    __slots__ = ("_broken", "_cache", "_doc", "_heard", "_root", "_state", "_subscription", "client", "kind", "version")

    def __init__(self, kind: DocumentKind, *, client: int, updates: Iterable[bytes] = ()) -> None:
        self.kind = kind
        self.client = client
        self.version = 0
        self._doc: Doc[Any] = Doc(client_id=client)
        self._root = _root_of(self._doc, kind)
        self._state: dict[int, int] = {}
        self._heard = _Heard()
        self._broken = False
        self._cache: dict[str, tuple[int, object]] = {}
        self._subscription = self._doc.observe(self._heard)
        for update in updates:
            self.apply(update, scan_update(update, INTERNAL))

    def __del__(self) -> None:
        # A subscription keeps pycrdt's document alive, text and all, until it is given back.
        with suppress(AttributeError):
            self._doc.unobserve(self._subscription)

    # ------------------------------------------------------------ reading

    def state_vector(self) -> Mapping[int, int]:
        """Return client id to next clock: what this document holds without gaps."""
        return self._state

    def encode_state_vector(self) -> bytes:
        """Return the state vector in its Yjs form."""
        return encode_state_vector(self._state)

    def encode(self, since: bytes | None = None) -> bytes:
        """Return the whole state as one v1 update, or what a peer with state vector `since` lacks."""
        if since is None:
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
        return any(start > state.get(client, 0) for client, (start, _) in scan.inserted.items()) or any(
            clock > state.get(client, 0) for client, clock in scan.needs.items()
        )

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
        if self.missing(found):
            raise MissingDependencies("the update leaves a gap or refers to edits that are not here")
        self._heard.event = None
        self._native(lambda: self._doc.apply_update(update))
        state = self._state
        is_new = all(start == state.get(client, 0) for client, (start, _) in found.inserted.items())
        return self._integrated(found, update if is_new else None)

    @contextmanager
    def transaction(self) -> Iterator[list[Applied]]:
        """Write through the roots; the list holds what was integrated once the block is left.

        There is no rollback: an exception inside leaves what was written (trap 4), so write on forks only.
        """
        done: list[Applied] = []
        self._heard.event = None
        try:
            with self._doc.transaction(origin="folkmoot"):
                yield done
        except (KeyboardInterrupt, SystemExit, Exception):
            raise
        except BaseException as panic:
            self._broken = True
            raise BrokenDocument(f"pycrdt panicked: {panic}") from panic
        if self._heard.event is not None:
            applied = self._integrated(scan_update(self._heard.event[0], INTERNAL), None)
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
            copy._native(lambda: copy._doc.apply_update(state))
            copy._state = dict(self._state)
            copy.version = self.version
        copy._heard.event = None
        return copy

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

    def _integrated(self, scan: Scan, original: bytes | None) -> Applied | None:
        if self._heard.event is None:
            return None
        update, delete_set = self._heard.event
        self._heard.event = None
        state = self._state
        inserted = {}
        for client, (start, end) in scan.inserted.items():
            known = state.get(client, 0)
            if end > known:
                inserted[client] = (max(start, known), end)
                state[client] = end
        deleted = scan_delete_set(delete_set)
        if not inserted and not deleted:
            return None
        self.version += 1
        return Applied(original if original is not None else update, inserted, deleted)

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
        scan = scan_update(tail, INTERNAL)
        assert not scan.inserted, "the state vector mirror is pycrdt's own"
        return digest_value(
            {
                "kind": self.kind,
                "value": self.value(),
                "state": sorted([client, clock] for client, clock in self._state.items()),
                "deleted": sorted([client, list(spans)] for client, spans in scan.deleted.items()),
            }
        )


def _root_of(doc: Doc[Any], kind: DocumentKind) -> Text | Map[object] | XmlFragment:
    root: Text | Map[object] | XmlFragment
    match kind:
        case "text":
            root = doc.get(TEXT_ROOT, type=Text)
        case "data":
            root = doc.get(DATA_ROOT, type=Map)
        case "rich":
            root = doc.get(RICH_ROOT, type=XmlFragment)
    return root
