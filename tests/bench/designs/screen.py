"""What a client sees on its socket: a replica that notes each of its changes, and the records, each with its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from crdt.digest import Json
from crdt.documents.backing import Applied
from crdt.documents.document import Document
from crdt.documents.shape import Known
from crdt.updates.summary import UpdateSummary
from tests.bench.designs.workload import Pace, flat
from workspace.client import Message, RoomClient, connect
from workspace.client.document import DocumentClient, connect_document

Spans = tuple[tuple[int, int, int], ...]  # Yjs client id, first clock, end clock


@dataclass(frozen=True, slots=True)
class Sighting:
    """One change of a replica: when, whose ids it brought, and the values that are different since."""

    at: float
    spans: Spans
    changed: dict[str, Json]


class WatchedDocument(Document):
    """A document that notes each of its changes. With `reads` it also notes the values that differ."""

    __slots__ = ("_known", "_now", "_reads", "on_change", "sightings")

    def __init__(self, of: Document, *, now: Callable[[], float], reads: bool) -> None:
        self.sightings: list[Sighting] = []
        self.on_change: Callable[[Sighting], None] | None = None
        self._known: dict[str, Json] = {}
        self._now, self._reads = now, reads
        super().__init__(of.kind, client=of.client, updates=(of.encode(),))

    def apply(self, update: bytes, scan: UpdateSummary | None = None, *, known: Known = "") -> Applied | None:
        """Integrate an update and note it."""
        applied = super().apply(update, scan, known=known)
        if applied is not None:
            self._note(applied)
        return applied

    @contextmanager
    def transaction(self) -> Iterator[list[Applied]]:
        """Write through the roots and note it."""
        with super().transaction() as done:
            yield done
        for applied in done:
            self._note(applied)

    def next_clock(self) -> int:
        """Return the clock that the next own change will have."""
        return self.state_vector().get(self.client, 0)

    def _note(self, applied: Applied) -> None:
        changed: dict[str, Json] = {}
        if self._reads:
            now = flat(self.value())
            changed = {cell: value for cell, value in now.items() if self._known.get(cell) != value}
            self._known = now
        spans = tuple((client, start, end) for client, (start, end) in applied.inserted.items())
        sighting = Sighting(self._now(), spans, changed)
        self.sightings.append(sighting)
        if self.on_change is not None:
            self.on_change(sighting)


@dataclass(slots=True)
class Screen:
    """One document as one client sees it."""

    client: DocumentClient
    document: WatchedDocument

    def shown(self, at: float) -> dict[int, int]:
        """Return what had arrived by `at`: Yjs client id to end clock."""
        clocks: dict[int, int] = {}
        for sighting in self.document.sightings:
            if sighting.at <= at:
                for client, _, end in sighting.spans:
                    clocks[client] = max(end, clocks.get(client, 0))
        return clocks

    def named(self, at: float) -> frozenset[str]:
        """Return the names that had appeared by `at` in a document that is watched with `reads`."""
        return frozenset(name for sighting in self.document.sightings if sighting.at <= at for name in sighting.changed)


@asynccontextmanager
async def open_screen(url: str, doc: str, *, token: str, pace: Pace, reads: bool = False) -> AsyncIterator[Screen]:
    """Open a data document and watch it from its first state on."""
    async with connect_document(url, doc, token=token, kind="data") as client:
        # No await since the first sync: no frame has been taken in that the watched copy lacks.
        watched = WatchedDocument(client.document, now=pace.now, reads=reads)
        client.document = watched
        yield Screen(client, watched)


@dataclass(slots=True)
class Inbox:
    """The records that somebody received, each with the time it came."""

    room: RoomClient
    came: list[tuple[float, Message]] = field(default_factory=list)

    def seen(self, at: float) -> int:
        """Return the highest `seq` that had come by `at`."""
        return max((record["seq"] for when, record in self.came if when <= at), default=0)

    def instructions(self, at: float) -> frozenset[str]:
        """Return the ids of the intents that had come by `at`."""
        return frozenset(r["body"]["id"] for when, r in self.came if when <= at and r["kind"] == "intent")


@asynccontextmanager
async def open_inbox(url: str, *, token: str, pace: Pace) -> AsyncIterator[Inbox]:
    """Open a workspace's control socket and note what comes."""
    async with connect(url, token=token) as room:
        inbox = Inbox(room)

        async def note() -> None:
            async for record in room.log():
                inbox.came.append((pace.now(), record))

        noting = asyncio.create_task(note(), name="inbox")
        try:
            yield inbox
        finally:
            noting.cancel()
            await asyncio.gather(noting, return_exceptions=True)
