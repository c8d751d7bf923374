"""Documents that nobody is at rest after a while, and large ones wake beside the loop. Runs in the room's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from crdt.errors import BrokenDocument
from workspace.room.context import RoomContext
from workspace.room.peer import Peer

REST_BYTES = 1 << 20  # of state at one beat: encoding it takes time of every workspace, some 6 ms a megabyte
WAKE_BYTES = 128 << 10  # of state: smaller ones wake in the turn that needs them, in 3 ms at most


class IdleDocuments:
    """Which documents of a room lie still, and since when; `by_doc` holds the sockets of each, kept by the hub."""

    def __init__(self, context: RoomContext, by_doc: Mapping[str, set[Peer]]) -> None:
        self._context = context
        self._by_doc = by_doc
        self._still: dict[str, tuple[int, float]] = {}

    def beat(self) -> None:
        """Let those rest that had no socket and no change for `Settings.idle_seconds`."""
        context, budget = self._context, REST_BYTES
        now = context.clock.now()
        for doc, document in context.sequencer.fold.documents.items():
            if not document.is_loaded or self._by_doc.get(doc):
                self._still.pop(doc, None)
                continue
            version, since = self._still.get(doc, (None, now))
            if version != document.version:
                self._still[doc] = (document.version, now)
            elif now - since >= context.settings.idle_seconds and budget > 0 and document.unload():
                budget -= len(document.encode())
                del self._still[doc]
                context.metrics.add("documents_rested_total")

    async def wake(self, doc: str) -> None:
        """Wake a document that somebody comes to, in a thread where that takes long."""
        document = self._context.sequencer.fold.documents.get(doc)
        if document is None or document.is_loaded or len(document.encode()) < WAKE_BYTES:
            return
        with suppress(BrokenDocument):  # whoever uses it next learns of it, and it is put aside
            document.load(*await asyncio.to_thread(document.prepare_load))
