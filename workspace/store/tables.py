"""The tables of both databases, as SQLModel tables: what a new database is made from, and a migrated one held against.

The log is append-only and dense per workspace, its older part lies packed in `segment`; the journal holds document
bytes, which records name by number and hash.

Loaded only to make a database or to migrate one: SQLModel is a third of a server's start, and stores write their
statements themselves (`workspace.store.statements`).
"""

from __future__ import annotations

from sqlalchemy import Dialect, LargeBinary, MetaData
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlmodel import Field, Index, SQLModel

from workspace.store.columns import KEY, NUMBER, Number, Words

METADATA = MetaData()
_DIALECTS: dict[str, type[Dialect]] = {"sqlite": SQLiteDialect, "postgresql": PGDialect}


def definition(database: str) -> list[str]:
    """Return the statements that make every table and index on "sqlite" or "postgresql" where it is missing."""
    dialect = _DIALECTS[database]()
    made: list[CreateTable | CreateIndex] = []
    for table in METADATA.sorted_tables:
        made.append(CreateTable(table, if_not_exists=True))
        made += [
            CreateIndex(index, if_not_exists=True) for index in sorted(table.indexes, key=lambda one: str(one.name))
        ]
    return [str(statement.compile(dialect=dialect)).strip() for statement in made]


class Table(SQLModel):
    """What every table of a database is: listed in `METADATA`."""

    metadata = METADATA


class SchemaTable(Table, table=True):
    """The number of the schema of this database: one row, which each migration raises by one."""

    __tablename__ = "schema_version"
    version: int = Field(primary_key=True, sa_type=NUMBER, sa_column_kwargs={"autoincrement": False})


class WorkspaceTable(Table, table=True):
    """One workspace, the epoch of its only legal writer, and whether a server has to open it when it starts.

    `format` is the highest log format of a server that has claimed it: one that does not know it reads nothing.
    """

    __tablename__ = "workspace"
    id: str = Field(primary_key=True, sa_type=KEY)
    name: Words
    created_at: Words
    epoch: Number
    is_busy: bool
    format: Number


class LogTable(Table, table=True):
    """One log record; `body` is its canonical JSON."""

    __tablename__ = "log"
    ws: str = Field(primary_key=True, sa_type=KEY)
    seq: int = Field(primary_key=True, sa_type=NUMBER)
    epoch: Number
    kind: Words
    at: Words
    actor: Words
    body: Words
    prev: Words
    hash: Words


class SegmentTable(Table, table=True):
    """Records `first` to `last`, packed, and the root over their hashes that a checkpoint holds."""

    __tablename__ = "segment"
    ws: str = Field(primary_key=True, sa_type=KEY)
    last: int = Field(primary_key=True, sa_type=NUMBER)
    first: Number
    root: Words
    content: bytes = Field(sa_type=LargeBinary)


class JournalTable(Table, table=True):
    """One document update, raw."""

    __tablename__ = "journal"
    ws: str = Field(primary_key=True, sa_type=KEY)
    jid: int = Field(primary_key=True, sa_type=NUMBER)
    doc: Words
    lane: Words
    actor: Words
    content: bytes = Field(sa_type=LargeBinary)


class SnapshotTable(Table, table=True):
    """The full state of one document after journal row `jid`."""

    __tablename__ = "snapshot"
    ws: str = Field(primary_key=True, sa_type=KEY)
    doc: str = Field(primary_key=True, sa_type=KEY)
    jid: int = Field(primary_key=True, sa_type=NUMBER)
    state: bytes = Field(sa_type=LargeBinary)
    digest: Words


class ArchiveTable(Table, table=True):
    """Words sent to a model or received from one, under their own SHA-256."""

    __tablename__ = "archive"
    ws: str = Field(primary_key=True, sa_type=KEY)
    sha: str = Field(primary_key=True, sa_type=KEY)
    content: bytes = Field(sa_type=LargeBinary)


class LaneTable(Table, table=True):
    """One lane and the hash of the secret that resumes it."""

    __tablename__ = "lane"
    ws: str = Field(primary_key=True, sa_type=KEY)
    lane: str = Field(primary_key=True, sa_type=KEY)
    actor: Words
    secret_hash: Words
    created_at: Words


class InboxTable(Table, table=True):
    """What one actor has acknowledged: all verdicts up to record `upto` but those of the intents in `open`, JSON."""

    __tablename__ = "inbox"
    ws: str = Field(primary_key=True, sa_type=KEY)
    actor: str = Field(primary_key=True, sa_type=KEY)
    upto: Number
    open: Words


class TokenTable(Table, table=True):
    """One key: a token of a workspace or the server, or the session of a `person`; the secret is stored as a hash."""

    __tablename__ = "token"
    __table_args__ = (
        Index("token_by_ws", "ws"),
        Index("token_by_person", "person"),
        Index("token_by_time", "created_at", "id"),
    )
    id: str = Field(primary_key=True, sa_type=KEY)
    ws: str | None = Field(default=None, sa_type=KEY)
    actor: Words
    role: Words
    secret_hash: Words
    expires: float | None = None
    revoked: bool
    created_at: str = Field(sa_type=KEY)
    person: str | None = Field(default=None, sa_type=KEY)
    scope: Words
    label: Words
    used_at: Words
    used_from: Words


class PersonTable(Table, table=True):
    """Somebody known on this server."""

    __tablename__ = "person"
    id: str = Field(primary_key=True, sa_type=KEY)
    name: Words
    colour: Words
    created_at: Words


class MemberTable(Table, table=True):
    """Who a name in a workspace is, and with which role; it stays when they are gone, for the name stays theirs."""

    __tablename__ = "member"
    __table_args__ = (Index("member_by_person", "person"),)
    ws: str = Field(primary_key=True, sa_type=KEY)
    actor: str = Field(primary_key=True, sa_type=KEY)
    person: str = Field(sa_type=KEY)
    role: Words
    gone: bool
    changes: Number
    created_at: Words


class LoginTable(Table, table=True):
    """How a person signs in: by which issuer, and as whom there."""

    __tablename__ = "login"
    __table_args__ = (Index("login_by_person", "person"),)
    issuer: str = Field(primary_key=True, sa_type=KEY)
    subject: str = Field(primary_key=True, sa_type=KEY)
    person: str = Field(sa_type=KEY)
    mail: Words
    created_at: Words


class InvitationTable(Table, table=True):
    """An offer to become a member; the secret is stored as a hash."""

    __tablename__ = "invitation"
    __table_args__ = (Index("invitation_by_ws", "ws"),)
    id: str = Field(primary_key=True, sa_type=KEY)
    ws: str = Field(sa_type=KEY)
    role: Words
    secret_hash: Words
    uses: Number
    used: Number
    expires: float
    revoked: bool
    by_actor: Words
    created_at: str = Field(sa_type=KEY)


class AccessTable(Table, table=True):
    """What happened to somebody's access; it stays when the workspace (`place`) goes."""

    __tablename__ = "access"
    __table_args__ = (Index("access_by_place", "place", "at"),)
    id: str = Field(primary_key=True, sa_type=KEY)
    place: str = Field(sa_type=KEY)
    at: str = Field(sa_type=KEY)
    by_actor: Words
    act: Words
    subject: Words
    detail: Words


class TallyTable(Table, table=True):
    """What is kept of a workspace for who looks at all of them: measured up to `seq` and `jid`; `facts` is JSON."""

    __tablename__ = "tally"
    ws: str = Field(primary_key=True, sa_type=KEY)
    name: Words
    at: Words
    seq: Number
    jid: Number
    log_bytes: Number
    journal_bytes: Number
    snapshot_bytes: Number
    facts: Words


class SwitchTable(Table, table=True):
    """A switch that stops the agent: the server's (`ws` is empty), or an order to a workspace's."""

    __tablename__ = "switch"
    ws: str = Field(primary_key=True, sa_type=KEY)
    is_on: bool
    actor: Words
    at: Words
    reason: Words


class BlobTable(Table, table=True):
    """One file of a workspace under its own SHA-256; of one that is `gone`, why. Two may have one content."""

    __tablename__ = "blob"
    __table_args__ = (Index("blob_by_content", "content"), Index("blob_by_named", "named_at"))
    ws: str = Field(primary_key=True, sa_type=KEY)
    sha: str = Field(primary_key=True, sa_type=KEY)
    content: str = Field(sa_type=KEY)
    size: Number
    media: Words
    created_at: Words
    named_at: float
    gone: Words


class BlobHolderTable(Table, table=True):
    """Who brought a file into a workspace, and what it was called there."""

    __tablename__ = "blob_holder"
    ws: str = Field(primary_key=True, sa_type=KEY)
    sha: str = Field(primary_key=True, sa_type=KEY)
    actor: str = Field(primary_key=True, sa_type=KEY)
    filename: Words
    created_at: Words


class BlobContentTable(Table, table=True):
    """The bytes of files, each under an id of chance; one that is not whole is on its way into `made_in`, a workspace.

    A fork's files have the contents of the original's: a content goes with the last file that has it.
    """

    __tablename__ = "blob_content"
    id: str = Field(primary_key=True, sa_type=KEY)
    made_in: str = Field(sa_type=KEY)
    size: Number
    started: float
    is_whole: bool


class BlobPieceTable(Table, table=True):
    """A piece of a content; all but the last have one size."""

    __tablename__ = "blob_piece"
    content: str = Field(primary_key=True, sa_type=KEY)
    number: int = Field(primary_key=True, sa_type=NUMBER)
    octets: bytes = Field(sa_type=LargeBinary)
