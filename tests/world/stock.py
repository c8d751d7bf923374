"""A Yjs client that has never heard of Folkmoot."""

from __future__ import annotations

from dataclasses import dataclass

from crdt.documents.document import Document
from crdt.errors import MissingDependencies
from crdt.sync.y_sync import SyncStep1, SyncUpdate, decode_frame, encode_step1, encode_step2, encode_update
from crdt.updates.scan import INTERNAL, scan_update
from tests.world.deeds import LINES
from tests.world.facts import Violation
from tests.world.network import Frame, Wire


@dataclass(slots=True)
class Stock:
    """A Yjs client that has never heard of Folkmoot: it must get what it knows and nothing else (I17)."""

    document: Document
    wire: Wire | None = None
    called: str = LINES

    def take(self, frame: Frame) -> None:
        """Take in a frame; anything but types 0 to 3 in binary would break a stock provider."""
        if not isinstance(frame, bytes) or frame[0] > 3:
            raise Violation("I17", f"a stock client was sent {frame[:20]!r}")
        if frame[0] == 2:
            # Permission was denied: what it has typed is nobody else's, until it loads the document anew.
            self.document = Document("text", client=self.document.client + 1)
            if self.wire is not None:
                self.wire.cut()
            return
        if frame[0] != 0 or self.wire is None:
            return
        match decode_frame(frame):
            case SyncStep1(vector):
                self.wire.send(encode_step2(self.document.encode(vector)))
            case SyncUpdate(update):
                try:
                    self.document.apply(update, scan_update(update, INTERNAL))
                except MissingDependencies:
                    self.wire.send(encode_step1(self.document.encode_state_vector()))
            case _:
                pass

    def type(self, word: str) -> None:
        """Write a line at the top."""
        with self.document.transaction() as done:
            self.document.insert_text(0, f"{word}\n")
        for applied in done:
            if self.wire is not None:
                self.wire.send(encode_update(applied.update))
