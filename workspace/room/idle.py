"""Documents that nobody is at are unloaded after a while, large ones loaded beside the loop. In the room's loop."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from crdt.errors import BrokenDocument
from workspace.intents.sequencer import Sequencer
from workspace.ports import Clock
from workspace.room.peer import Peer
from workspace.settings import Settings
from workspace.telemetry import Metrics
from workspace.threads import compute

UNLOAD_BYTES = 1 << 20  # of state at one beat: encoding it takes time of every workspace, some 6 ms a megabyte
LOAD_BYTES = 128 << 10  # of state: smaller ones are loaded in the turn that needs them, in 3 ms at most


class IdleDocuments:
    """Which documents of a room lie still, and since when; `by_doc` holds the sockets of each, kept by the hub."""

    __slots__ = ("_by_doc", "_clock", "_metrics", "_sequencer", "_settings", "_still")

    def __init__(
        self,
        sequencer: Sequencer,
        by_doc: Mapping[str, set[Peer]],
        *,
        clock: Clock,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        self._sequencer = sequencer
        self._by_doc = by_doc
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self._still: dict[str, tuple[int, float]] = {}

    def beat(self) -> None:
        """Unload those that had no socket and no change for `Settings.idle_seconds`."""
        budget = UNLOAD_BYTES
        now = self._clock.now()
        for doc, document in self._sequencer.fold.documents.items():
            if not document.is_loaded or self._by_doc.get(doc):
                self._still.pop(doc, None)
                continue
            version, since = self._still.get(doc, (None, now))
            if version != document.version:
                self._still[doc] = (document.version, now)
            elif now - since >= self._settings.idle_seconds and budget > 0 and document.unload():
                assert not document.is_loaded, "a document that is unloaded holds nothing but its bytes"
                budget -= len(document.encode())
                del self._still[doc]
                self._metrics.add("documents_rested_total")

    async def load(self, doc: str) -> None:
        """Load a document that somebody comes to, in a thread where that takes long."""
        document = self._sequencer.fold.documents.get(doc)
        if document is None or document.is_loaded or len(document.encode()) < LOAD_BYTES:
            return
        with suppress(BrokenDocument):  # whoever uses it next learns of it, and it is put aside
            document.load(*await compute(document.prepare_load))
