"""What the root map of a data document reads as, kept key by key: an edit costs what it changes, not what is there.

A document of 50,000 keys takes a tenth of a second to read and as long to digest; a commit of the agent needs both,
before and after. pycrdt says which keys a transaction changed; only those are read again (decision 123).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crdt.breath import take_breath
from crdt.digest import Json, write_canonical
from crdt.documents.long_lists import WALKED_ITEMS_MAX
from crdt.documents.values import escape_tag

Entries = dict[str, Json]
# Fewer are read anew in a millisecond.
KEPT_FROM = 500


class DataImage:
    """The entries of a root map as canonical JSON, and those that changed since they were read.

    It is pycrdt's observer while an update is integrated, and nothing of the document is held by it (trap 24).
    Unread until `fill`; what changes meanwhile is noted all the same, so that it may be read elsewhere.
    """

    __slots__ = ("__weakref__", "_entries", "_long", "_order", "_shown", "_written", "is_lost", "is_read", "stale")

    def __init__(self) -> None:
        self._entries: Entries = {}
        self._order: list[str] | None = None
        self._written: dict[str, str] = {}
        self._long: frozenset[str] = frozenset()
        self._shown: Json = None
        self.stale: set[str] = set()
        self.is_read = False
        # pycrdt has said something that could not be understood: what it holds is nobody's guess.
        self.is_lost = False

    def __call__(self, events: list[Any]) -> None:
        """Note which keys a transaction has changed, at whatever depth."""
        try:
            for event in events:
                path = event.path
                if path:
                    self.stale.add(path[0])
                else:
                    self.stale.update(event.keys)
        except Exception:  # noqa: BLE001  nothing may be raised into pycrdt: then all is read anew
            self.is_lost = True

    @property
    def is_dear(self) -> bool:
        """Tell whether it takes a reading of the whole document to bring it up to date."""
        return not self.is_read or not self._long.isdisjoint(self.stale)

    def fill(self, entries: Entries, written: dict[str, str] | None = None) -> None:
        """Take what was read of the document as it was when this image was made."""
        self._entries, self._written, self._order, self._shown = entries, written or {}, None, None
        self._long = frozenset(key for key, value in entries.items() if _is_long(value))
        self.is_read = True

    def refresh(self, read: Callable[[str], tuple[Json] | None]) -> None:
        """Read again what has changed; `read` returns a key's value in a tuple, None where there is no such key."""
        assert self.is_read, "what was never read is not refreshed"
        if not self.stale:
            return
        # Whoever was shown the entries before keeps them.
        self._entries = dict(self._entries)
        self._shown = None
        for key in self.stale:
            found = read(key)
            if (found is None) == (key in self._entries):
                self._order = None
            self._written.pop(key, None)
            if found is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = found[0]
        self.stale.clear()

    def value(self) -> Json:
        """Return all of it as canonical JSON."""
        assert not self.stale, "it was brought up to date"
        if self._shown is None:
            self._shown = escape_tag(self._entries)
        return self._shown

    def canonical(self) -> bytes:
        """Return the canonical bytes of `value`, as `crdt.digest.canonical` writes them."""
        value = self.value()
        if len(self._entries) == 1:  # which may be escaped
            return write_canonical(value).encode("utf-8", "surrogatepass")
        if self._order is None:
            self._order = sorted(self._entries)
        written = self._written
        if len(written) < len(self._entries):
            for key, part in self._entries.items():
                if key not in written:
                    written[key] = f"{write_canonical(key)}:{write_canonical(part)}"
        assert len(written) == len(self._entries), "each entry is written once"
        return f"{{{','.join([written[key] for key in self._order])}}}".encode("utf-8", "surrogatepass")


def read_aside(entries: Entries) -> tuple[Entries, dict[str, str]]:
    """Return entries with what `canonical` writes of them, for `fill`; may run beside the event loop."""
    written = dict[str, str]()
    for key, part in entries.items():
        take_breath()
        written[key] = f"{write_canonical(key)}:{write_canonical(part)}"
    return entries, written


def _is_long(value: Json) -> bool:
    """Tell whether a list is in a value that may be too long to be walked."""
    if isinstance(value, list):
        return len(value) > WALKED_ITEMS_MAX or any(map(_is_long, value))
    return isinstance(value, dict) and any(map(_is_long, value.values()))
