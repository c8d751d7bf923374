"""What a peer, an anchor or an operation can do wrong on the document floor.

Every error carries a stable `code`, the `reason` with the bound or place, and a `remedy` a person can act on.
"""

from __future__ import annotations

from typing import ClassVar


class CrdtError(Exception):
    """An update, an anchor or an operation may not be, or does not fit the document; nothing was changed."""

    code: ClassVar[str] = "crdt"
    remedy: str = ""

    def __init__(self, reason: str, *, remedy: str = "") -> None:
        assert reason, "a refusal says why: its reason reaches a person"
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy or type(self).remedy


class MalformedFrame(CrdtError):
    """The bytes are not what the protocol says they are."""

    code = "malformed"
    remedy = "Send frames as a Yjs client does."


class FrameTooLarge(CrdtError):
    """A length, count or depth is above its bound; the reason names both."""

    code = "too_large"
    remedy = "Send smaller pieces."


class OffsetOutside(CrdtError):
    """A position is outside the text; pycrdt would append or cut silently (semantics F5)."""

    code = "offset_outside"


class AnchorLost(CrdtError):
    """An anchor names an id that this document has never seen."""

    code = "anchor_lost"
    remedy = "Point at the place again."


class MissingDependencies(CrdtError):
    """An update leaves a gap or refers to edits that are not here; it was not applied (semantics F4)."""

    code = "missing_updates"
    remedy = "Sync first: send SyncStep1."


class BrokenDocument(CrdtError):
    """pycrdt panicked, and the document could not be built again: discard it and rebuild it from the log."""

    code = "broken_document"


class StaleRead(CrdtError):
    """A value is not the one the plan was made on."""

    code = "stale_read"
    remedy = "Plan again on the new text."


class PathMissing(CrdtError):
    """There is nothing at this path."""

    code = "path_missing"
    remedy = "Look at the document and name an existing place."


class WrongKind(CrdtError):
    """The operation does not fit what stands at this place."""

    code = "wrong_kind"
    remedy = "Use an operation that fits the value."
