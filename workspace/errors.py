"""Every refusal and fault of the workspace floor: one code, one reason, one remedy each.

A *refusal* is a value: somebody asked for what may not be, and the answer travels to the person (`nack`, problem+json,
close frame). A *fault* is an exception: the outside failed, and its text says whether trying again is safe.
Bugs are neither: they are assertions, and the room stops and reloads from its log.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """What somebody asked for may not be: a stable `code`, the `reason`, and the `remedy` a person can act on."""

    code: str
    reason: str
    remedy: str = ""


def malformed(reason: str) -> Refusal:
    """Return the refusal of something from outside that is not as it must be; `reason` is a sentence that says how."""
    assert reason, "a refusal says why"
    return Refusal("malformed", reason, "Mend it and send it again.")


class Close(msgspec.Struct, frozen=True):
    """Why a socket is closed. Codes 4400 to 4499 are final for y-websocket, it reconnects after all others."""

    status: int
    code: str
    reason: str


CLOSE_RESTART = Close(1012, "restart", "The workspace is restarting: reconnect.")
CLOSE_UNAUTHENTICATED = Close(4401, "unauthenticated", "No valid token: ask the owner for a new link.")
CLOSE_NOT_FOUND = Close(4404, "not_found", "No such workspace or document, or it is not yours.")
CLOSE_BROKEN = Close(4410, "document_broken", "This document cannot be read any more: ask the owner.")
CLOSE_RENAMED = Close(4411, "document_renamed", "This document has another name now: open it under that one.")
CLOSE_ARCHIVED = Close(4412, "document_archived", "This document was archived: nothing is written in it.")
CLOSE_DELETED = Close(4413, "document_deleted", "This document was deleted: the owner can restore it.")
CLOSE_REFUSED = Close(4400, "internal", "What this socket sent cannot be carried out: it is not taken again.")
CLOSE_INTERNAL = Close(1011, "internal", "The server broke while it answered: reconnect.")
CLOSE_ORIGIN = Close(1008, "origin", "This origin may not open sockets here: see --origin (FOLKMOOT_ORIGINS).")
CLOSE_HOST = Close(1008, "host", "This open server does not go by that name: see --origin (FOLKMOOT_ORIGINS).")
CLOSE_UNAVAILABLE = Close(1013, "no_sequencer", "The workspace cannot be opened now: try later.")
CLOSE_RATE = Close(4529, "rate_limited", "Too many messages: wait a while.")
CLOSE_SLOW = Close(4508, "too_slow", "Too much was waiting for this client: reconnect and resync.")


class WorkspaceFault(Exception):
    """Something outside failed. `retry` says whether the same call may safely be made again."""

    code: ClassVar[str] = "fault"

    def __init__(self, reason: str, *, retry: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry = retry


class StoreFault(WorkspaceFault):
    """The database refused or failed: full disk, unreadable file, schema from the future."""

    code = "store_fault"


class StoreBusy(StoreFault):
    """Too many batches wait for the writer: nothing was queued, try later."""

    code = "store_busy"


class Deposed(StoreFault):
    """Another server claimed this workspace with a newer epoch: this one may not write to it any more."""

    code = "no_sequencer"


class DatabaseNewer(StoreFault):
    """A newer Folkmoot has written this database: nothing of it is read or written here."""

    code = "database_newer"


class DatabaseReadOnly(StoreFault):
    """This process may not write the file, or beside it: nothing was changed."""

    code = "database_read_only"


class DatabaseMissing(StoreFault):
    """There is no database where one is to be looked into: none was made."""

    code = "database_missing"


class CopyRefused(StoreFault):
    """A file cannot be copied before it is migrated, for want of space: it stays as it is."""

    code = "copy_refused"


class MigrationFailed(StoreFault):
    """A database cannot be brought to this version's schema: the transaction is undone, it stays as it is."""

    code = "migration_failed"


class WorkspaceExists(WorkspaceFault):
    """A workspace of that id exists already."""

    code = "exists"


class WorkspaceMissing(WorkspaceFault):
    """There is no workspace of that id, or it is not for the one who asked."""

    code = "not_found"


class KeyEnded(WorkspaceFault):
    """A token that was to be exchanged counts no more: there is no other in its place."""

    code = "not_found"


class InvitationSpent(WorkspaceFault):
    """An invitation is used up, over, or was taken back: nobody was let in by it."""

    code = "invitation_spent"


class SignInFailed(WorkspaceFault):
    """An issuer did not answer, or what it said does not hold: nobody is signed in by it."""

    code = "sign_in_failed"


class NameTaken(WorkspaceFault):
    """Somebody else has, or had, this name in the workspace: what they wrote stands under it."""

    code = "name_taken"


class DocumentRenamed(WorkspaceFault):
    """A document is asked for by a name that it has no more; `name` is the one it has."""

    code = "document_renamed"

    def __init__(self, name: str) -> None:
        super().__init__(f"it is called {name} now")
        self.name = name


class RoomClosed(WorkspaceFault):
    """The room stopped (a fault or a restart); what was not acknowledged must be sent again."""

    code = "no_sequencer"


class LogCorrupt(WorkspaceFault):
    """The log does not verify: a gap, a broken hash chain, or a state that is not reproduced."""

    code = "log_corrupt"


class SegmentCorrupt(LogCorrupt):
    """A packed segment of the log is not what was packed: it cannot be read, or its root is another. `first` is its."""

    code = "segment_corrupt"

    def __init__(self, reason: str, *, first: int) -> None:
        super().__init__(reason)
        self.first = first


class LogNewer(LogCorrupt):
    """A newer Folkmoot has written this log, in a format that this one does not know: nothing of it is used."""

    code = "log_newer"


class RecordUnknown(LogCorrupt):
    """A record is of a kind, or has a field, that this version does not know: it is never half understood.

    `field` is the path of the field in the record's body, empty where the kind itself is unknown.
    """

    code = "record_unknown"

    def __init__(self, *, seq: int, kind: str, field: str = "") -> None:
        what = f"has a field {field!r} that this version does not know" if field else "is of an unknown kind"
        super().__init__(
            f"record {seq}, {kind!r}, {what}: open this log with the version that wrote it, or a newer one"
        )
        self.seq, self.kind, self.field = seq, kind, field


class ReadsFull(WorkspaceFault):
    """One person has so many whole logs read that a further read is refused: wait for those under way."""

    code = "too_many_reads"


class TooMuchWork(WorkspaceFault):
    """One person has had so much done that even waiting is refused: their account, not the server, is used up."""

    code = "too_much_work"


class UploadEnded(WorkspaceFault):
    """Bytes came for an upload that is none any more: it took too long, or its workspace was deleted. Begin again."""

    code = "upload_ended"


class BlobsFull(WorkspaceFault):
    """A file would pass a bound of its workspace or its person: `passed` is "count", "size" or "own"."""

    code = "blobs_full"

    def __init__(self, passed: str) -> None:
        super().__init__(f"there is no room for this file ({passed})")
        self.passed = passed


class EventRefused(WorkspaceFault):
    """The same event made this workspace stop before: it is not carried out again."""

    code = "internal"


class TurnFailed(Exception):
    """The sequencer raised. What is in memory counts no more: the room stops, and opens again from its log."""


class CallRefused(WorkspaceFault):
    """A model call may not be made: `refusal` says why and what the author can do."""

    code = "call_refused"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class DeliveryFault(WorkspaceFault):
    """An effect was not carried out; `may_have_arrived` when nobody can know (the answer was lost)."""

    code = "not_sent"

    def __init__(self, reason: str, *, retry: bool = False, may_have_arrived: bool = False) -> None:
        super().__init__(reason, retry=retry)
        self.may_have_arrived = may_have_arrived


class PlannerFault(WorkspaceFault):
    """The planner's model or tool failed before it could answer."""

    code = "planner_failed"
