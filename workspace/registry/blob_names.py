"""Which files the documents of an open room name now: looked up again where a document has changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from crdt.documents.blob_references import references_in_state
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import CrdtError
from workspace.room.room import Room
from workspace.threads import compute

# A larger document is read beside the loop.
BESIDE_BYTES = 32 << 10
NOTHING: frozenset[str] = frozenset()
Changed = list[tuple[str, int, DocumentKind, bytes]]


class LivingNames:
    """What the documents of the rooms of a server name, by room and document, with the version that was read."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Room, dict[str, tuple[int, frozenset[str]]]] = WeakKeyDictionary()

    async def of(self, room: Room) -> Mapping[str, frozenset[str]]:
        """Return the ids of files that each document of a room names, by document. Raises `RoomClosed`."""
        known = self._known.setdefault(room, {})
        for doc, version, kind, state in await room.read(_changed_since(room, known)):
            try:
                names = await _names_in(kind, state)
            except CrdtError:
                names = NOTHING  # nobody can read it, so nobody reads it there
            known[doc] = version, names
        return {doc: names for doc, (_, names) in known.items()}

    async def naming(self, room: Room, sha: str) -> list[str]:
        """Return the documents of a room that name a file. Raises `RoomClosed`."""
        return [doc for doc, names in (await self.of(room)).items() if sha in names]


def _changed_since(room: Room, known: Mapping[str, tuple[int, frozenset[str]]]) -> Callable[[], Changed]:
    def look() -> Changed:
        documents = room.sequencer.fold.documents
        changed = [(doc, one) for doc, one in documents.items() if doc not in known or known[doc][0] != one.version]
        return [(doc, one.version, one.kind, one.encode()) for doc, one in changed]

    return look


async def _names_in(kind: DocumentKind, state: bytes) -> frozenset[str]:
    if len(state) <= BESIDE_BYTES:
        return references_in_state(kind, state)
    return await compute(references_in_state, kind, state)
