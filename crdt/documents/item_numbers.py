"""Which items the numbers in the paths of a plan name: those of the state before its first operation (C4).

A list has no names: an item that another operation of the same plan takes out, adds or moves gives its number to its
neighbour. Items have ids, by which that is seen.
"""

from __future__ import annotations

from collections.abc import Mapping

from crdt.documents.anchor import Anchor
from crdt.documents.document import Document
from crdt.documents.paths import Path, anchor_item, find_list
from crdt.errors import CrdtError
from crdt.updates.summary import Id

Numbered = Mapping[int, Id]  # at which place of a path a number stands, and the item that it names


def list_item_ids(document: Document, path: Path) -> list[Id]:
    """Return the ids of the items of a shared list; none where there is no such list."""
    try:
        size = len(find_list(document, path) or ())
    except CrdtError:
        return []
    anchors = (anchor_item(document, path, at) for at in range(size))
    return [id for anchor in anchors if anchor is not None and (id := Anchor.decode(anchor).item) is not None]


def find_numbered_items(document: Document, path: Path) -> Numbered:
    """Return which items the numbers of a path name now; none inside plain JSON, and none for what is not there."""
    found = dict[int, Id]()
    for at, key in enumerate(path):
        if isinstance(key, int):
            try:
                anchor = anchor_item(document, path[:at], key)
            except CrdtError:
                return found
            id = Anchor.decode(anchor).item if anchor is not None else None
            if id is not None:
                found[at] = id
    return found


class ItemNumbers:
    """What has become of a document's items by the operations of one plan so far."""

    __slots__ = ("_origins", "_written")

    def __init__(self) -> None:
        # Yjs lists cannot overwrite: what is put at the place of an item is another item. From it to the first one.
        self._origins: dict[Id, Id] = {}
        # Paths that were written as a whole: what stands below them now, the plan itself has put there.
        self._written: list[Path] = []

    def still_name(self, at_start: Numbered, document: Document, path: Path) -> bool:
        """Tell whether the numbers of a path name the items that they named `at_start`."""
        now = find_numbered_items(document, path)
        return all(
            (at in now and self._origins.get(now[at], now[at]) == id) or self._is_written(path[:at])
            for at, id in at_start.items()
        )

    def note_written(self, path: Path, was: Numbered, document: Document) -> None:
        """Note that the plan has put something at a path; `was` is what its numbers named just before."""
        last = len(path) - 1
        now = find_numbered_items(document, path).get(last)
        if last in was and now is not None:
            self._origins[now] = self._origins.get(was[last], was[last])
        self._written.append(path)

    def _is_written(self, path: Path) -> bool:
        return any(path[: len(one)] == one for one in self._written)
