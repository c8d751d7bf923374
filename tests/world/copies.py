"""One document in somebody's browser, with the socket it came on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crdt.documents.document import Document
from tests.world.deeds import LINES
from tests.world.network import Wire


@dataclass(slots=True)
class Copy:
    """One document in the browser and its socket. `sent` counts what went out on this socket after `hello`."""

    name: str
    document: Document
    wire: Wire | None = None
    is_welcome: bool = False
    is_synced: bool = False
    sent: int = 0
    may_edit: bool = True
    # What it is called, as far as is known here; whether it was archived or deleted.
    called: str = ""
    is_away: bool = False

    def __post_init__(self) -> None:
        self.called = self.called or self.name

    def holds(self, part: dict[str, Any]) -> bool:
        """Tell whether the edits that a record names are in the document here."""
        known = self.document.state_vector()
        if any(known.get(client, 0) < end for client, _, end in part["ins"]):
            return False
        return not part["del"] or self.name == LINES or self._has_deleted(part["del"])

    def _has_deleted(self, spans: list[tuple[int, int, int]]) -> bool:
        _, gone = self.document.stored_structs()
        return all(
            any(low <= clock < high for low, high in gone.get(client, ()))
            for client, start, end in spans
            for clock in range(start, end)
        )
