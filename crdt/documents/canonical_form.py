"""The canonical value of a document and the digest over it: equal on every replica that holds the same.

A digest stands in the log beside what it was taken of, and is compared by every audit for as long as the log lives. So
nothing here may change what comes out: a new way of reading is a switch (`read_as`), and a log says from where on it
was turned (decision 72).
"""

from __future__ import annotations

from functools import cache

from pycrdt import Map, Text, XmlFragment

from crdt.digest import Json, canonical, digest_value, sha256_of
from crdt.documents.backing import EMPTY_UPDATE
from crdt.documents.data_image import KEPT_FROM, DataImage, Entries, read_aside
from crdt.documents.long_lists import LongList
from crdt.documents.pycrdt_document import DocumentKind, PycrdtDocument
from crdt.documents.text_content import TextContent
from crdt.documents.values import escape_tag, has_choice, read_entries, read_entry, read_loosely, read_xml
from crdt.errors import BrokenDocument, WrongKind
from crdt.updates.scan import INTERNAL, encode_state_vector, scan_update

# What has fewer values, letters and elements is read in some fifty milliseconds.
DEAR_CLOCKS = 10_000


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
            case Map() if not self.is_strict:
                return self._call_pycrdt(lambda: read_loosely(self.data_root))
            case Map():
                return self._read_data()
            case root:
                # pycrdt says the attributes of an element in an order of chance (decision 72).
                return self._call_pycrdt(lambda: read_xml(root, self.encode) if self.is_strict else str(root))

    def _read_data(self) -> Json:
        """Return the entries of a data document; of one with many keys, only what has changed is read."""
        image = self._up_to_date()
        if image is not None:
            return image.value()
        entries = self._call_pycrdt(lambda: read_entries(self.data_root, self.encode))
        if len(entries) >= KEPT_FROM:
            self._image, self._image_version = DataImage(), self.version
            self._image.fill(entries)
        return escape_tag(entries)

    def _up_to_date(self) -> DataImage | None:
        """Return the image of this document with all that has changed read again; None where there is none."""
        image = self._known_image()
        if image is None:
            return None
        # Caught inside: to the guard of pycrdt whatever comes out is a panic.
        if not self._call_pycrdt(lambda: _refresh(image, self.data_root)):
            self._image = None
            return None
        return image

    def _known_image(self) -> DataImage | None:
        """Return the image of this document where it was told of all that has changed, and little is to be read."""
        image = self._image
        is_known = image is not None and not (image.is_dear or image.is_lost) and self._image_version == self.version
        return image if is_known else None

    # ------------------------------------------------------------ read beside the event loop

    @property
    def is_dear(self) -> bool:
        """Tell whether its value takes so long to read that it should be read beside the event loop (`CopyReading`)."""
        if self.kind == "text" or self._loaded is None or sum(self._state.values()) < DEAR_CLOCKS:
            return False
        if self.kind == "rich":
            return not self._has("value")
        return self._known_image() is None

    def begin_reading(self) -> CopyReading:
        """Return a reading of this document as it is now; what changes until `end_reading` is noted."""
        if self.kind == "data":
            self._image, self._image_version = DataImage(), self.version
        return CopyReading(self.kind, self.encode(), self.version, self._image)

    def end_reading(self, reading: CopyReading) -> None:
        """Take what was read; does nothing where it is of no use any more."""
        if isinstance(reading.found, str):
            if reading.version == self.version:
                self._cache["value"] = (self.version, reading.found)
        elif reading.found is not None and reading.image is self._image and self._image is not None:
            self._image.fill(*reading.found)

    def _has(self, name: str) -> bool:
        kept = self._cache.get(name)
        return kept is not None and kept[0] == self.version

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
        value = self.value()
        image = self._up_to_date() if self.kind == "data" and self.is_strict else None
        if image is None:
            return digest_value({"kind": self.kind, "value": value, "state": state, "deleted": deleted})
        # The same bytes, of which those of the value are at hand: keys are sorted, and it has the last of them.
        head = canonical({"kind": self.kind, "state": state, "deleted": deleted})
        return sha256_of(head[:-1] + b',"value":' + image.canonical() + b"}")


class CopyReading:
    """One reading of a dear document, made of a copy of it: `read` may run in a thread of its own."""

    __slots__ = ("_kind", "_state", "found", "image", "version")

    def __init__(self, kind: DocumentKind, state: bytes, version: int, image: DataImage | None) -> None:
        self._kind: DocumentKind = kind
        self._state = state
        self.version = version
        self.image = image
        self.found: tuple[Entries, dict[str, str]] | str | None = None

    def read(self) -> None:
        """Read it. Raises `BrokenDocument` where pycrdt trips over the state."""
        copy = PycrdtDocument(self._kind, 0)
        try:
            copy.integrate(self._state)
            if isinstance(copy.root, Map):
                self.found = read_aside(read_entries(copy.root, lambda: self._state))
            elif isinstance(copy.root, XmlFragment):
                self.found = read_xml(copy.root, lambda: self._state)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as panic:
            raise BrokenDocument(f"pycrdt panicked: {panic}") from panic


def _refresh(image: DataImage, root: Map[object]) -> bool:
    """Bring an image up to date; False where a list has come to be too long to be walked."""
    try:
        image.refresh(lambda key: read_entry(root, key))
    except LongList:
        return False
    return True


@cache
def _empty_digest(kind: DocumentKind) -> str:
    """Return the digest of a document without structs and deletions: most workspaces that open hold nothing else."""
    value: Json = {} if kind == "data" else ""
    return digest_value({"kind": kind, "value": value, "state": [], "deleted": []})
