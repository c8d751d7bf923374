"""The rows of the database, as SQLModel tables. The one place that knows SQLModel.

The log is append-only and dense per workspace, its older part lies packed in `segment`; the journal holds document
bytes, which records name by number and hash. Hot paths write these tables through a raw connection
(`workspace.store.sql`).
"""

from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

SCHEMA_VERSION = 4


class SchemaTable(SQLModel, table=True):
    """The version of the schema in this file: one row."""

    __tablename__ = "schema_version"
    version: int = Field(primary_key=True)


class WorkspaceTable(SQLModel, table=True):
    """One workspace, the epoch of its only legal writer, and whether a server has to open it when it starts."""

    __tablename__ = "workspace"
    id: str = Field(primary_key=True)
    name: str
    created_at: str
    epoch: int = 0
    is_busy: bool = False


class LogTable(SQLModel, table=True):
    """One log record; `body` is its canonical JSON."""

    __tablename__ = "log"
    ws: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    epoch: int
    kind: str
    at: str
    actor: str
    body: str
    prev: str
    hash: str


class SegmentTable(SQLModel, table=True):
    """Records `first` to `last`, packed, and the root over their hashes that a checkpoint holds."""

    __tablename__ = "segment"
    ws: str = Field(primary_key=True)
    last: int = Field(primary_key=True)
    first: int
    root: str
    content: bytes = Field(sa_type=LargeBinary)


class JournalTable(SQLModel, table=True):
    """One document update, raw."""

    __tablename__ = "journal"
    ws: str = Field(primary_key=True)
    jid: int = Field(primary_key=True)
    doc: str
    lane: str
    actor: str
    content: bytes = Field(sa_type=LargeBinary)


class SnapshotTable(SQLModel, table=True):
    """The full state of one document after journal row `jid`."""

    __tablename__ = "snapshot"
    ws: str = Field(primary_key=True)
    doc: str = Field(primary_key=True)
    jid: int = Field(primary_key=True)
    state: bytes = Field(sa_type=LargeBinary)
    digest: str


class ArchiveTable(SQLModel, table=True):
    """Words sent to a model or received from one, under their own SHA-256."""

    __tablename__ = "archive"
    ws: str = Field(primary_key=True)
    sha: str = Field(primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)


class LaneTable(SQLModel, table=True):
    """One lane and the hash of the secret that resumes it."""

    __tablename__ = "lane"
    ws: str = Field(primary_key=True)
    lane: str = Field(primary_key=True)
    actor: str
    secret_hash: str
    created_at: str


class InboxTable(SQLModel, table=True):
    """What one actor has acknowledged: all verdicts up to record `upto` but those of the intents in `open`, JSON."""

    __tablename__ = "inbox"
    ws: str = Field(primary_key=True)
    actor: str = Field(primary_key=True)
    upto: int
    open: str


class TokenTable(SQLModel, table=True):
    """One access token; the secret is stored as a hash."""

    __tablename__ = "token"
    id: str = Field(primary_key=True)
    ws: str | None = Field(default=None, index=True)
    actor: str
    role: str
    secret_hash: str
    expires: float | None = None
    revoked: bool = False
    created_at: str


class SwitchTable(SQLModel, table=True):
    """A switch that stops the agent: the server's (`ws` is empty), or an order to a workspace's."""

    __tablename__ = "switch"
    ws: str = Field(primary_key=True)
    is_on: bool
    actor: str
    at: str
    reason: str
