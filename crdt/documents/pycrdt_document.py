"""What pycrdt keeps of one document: its `Doc` and the root of its kind. Only `document` makes these."""

from __future__ import annotations

from typing import Any, Literal

from pycrdt import Doc, Map, Text, TransactionEvent, XmlFragment

DocumentKind = Literal["text", "data", "rich"]
Root = Text | Map[object] | XmlFragment
TEXT_ROOT, DATA_ROOT, RICH_ROOT = "content", "data", "default"
SPARE_BYTES_MAX, SPARE_UPDATES_MAX = 256 << 10, 2_000


class EventListener:
    """What pycrdt said of the last transaction: its update and delete set.

    An object of its own, because pycrdt holds its observers where Python's collector cannot look: a method of the
    document would keep the document, and all its text, for ever. It is subscribed only while something is awaited:
    for a keystroke, making the event costs as much as integrating it.
    """

    __slots__ = ("__weakref__", "event")

    def __init__(self) -> None:
        self.event: tuple[bytes, bytes] | None = None

    def __call__(self, event: TransactionEvent) -> None:
        self.event = (event.update, event.delete_set)  # type: ignore[attr-defined]  # missing from pycrdt's stub


class PycrdtDocument:
    """An empty document of one kind, written under the Yjs client id `client`."""

    __slots__ = ("doc", "root")

    def __init__(self, kind: DocumentKind, client: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=client)
        self.root = _root_of(self.doc, kind)

    def integrate(self, update: bytes, heard: EventListener | None = None) -> None:
        """Integrate an update: `Doc.apply_update` without its Python half, which costs as much again.

        Raises what pycrdt raises: a ValueError for bytes that it refuses, a panic for those it trips over.
        """
        native = self.doc._doc
        subscription = native.observe(heard) if heard is not None else None
        try:
            transaction = native.create_transaction()
            try:
                native.apply_update(transaction, update)
                transaction.commit()
            finally:
                transaction.drop()
        finally:
            if subscription is not None:
                subscription.drop()


class Backup:
    """What builds a document again that pycrdt trips over: a state, and the updates since. Held while it is awake."""

    __slots__ = ("_bytes", "_state", "_updates")

    def __init__(self, state: bytes) -> None:
        self._state = state
        self._updates: list[bytes] = []
        self._bytes = 0

    def keep(self, update: bytes) -> bool:
        """Remember an update; False when there are so many that a new state is shorter."""
        self._updates.append(update)
        self._bytes += len(update)
        return self._bytes <= SPARE_BYTES_MAX and len(self._updates) <= SPARE_UPDATES_MAX

    def build(self, kind: DocumentKind, client: int) -> PycrdtDocument:
        """Return the document as it was after the last update that was kept."""
        native = PycrdtDocument(kind, client)
        for update in (self._state, *self._updates):
            if update != b"\x00\x00":
                native.integrate(update)
        return native


def _root_of(doc: Doc[Any], kind: DocumentKind) -> Root:
    root: Root
    match kind:
        case "text":
            root = doc.get(TEXT_ROOT, type=Text)
        case "data":
            root = doc.get(DATA_ROOT, type=Map)
        case "rich":
            root = doc.get(RICH_ROOT, type=XmlFragment)
    return root
