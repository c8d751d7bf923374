"""Which files a document names: `sha256-` and 64 hex digits, wherever in it that stands. Pure.

People and editors write a file as `blob:sha256-…` or as a relative address, `blobs/sha256-…`: in a Markdown link or
picture of a text, in a value of a data document, in an attribute or a mark of a rich one. All of these hold the id, and
nothing else does: so the id is what is looked for. Too many may be found (somebody has only written of one), too few
never: what is named is kept.
"""

from __future__ import annotations

import re

from crdt.digest import Json, canonical
from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind

ID_POINTS = 71
_ID = re.compile(rb"sha256-[0-9a-f]{64}")
REFERENCE = "blob:"


def is_blob_id(text: str) -> bool:
    """Tell whether a text is the id of a file."""
    return len(text) == ID_POINTS and _ID.fullmatch(text.encode()) is not None


def references_in(octets: bytes) -> frozenset[str]:
    """Return the ids of files that UTF-8 text holds, or anything that has text in it."""
    return frozenset(found.decode() for found in _ID.findall(octets))


def references_in_value(value: Json) -> frozenset[str]:
    """Return the ids of files that a JSON value names, in texts and in keys."""
    return references_in(canonical(value))


def references_in_state(kind: DocumentKind, state: bytes) -> frozenset[str]:
    """Return the ids of files that a document names, by its whole state as one Yjs v1 update.

    What came in one piece stands in the bytes in one piece, embeds and marks too, which no value shows; what was typed
    letter by letter stands in the value. What is deleted stands in neither.

    Raises:
        BrokenDocument, MalformedFrame: the state cannot be read.
    """
    return references_in(state) | references_in_value(Document.of_state(kind, state, client=0).value())
