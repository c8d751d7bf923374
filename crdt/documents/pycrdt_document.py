"""What pycrdt keeps of one document: its `Doc` and the root of its kind. Only `document` makes these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

from pycrdt import Doc, Map, Text, TransactionEvent, XmlFragment

DocumentKind = Literal["text", "data", "rich"]
Root = Text | Map[object] | XmlFragment
TEXT_ROOT, DATA_ROOT, RICH_ROOT = "content", "data", "default"


class EventListener:
    """Keeps what pycrdt said of the last transaction: its update and delete set.

    An object of its own, because pycrdt holds its observers where Python's collector cannot look (trap 24): a method
    of the document would keep the document, and all its text, for ever. It is subscribed only while a caller awaits
    the event: for a keystroke, making the event costs as much as integrating it (decision 45).
    """

    __slots__ = ("__weakref__", "event")

    def __init__(self) -> None:
        self.event: tuple[bytes, bytes] | None = None

    def __call__(self, event: TransactionEvent) -> None:
        self.event = (event.update, event.delete_set)  # type: ignore[attr-defined]  # missing from pycrdt's stub


class PycrdtDocument:
    """pycrdt's side of a document: empty at first, of one kind, written under the Yjs client id `client`."""

    __slots__ = ("doc", "root")

    def __init__(self, kind: DocumentKind, client: int) -> None:
        assert client >= 0, "Yjs ids are unsigned"
        self.doc: Doc[Any] = Doc(client_id=client)
        self.root = _root_of(self.doc, kind)
        # What pycrdt makes for transactions and streams that are awaited, which nobody here asks for: 2 kB (trap 30).
        self.doc._txn_async_lock = cast("Any", None)
        self.doc._send_streams = self.root._send_streams = cast("Any", None)

    def integrate(
        self,
        update: bytes,
        listener: EventListener | None = None,
        watcher: Callable[[list[Any]], None] | None = None,
    ) -> None:
        """Integrate an update: `Doc.apply_update` without its Python half, which costs as much again.

        `listener` hears of what came of it, `watcher` of each shared type that it changed.
        Raises what pycrdt raises: a ValueError for bytes that it refuses, a panic
        for those it trips over.
        """
        # Nothing is asserted here: every keystroke comes through.
        native = self.doc._doc
        subscription = native.observe(listener) if listener is not None else None
        deep = self.root.integrated.observe_deep(watcher) if watcher is not None else None
        try:
            transaction = native.create_transaction()
            try:
                native.apply_update(transaction, update)
                transaction.commit()
            finally:
                # Also where pycrdt refuses the bytes: a transaction that is left open keeps every later one out.
                transaction.drop()
        finally:
            if subscription is not None:
                subscription.drop()
            if deep is not None:
                deep.drop()


def _root_of(doc: Doc[Any], kind: DocumentKind) -> Root:
    # A root has no kind in its bytes: the first call that asks for it decides, and so it is asked for at once.
    root: Root
    match kind:
        case "text":
            root = doc.get(TEXT_ROOT, type=Text)
        case "data":
            root = doc.get(DATA_ROOT, type=Map)
        case "rich":
            root = doc.get(RICH_ROOT, type=XmlFragment)
    return root
