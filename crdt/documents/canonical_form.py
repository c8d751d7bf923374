"""The canonical value of a document and the digest over it: equal on every replica that holds the same.

A digest stands in the log beside what it was taken of, and is compared by every audit for as long as the log lives. So
nothing here may change what comes out: a new way of reading is a switch (`read_as`), and a log says from where on it
was turned (decision 72).
"""

from __future__ import annotations

from functools import cache

from pycrdt import Map, Text, XmlFragment

from crdt.digest import Json, digest_value
from crdt.documents.backing import EMPTY_UPDATE
from crdt.documents.pycrdt_document import DocumentKind
from crdt.documents.text_content import TextContent
from crdt.documents.values import has_choice, read_map, read_xml
from crdt.errors import WrongKind
from crdt.updates.scan import INTERNAL, encode_state_vector, scan_update


class CanonicalForm(TextContent):
    """What one document reads as; see `crdt.documents.document.Document`."""

    __slots__ = ()

    @property
    def is_known_whole(self) -> bool:
        """Whether it is known, without a look, that copies are like it."""
        return self._cache.get("apart") == (self.version, False)

    def stays_whole(self) -> None:
        """Note that copies are alike still: what has come since they were is this server's own, made on a copy."""
        self._cache["apart"] = (self.version, False)

    def value(self) -> Json:
        """Return the canonical value: the words of the text, the JSON of the data, the XML of a rich document."""
        return self._cached("value", self._read_value)

    def digest(self) -> str:
        """Return the hash over kind, value, state vector and delete set: equal on every replica of this state."""
        return self._cached("digest", self._read_digest)

    def read_as(self, *, is_strict: bool) -> None:
        """Read the document from now on as documents are read now, or as folkmoot 0.1 did."""
        if is_strict != self.is_strict:
            self.is_strict = is_strict
            self._cache.clear()
            self.version += 1

    def is_said_by_chance(self) -> bool:
        """Tell whether folkmoot 0.1 digested it otherwise each time: XML with several attributes somewhere."""
        return not self.is_strict and isinstance(self._root, XmlFragment) and has_choice(self._root)

    @property
    def data_root(self) -> Map[object]:
        """The pycrdt map of a data document, for the modules of this package only. Raises `WrongKind`."""
        if not isinstance(self._root, Map):
            raise WrongKind(f"a {self.kind} document has no values")
        return self._root

    def _read_value(self) -> Json:
        match self._root:
            case Text() as root:
                # Embeds are no words: a value of a text is what a person would read aloud.
                return self.text() if self._is_plain else str(root)
            case Map():
                return self._call_pycrdt(lambda: read_map(self.data_root, self.encode, is_strict=self.is_strict))
            case root:
                # pycrdt says the attributes of an element in an order of chance (decision 72).
                return self._call_pycrdt(lambda: read_xml(root, self.encode) if self.is_strict else str(root))

    def _read_digest(self) -> str:
        # Against its own state vector the update has no structs: what is left is the delete set, and little else.
        own = encode_state_vector(self._state)
        tail = self._call_pycrdt(lambda: self._doc.get_update(own))
        if tail == EMPTY_UPDATE and not self._state:
            return _empty_digest(self.kind)
        summary = scan_update(tail, INTERNAL)
        assert not summary.inserted, "the state vector mirror is pycrdt's own"
        assert all(clock > 0 for clock in self._state.values()), "a client in the state vector has written"
        # Sorted: replicas hear of clients in different orders.
        state = sorted([client, clock] for client, clock in self._state.items())
        deleted = sorted([client, list(spans)] for client, spans in summary.deleted.items())
        return digest_value({"kind": self.kind, "value": self.value(), "state": state, "deleted": deleted})


@cache
def _empty_digest(kind: DocumentKind) -> str:
    """Return the digest of a document without structs and deletions: most workspaces that open hold nothing else."""
    value: Json = {} if kind == "data" else ""
    return digest_value({"kind": kind, "value": value, "state": [], "deleted": []})
