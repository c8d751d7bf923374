"""The words of a text document: read, counted and written by code points, whatever else stands between them."""

from __future__ import annotations

from pycrdt import Text

from crdt.digest import Json
from crdt.documents.backing import Backing
from crdt.documents.pycrdt_document import DocumentKind
from crdt.documents.ruler import Marks, Ruler
from crdt.errors import WrongKind
from crdt.text import byte_offset


class TextContent(Backing):
    """The text side of one document; see `crdt.documents.document.Document`."""

    __slots__ = ("_is_plain", "is_strict")

    def __init__(self, kind: DocumentKind, *, client: int) -> None:
        super().__init__(kind, client=client)
        self.is_strict = True
        self._is_plain = kind == "text"

    @property
    def is_plain(self) -> bool:
        """Tell whether nothing but words was ever written into this text."""
        return self._is_plain

    def text(self) -> str:
        """Return the text of a text document, `EMBED` where something else stands in it. Raises `WrongKind`."""
        root = self.text_root
        is_words = self._is_plain or not self.is_strict
        return self._cached("text", lambda: str(root) if is_words else self.ruler().text)

    def ruler(self) -> Ruler:
        """Return where everything stands in a text document. Raises `WrongKind` where that cannot be counted."""
        root = self.text_root
        return self._cached("ruler", lambda: Ruler(root))

    @property
    def text_root(self) -> Text:
        """The pycrdt text of a text document, for the modules of this package only."""
        if not isinstance(self._root, Text):
            raise WrongKind(f"a {self.kind} document has no text")
        return self._root

    def insert_text(self, point: int, text: str, marks: Marks | None = None) -> None:
        """Insert at code point `point`, inside a transaction; with the marks given, else with those around it.

        Raises:
            OffsetOutside: the point is outside the text.
        """
        root = self.text_root
        if self._is_plain and not marks:
            root.insert(byte_offset(str(root), point), text)
            return
        # As with embeds: places are counted before the transaction tells that it is no plain text any more.
        self._is_plain = False
        offset = Ruler(root).byte(point)
        root.insert(offset, text, None if marks is None else dict(marks))

    def insert_embed(self, point: int, value: Json, marks: Marks | None = None) -> None:
        """Embed a value at code point `point`, inside a transaction. Raises `OffsetOutside`."""
        root = self.text_root
        root.insert_embed(Ruler(root).byte(point), value, dict(marks or {}))
        # It is told to be no plain text any more when the transaction ends; places are counted before that.
        self._is_plain = False

    def marks(self, point: int) -> Marks | None:
        """Return the marks of the character at a code point as it is now; None where no text has any."""
        return None if self._is_plain else Ruler(self.text_root).marks(point)

    def delete_text(self, start: int, end: int) -> None:
        """Delete code points `start` to `end`, inside a transaction. Raises `OffsetOutside`."""
        root = self.text_root
        if self._is_plain:
            now = str(root)
            first, last = byte_offset(now, start), byte_offset(now, end)
        else:
            ruler = Ruler(root)
            first, last = ruler.byte(start), ruler.byte(end)
        if last > first:
            del root[first:last]
