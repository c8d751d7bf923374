"""The ports: `Store`, `Clock`, `Planner`, `Judge`, `EffectSender`, `PlanContext`. All that is outside is behind one.

The room asks a `Planner`; whether that is a model or a parser is nobody's business below the agent floor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from workspace.access import AccessRow, InvitationRow, LoginRow, MemberRow, PersonRow

# Public by this module, as the other values of the ports.
from workspace.access import Joining as Joining
from workspace.access import LaneRow as LaneRow
from workspace.access import PeopleRow as PeopleRow
from workspace.access import TokenRow as TokenRow
from workspace.intents.model.blobs import ROWS_MAX, BlobHolder, BlobQuota, BlobRow, BlobTotals
from workspace.intents.model.calls import Blob, CallClosed, CallOpened, Compared
from workspace.intents.model.effects import Delivery as Delivery
from workspace.intents.model.events import Journaled
from workspace.intents.model.log_format import LOG_FORMAT
from workspace.intents.model.oracle import Item, Judgement, JudgeTask, Merged, MergeTask
from workspace.intents.model.plan import Draft, Proposal, Task
from workspace.intents.model.record import Row
from workspace.intents.model.segment import Segment
from workspace.intents.model.segment import SnapshotRow as SnapshotRow
from workspace.intents.model.stop import SwitchRow as SwitchRow
from workspace.oversight import Oversight

JID_MAX = 2**62
# No actor's name is empty, nor a workspace's.
EVERYBODY = SERVER = ""
JournalRow = Journaled


class Batch(msgspec.Struct, frozen=True):
    """What becomes durable together or not at all. `epoch` fences: a deposed server's batch fails.

    `head` is the last `seq` and `jid` after this batch. It fails where an earlier batch is missing, even one that held
    only rows of the other kind: a record must never be written without the journal rows it names. `is_busy` is kept
    with the workspace (None: as it was): whether something goes on there without anybody connected.
    """

    ws: str
    epoch: int
    rows: tuple[Row, ...] = ()
    journal: tuple[JournalRow, ...] = ()
    snapshots: tuple[SnapshotRow, ...] = ()
    blobs: tuple[Blob, ...] = ()
    head: tuple[int, int] | None = None
    is_busy: bool | None = None


class Taken(msgspec.Struct, frozen=True):
    """A workspace that was claimed: its new epoch, whether something goes on there, and a short log as a whole."""

    epoch: int
    is_busy: bool
    log: tuple[list[Row], list[JournalRow]] | None = None


class WorkspaceRow(msgspec.Struct, frozen=True):
    """One workspace; `epoch` counts the claims of its single writer, `is_busy` is what its last batch said.

    `format` is the highest log format of those who claimed it.
    """

    id: str
    name: str
    created_at: str
    epoch: int = 0
    is_busy: bool = False
    format: int = LOG_FORMAT


class InboxRow(msgspec.Struct, frozen=True):
    """What one actor has acknowledged: every verdict of a record up to `upto`, but not those of the intents in `open`.

    `open` has the newest first, at most 500. The row of `EVERYBODY` is for those who have none of their own: what ended
    before there were inboxes here, or before a fork, waits for nobody.
    """

    ws: str
    actor: str
    upto: int = 0
    open: tuple[str, ...] = ()


class EffectSender(Protocol):
    """Carries effects to receivers of one kind."""

    async def deliver(self, delivery: Delivery) -> str:
        """Deliver, and return what to remember of it.

        Raises:
            workspace.errors.DeliveryFault: it did not work; says whether to try again, and whether it may have arrived.
        """


class Store(Oversight, Protocol):
    """Durable home of logs, journals, lanes and tokens. See `workspace.store` for SQLite, PostgreSQL and memory.

    Raises (all methods): `StoreFault` when the database failed; its text says whether trying again is safe.
    """

    async def open(self) -> None:
        """Open files and connections, with the schema of this version; a second call changes nothing.

        Raises:
            workspace.errors.DatabaseNewer: a newer version has written it; nothing was changed.
        """

    async def close(self) -> None:
        """Flush what was submitted, then close."""

    async def create_workspace(self, row: WorkspaceRow) -> None:
        """Add a workspace. Raises `WorkspaceExists`."""

    async def workspaces(self) -> list[WorkspaceRow]:
        """Return all workspaces, by id."""

    async def workspace(self, id: str) -> WorkspaceRow | None:
        """Return one workspace."""

    async def delete_workspace(self, id: str) -> None:
        """Remove a workspace with everything in it."""

    async def claim(self, ws: str) -> int:
        """Raise the workspace's epoch by one and return it: the caller is the only legal writer from now on.

        Raises:
            workspace.errors.WorkspaceMissing: there is none.
        """

    async def take(self, ws: str, *, short: int) -> Taken:
        """Claim a workspace and say how it stands, with its whole log where neither part has more than `short` rows.

        Raises:
            workspace.errors.WorkspaceMissing: there is none.
        """

    def submit(self, batch: Batch) -> asyncio.Future[None]:
        """Queue a batch; never blocks. The future resolves when it is on disk, in order of submission."""

    async def pack(self, ws: str, epoch: int, segments: Sequence[Segment]) -> int:
        """Move the records of sealed segments, in order, out of the hot log into packed form; return how many segments.

        Only what a durable checkpoint holds may be packed. What is packed already is passed over; reads and `rewrite`
        tell no difference. A store without a packed form does nothing.

        Raises:
            workspace.errors.Deposed: another server owns the workspace.
            workspace.errors.SegmentCorrupt: the rows do not have that root; they stay where they are.
        """

    async def rewrite(self, ws: str, epoch: int, bodies: Mapping[int, str], blobs: Sequence[str]) -> None:
        """Put blanked bodies in place of records and forget parts of the archive (redaction), all or nothing.

        Raises:
            workspace.errors.Deposed: another server owns the workspace.
        """

    async def head(self, ws: str) -> tuple[int, str, int]:
        """Return the last `seq`, its hash (`""` for none) and the last `jid`."""

    async def rows(
        self, ws: str, *, first: int = 1, last: int | None = None, kind: str | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return log rows in ascending order. Raises `SegmentCorrupt` where the packed part is not what it was."""

    async def journal(self, ws: str, *, first: int = 1, last: int | None = None, limit: int = 5000) -> list[JournalRow]:
        """Return journal rows in ascending order."""

    async def blob(self, ws: str, sha: str) -> bytes | None:
        """Return what the archive keeps under a SHA-256 (`sha256:hex`), or None."""

    async def snapshots(self, ws: str, *, jid: int = JID_MAX) -> list[SnapshotRow]:
        """Return the newest snapshot of each document that is not newer than journal row `jid`."""

    async def put_lane(self, row: LaneRow) -> None:
        """Remember a lane."""

    async def lane(self, ws: str, lane: str) -> LaneRow | None:
        """Return one lane."""

    async def put_inbox(self, row: InboxRow, epoch: int) -> None:
        """Remember what an actor has acknowledged.

        Raises:
            workspace.errors.Deposed: another server owns the workspace.
        """

    async def inbox(self, ws: str, actor: str) -> InboxRow:
        """Return what an actor has acknowledged: the own row, else that of `EVERYBODY`, else nothing.

        One indexed read.
        """

    async def put_token(
        self, row: TokenRow, *, noted: AccessRow | None = None, ends: Sequence[str] = (), instead_of: str = ""
    ) -> None:
        """Remember a token, revoke `ends`; its name is a member. Raises `KeyEnded` where that `instead_of` is over."""

    async def token(self, id: str) -> TokenRow | None:
        """Return one key, revoked or not."""

    async def tokens(self, ws: str) -> list[TokenRow]:
        """Return the keys that count in a workspace: its own, the whole server's, its members'; revoked ones too."""

    async def token_mark(self) -> str:
        """Return a text that is another one once any key was made, revoked, given another end, or a member changed."""

    async def revoke(
        self, ws: str, *, actor: str | None = None, token_id: str | None = None, noted: AccessRow | None = None
    ) -> list[str]:
        """Revoke tokens by actor or id; return the ids that were revoked now."""

    async def write_people(self, rows: Sequence[PeopleRow], *, ends: Sequence[str] = ()) -> None:
        """Put rows in the place of those with their keys, and revoke the keys `ends`: all of it, or nothing."""

    async def change_member(self, ws: str, actor: str, role: str | None, noted: AccessRow) -> list[str]:
        """Give a member and all of their tokens there another role, or end both (None); return the tokens' ids."""

    async def join(self, joining: Joining) -> MemberRow:
        """Take up an invitation, all of it or nothing. Raises `InvitationSpent`, `NameTaken`."""

    async def end_invitation(self, id: str, noted: AccessRow) -> None:
        """Take an invitation back; how often it was used stays."""

    async def see(self, seen: Mapping[str, tuple[str, str]]) -> None:
        """Note of keys, by id, when (a timestamp) and from which address they were used last."""

    async def members(self, ws: str) -> list[MemberRow]:
        """Return the members of a workspace by name, those that are gone too."""

    async def memberships(self, person: str) -> list[MemberRow]:
        """Return where a person is, or was, a member, by workspace."""

    async def sessions(self, person: str) -> list[TokenRow]:
        """Return the sessions of a person that were not ended, the oldest first."""

    async def person(self, id: str) -> PersonRow | None:
        """Return one person."""

    async def persons(self, ws: str) -> list[PersonRow]:
        """Return the people who are, or were, members of a workspace."""

    async def logins(self, *, person: str = "", issuer: str = "", subject: str = "") -> list[LoginRow]:
        """Return the ways in which a person signs in, or the one that an issuer and a subject name."""

    async def invitations(self, ws: str = "", id: str = "") -> list[InvitationRow]:
        """Return the invitations to a workspace, the newest first, or the one of an id."""

    async def accesses(self, place: str | None, *, limit: int = 500, before: str = "") -> list[AccessRow]:
        """Return entries of the record of access to a workspace (None: all), the newest first; those `before` one."""

    async def switches(self) -> list[SwitchRow]:
        """Return the server's switch, if it was ever thrown, and the orders that nobody has taken yet, by workspace."""

    async def put_switch(self, row: SwitchRow) -> None:
        """Throw a switch: what is written last stands."""

    async def drop_switch(self, row: SwitchRow) -> None:
        """Forget an order that is in the workspace's log; a later one stays."""

    # ------------------------------------------------------------ files (`workspace.intents.model.blobs`)

    async def begin_upload(self, ws: str, id: str, now: float) -> None:
        """Make room for bytes on their way into a workspace. Raises `WorkspaceMissing`."""

    async def put_piece(self, id: str, number: int, octets: bytes) -> None:
        """Keep the next piece of an upload; on disk when this returns. Raises `UploadEnded`."""

    async def finish_upload(self, row: BlobRow, holder: BlobHolder, quota: BlobQuota) -> tuple[BlobRow, bool]:
        """Make a file of an upload; return it, and whether it is new. Raises `UploadEnded`, `BlobsFull`."""

    async def end_upload(self, id: str) -> None:
        """Forget the bytes of an upload that does not become a file."""

    async def end_uploads(self, before: float) -> int:
        """Forget uploads that began before a moment and never ended; return how many."""

    async def blob_row(self, ws: str, sha: str) -> BlobRow | None:
        """Return one file; also of one that is gone what is known."""

    async def blob_rows(self, ws: str, *, after: str = "", limit: int = ROWS_MAX) -> list[BlobRow]:
        """Return files that are here, by id, those behind `after`."""

    async def holders(self, ws: str, sha: str) -> list[BlobHolder]:
        """Return who brought a file in, the first one first."""

    async def blob_totals(self, ws: str, actor: str = "") -> BlobTotals:
        """Return how much a workspace has, and how much of it one person holds."""

    async def piece(self, content: str, number: int) -> bytes | None:
        """Return a piece of a content, None where there is none any more."""

    async def idle_blobs(self, before: float, limit: int) -> list[tuple[str, str]]:
        """Return workspace and id of files not brought in or found named since a moment, the longest first."""

    async def note_named(self, ws: str, shas: Sequence[str], now: float) -> None:
        """Note that files were found named."""

    async def lose_blobs(self, ws: str, shas: Sequence[str], why: str, *, before: float | None = None) -> list[str]:
        """Take files away, of those found named since `before` none; return which."""

    async def share_blobs(self, ws: str, into: str, shas: Sequence[str], now: float) -> int:
        """Let another workspace have files; no byte is copied. Return how many. Raises `WorkspaceMissing`."""

    async def touch(self) -> None:
        """Make one small change durable, through the same writer as everything else: whether the store writes."""

    async def count_tokens(self) -> int:
        """Return how many tokens were ever made here: zero means first run."""


class Clock(Protocol):
    """Time and chance. Tests advance it by hand; nothing in the kernel reads another clock."""

    def now(self) -> float:
        """Return wall time in unix seconds: for deadlines that survive a restart and for people's eyes."""

    def token(self, size: int) -> str:
        """Return `size` random bytes as lower-case hex."""


class PlanContext(Protocol):
    """What a planner may do with its room while it works on one task."""

    def show(self, draft: Draft) -> None:
        """Show what is being written."""

    def step(self, words: str) -> None:
        """Say in plain words what is being done."""

    def deny(self, *, tool: str, arguments: str, code: str, reason: str, model: str) -> None:
        """Log that code refused a tool call of a model."""

    async def open_call(self, opened: CallOpened, blobs: Sequence[Blob]) -> str:
        """Reserve a model call; it is in the log, on disk, when this returns its id.

        Raises:
            workspace.errors.CallRefused: a budget is used up, or nobody waits for the answer any more.
            workspace.errors.RoomClosed: the room stopped.
        """

    def close_call(self, closed: CallClosed, blobs: Sequence[Blob] = ()) -> None:
        """Log what came of a call."""

    def compare(self, compared: Compared) -> None:
        """Log how a shadow plan compares with the one that served."""

    async def archived(self, sha: str) -> bytes | None:
        """Return what the archive keeps under a SHA-256."""


class Judge(Protocol):
    """Compares instructions, and writes one that serves several. It can only add questions, never take one away."""

    @property
    def name(self) -> str:
        """Name and version, recorded with every judgement."""

    def quick(self, one: Item, other: Item) -> Judgement | None:
        """Return an opinion at once, as a pure function of the two; None when somebody must be asked."""

    async def judge(self, task: JudgeTask, context: PlanContext) -> tuple[Judgement, ...]:
        """Return an opinion on every pair. Raises `PlannerFault` when the judge failed: then the people are asked."""

    async def merge(self, task: MergeTask, context: PlanContext) -> Merged:
        """Return one instruction for all; an empty text where there is no honest middle. Raises `PlannerFault`."""


class Planner(Protocol):
    """Turns one instruction into typed edits, a question, or a refusal, on a fork of the snapshot."""

    @property
    def name(self) -> str:
        """Name and version, recorded in every plan."""

    async def open(self) -> None:
        """Get ready; returns at once, what takes long goes on beside."""

    async def close(self) -> None:
        """Close connections and end what runs beside."""

    async def plan(self, task: Task, context: PlanContext) -> Proposal:
        """Return a proposal; show what is being written by way of `context` meanwhile. May be cancelled at any await.

        Raises:
            workspace.errors.PlannerFault: the model or a tool failed; the sequencer tries again at most twice.
        """
